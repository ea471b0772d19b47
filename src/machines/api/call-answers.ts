/**
 * The zod schemas of what the calls about machines and profiles return. They type the routes' answers, and the API
 * document is made from them. No I/O.
 */
import * as z from 'zod';
import { config, entryFields, kind } from '../../configs/call-answers.ts';
import { MACHINE_STATES } from '../boot/state.ts';

export const moment = z.iso.datetime();

export const unreadable = z
  .array(z.object({ id: z.string(), reason: z.string() }))
  .meta({ description: 'what cannot be read, and why; a PUT replaces it, a DELETE deletes it' });
export const cursor = z.string().nullable().meta({ description: 'where the next page begins; null at the end' });
export const dryRun = z.boolean().meta({ description: 'true: nothing was stored' });

export const layeredEntry = z
  .object({
    ...entryFields,
    layer: z.string(),
    of: z
      .string()
      .optional()
      .meta({ description: 'the path or the name of what an error of the result is about', example: '/etc/motd' }),
  })
  .meta({ id: 'LayeredEntry' });
const reads = z
  .object({
    version: z.string().meta({ example: '2.24.0' }),
    spec: z.string().meta({ description: 'the newest spec that it reads', example: '3.5.0' }),
    from: z.enum(['machine', 'profile', 'release']).meta({ description: 'what names it' }),
  })
  .meta({ id: 'Reads', description: 'the Ignition that reads the config' });

const named = z.string().nullable().meta({ description: 'the version of Ignition that it names itself' });

const profileNames = {
  profile: z.string().nullable().meta({ description: 'the first of its profiles' }),
  profiles: z.array(z.string()).meta({ description: 'in the order in which their bases are merged' }),
};
const vars = z.record(z.string(), z.string()).meta({ description: 'its values for the variables of its profiles' });
/** Names and generations of profiles, each by comma. */
const madeOf = {
  profile: z.string().optional().meta({ description: 'the profiles that went in, by comma' }),
  profileGeneration: z
    .union([z.int(), z.string()])
    .optional()
    .meta({ description: 'its generation; of several profiles their generations, by comma' }),
};

export const issued = z
  .object({
    id: z.string(),
    ...profileNames,
    hostname: z.string().nullable(),
    kind,
    source: z.string().optional().meta({ description: 'what it was written in, where that is not what is served' }),
    generation: z.int(),
    urls: z
      .object({
        ignition: z.string(),
        cloudConfig: z.string().optional(),
        ipxe: z
          .string()
          .meta({ description: 'the script; so are `grub` and `pxelinux`, at BOOT_URL where that is set' }),
        grub: z.string(),
        pxelinux: z.string(),
        metadata: z.string().meta({ description: "where a proxy for a cloud's own clients leads (docs/booting.md)" }),
      })
      .nullable()
      .meta({ description: 'null in a dry run' }),
    ignition: named,
    kernelArgs: z.array(z.string()),
    reads,
    pointer: config.nullable().meta({ description: "for a cloud's user-data field; null while nothing valid boots" }),
    expiresAt: moment.nullable(),
    entries: z.array(layeredEntry),
    warnings: z.array(z.string()).meta({ description: 'what the write has taken away' }),
    isChanged: z.boolean().meta({ description: 'false: all of it was stored already, and nothing was written' }),
    dryRun,
    replaced: z
      .string()
      .optional()
      .meta({ description: 'why the record that stood here could not be read; all its URLs are dead' }),
  })
  .meta({ id: 'Issued', description: 'what the operator is told once: the URLs hold the capability' });

const lastBoot = z
  .object({
    at: z.string(),
    what: z.string(),
    status: z.int(),
    reason: z.string().optional(),
    sha512: z.string().optional().meta({ description: 'of the body that was served' }),
    ignition: z.string().optional().meta({ description: "the client's version" }),
    generation: z.int().optional(),
    ...madeOf,
  })
  .meta({ id: 'LastBoot', description: 'the last request for a config' });

const bootState = {
  state: z.enum(MACHINE_STATES).meta({
    description:
      '`stale`: booted, but not with what it would boot now; `failing`: the last request for a config got none',
  }),
  lastBoot: lastBoot.nullable(),
  isCurrent: z
    .boolean()
    .nullable()
    .meta({ description: 'the last boot is what it would boot now; null: never booted' }),
};

const machineSummary = z.object({
  id: z.string(),
  ...profileNames,
  labels: z.record(z.string(), z.string()),
  fleet: z.string().nullable(),
  kind: z.string(),
  generation: z.int(),
  expiresAt: moment.nullable(),
  updatedAt: z.string(),
  ...bootState,
});

export const machinePage = z.object({
  items: z.array(machineSummary.meta({ id: 'MachineSummary' })),
  unreadable: unreadable.optional(),
  cursor,
});

export const machineCounts = z.object({
  counts: z.record(z.enum(MACHINE_STATES), z.int()).meta({ description: 'how many machines are in each state' }),
  unreadable: unreadable.optional(),
  cursor,
});

const boot = z
  .object({
    at: z.string(),
    what: z.string(),
    status: z.int(),
    reason: z.string().optional(),
    detail: z.string().optional().meta({ description: 'why, in words' }),
    generation: z.int().optional(),
    ...madeOf,
    sha512: z.string().optional(),
    ignition: z.string().optional().meta({ description: "the client's version" }),
    times: z.int().optional().meta({ description: 'how often since the event before; absent: once' }),
  })
  .meta({ id: 'Boot' });

export const machineView = z
  .object({
    id: z.string(),
    ...profileNames,
    hostname: z.string().nullable(),
    sshAuthorizedKeys: z.array(z.string()),
    attributes: z.record(z.string(), z.string()),
    labels: z.record(z.string(), z.string()),
    fleet: z.string().nullable(),
    mac: z.array(z.string()),
    uuid: z.string().nullable(),
    serial: z.string().nullable(),
    asset: z.string().nullable(),
    once: z.boolean(),
    window: z.int().nullable(),
    armedAt: moment.nullable().meta({ description: 'when a machine with once or window was opened for a boot' }),
    handedOutAt: moment.nullable().meta({ description: 'when a config with once left for the first time since' }),
    doneAt: moment.nullable().meta({ description: 'when the machine has called `/done`' }),
    vars: z
      .record(z.string(), z.string().nullable())
      .meta({ description: 'its values for the variables of its profiles; null for who may only read' }),
    kind,
    source: z.string().optional(),
    generation: z.int(),
    expiresAt: moment.nullable(),
    channel: z.string(),
    board: z.string(),
    version: z.string(),
    ignition: named,
    kernelArgs: z.array(z.string()),
    reads,
    userData: z
      .object({ bytes: z.int(), sha512: z.string() })
      .nullable()
      .meta({ description: 'of the user data as it was written; null: none' }),
    ...bootState,
    warnings: z.array(z.string()).meta({ description: 'what the last boots show that nobody expects' }),
    createdAt: z.string(),
    updatedAt: z.string(),
    boots: z.array(boot),
  })
  .meta({ id: 'Machine', description: 'the record without its secrets; its last boots and refusals, newest first' });

export const deletion = z.object({ id: z.string(), deletedAt: z.string().nullable(), dryRun });

export const explanation = z
  .object({
    id: z.string(),
    generation: z.int(),
    profile: z.string().nullable(),
    profileGeneration: z.int().nullable(),
    profiles: z.array(z.object({ name: z.string(), generation: z.int() })),
    vars,
    valid: z.boolean().meta({ description: 'false: the layers do not merge; `entries` say why, each with its layer' }),
    error: z.string().nullable().meta({ description: 'the first error, with its layer; null where it is valid' }),
    version: z.string().nullable(),
    ignition: named,
    kernelArgs: z
      .array(z.string())
      .meta({ description: 'what the kernel gets: those of the profile, then those of the machine' }),
    reads,
    config: config.nullable(),
    sha512: z.string().nullable().meta({ description: 'of what its newest URL gives now' }),
    parts: z.array(z.object({ path: z.string(), layer: z.string() })),
    layers: z
      .record(z.string(), z.string().nullable())
      .meta({ description: 'the texts as they are stored, by layer: `base:web`, `identity`, `user`, `default:web`' }),
    entries: z.array(layeredEntry),
    warnings: z.array(z.string()).meta({ description: 'what is known of its last boot that differs from this' }),
    source: z.string().nullish(),
    sourceText: z.string().optional(),
  })
  .meta({ id: 'Explanation', description: 'what boots, and which layer set each part' });

export const urlList = z.object({
  items: z.array(
    z
      .object({
        number: z.int().meta({ description: 'counts the URLs of this machine' }),
        at: z.iso.datetime().meta({ description: 'when it was given out' }),
        expiresAt: z.iso.datetime().nullable(),
        state: z.enum(['live', 'ended', 'revoked']),
      })
      .meta({ id: 'MachineUrl', description: 'a URL of a machine; the URL itself is told when it is given out' }),
  ),
  hasOlder: z.boolean().meta({ description: 'older ones may still answer: `revoke` of POST …/token ends all' }),
  cursor: z.null(),
});

export const revokedUrl = z.object({ id: z.string(), number: z.int(), dryRun }).meta({ id: 'RevokedUrl' });

export const preview = z
  .object({
    id: z.string(),
    valid: z.boolean().meta({ description: 'false: the layers do not merge; `entries` say why, each with its layer' }),
    error: z.string().nullable(),
    entries: z.array(layeredEntry),
    config: config.nullable().meta({ description: 'its own URL in it stands for the one that it asks' }),
  })
  .meta({ id: 'Preview', description: 'what a machine would boot' });

export const booted = z
  .object({
    id: z.string(),
    at: z.iso.datetime().meta({ description: 'when it got this config for the first time' }),
    what: z.string().meta({ description: 'ignition; frozen: by a pointer' }),
    generation: z.int(),
    sha512: z.string().meta({ description: 'of what it got' }),
    config: config.meta({ description: 'its own URL in it stands for the one that it asked' }),
  })
  .meta({ id: 'Booted', description: 'the config that a machine got last' });

export const importResult = z
  .object({
    imported: z.int(),
    skipped: z.int().optional().meta({ description: 'lines that only name a machine which the export could not read' }),
    dryRun,
  })
  .meta({ id: 'Imported' });
export const resealed = z
  .object({ looked: z.int(), resealed: z.int(), unreadable, cursor, dryRun })
  .meta({ id: 'Resealed' });

export type MachineView = z.output<typeof machineView>;
export type MachinePage = z.output<typeof machinePage>;
