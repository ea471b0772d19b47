/**
 * The zod schemas of what the calls about machines and profiles return. They type the routes' answers, and the API
 * document is made from them. No I/O.
 */
import * as z from 'zod';
import { config, entryFields, kind } from '../../configs/call-answers.ts';
import { engine } from '../../configs/call-requests.ts';

const moment = z.iso.datetime();

const unreadable = z
  .array(z.object({ id: z.string(), reason: z.string() }))
  .meta({ description: 'what cannot be read, and why; a PUT replaces it, a DELETE deletes it' });

const layeredEntry = z
  .object({ ...entryFields, layer: z.enum(['base', 'user', 'default', 'result']) })
  .meta({ id: 'LayeredEntry' });
const reads = z
  .object({
    version: z.string().meta({ example: '2.24.0' }),
    spec: z.string().meta({ description: 'the newest spec that it reads', example: '3.5.0' }),
    from: z.enum(['machine', 'profile', 'release']).meta({ description: 'what names it' }),
  })
  .meta({ id: 'Reads', description: 'the Ignition that reads the config' });

export const issued = z
  .object({
    id: z.string(),
    profile: z.string().nullable(),
    kind,
    source: z.string().optional().meta({ description: 'what it was written in, where that is not what is served' }),
    generation: z.int(),
    urls: z.object({ ignition: z.string(), cloudConfig: z.string().optional(), ipxe: z.string() }),
    ignition: reads,
    pointer: config.nullable().meta({ description: "for a cloud's user-data field; null while nothing valid boots" }),
    expiresAt: moment.nullable(),
    entries: z.array(layeredEntry),
    replaced: z
      .string()
      .optional()
      .meta({ description: 'why the record that stood here could not be read; all its URLs are dead' }),
  })
  .meta({ id: 'Issued', description: 'what the operator is told once: the URLs hold the capability' });

const machineSummary = z.object({
  id: z.string(),
  profile: z.string().nullable(),
  kind: z.string(),
  generation: z.int(),
  expiresAt: moment.nullable(),
  updatedAt: z.string(),
});

export const machinePage = z.object({
  machines: z.array(machineSummary.meta({ id: 'MachineSummary' })),
  unreadable: unreadable.optional(),
  cursor: z.string().nullable(),
});

const boot = z
  .object({
    at: z.string(),
    what: z.string(),
    status: z.int(),
    reason: z.string().optional(),
    generation: z.int().optional(),
    sha512: z.string().optional(),
    ignition: z.string().optional().meta({ description: "the client's version" }),
    times: z.int().optional().meta({ description: 'how often since the event before; absent: once' }),
  })
  .meta({ id: 'Boot' });

export const machineView = z
  .object({
    id: z.string(),
    profile: z.string().nullable(),
    kind,
    source: z.string().optional(),
    generation: z.int(),
    expiresAt: moment.nullable(),
    channel: z.string(),
    board: z.string(),
    version: z.string(),
    ignition: reads,
    warnings: z.array(z.string()).meta({ description: 'what the last boots show that nobody expects' }),
    createdAt: z.string(),
    updatedAt: z.string(),
    boots: z.array(boot),
  })
  .meta({ id: 'Machine', description: 'the record without its secrets; its last boots and refusals, newest first' });

export const deletion = z.object({ id: z.string(), deletedAt: z.string().nullable() });
export const profileDeletion = z.object({ name: z.string(), deletedAt: z.string().nullable() });

export const explanation = z
  .object({
    id: z.string(),
    generation: z.int(),
    version: z.string(),
    ignition: reads,
    config,
    parts: z.array(z.object({ path: z.string(), layer: z.enum(['base', 'user', 'default']) })),
    layers: z
      .object({ base: z.string().nullable(), user: z.string().nullable(), default: z.string().nullable() })
      .meta({ description: 'the texts that went in; null where there is none' }),
    entries: z.array(layeredEntry),
    source: z.string().nullish(),
    sourceText: z.string().optional(),
  })
  .meta({ id: 'Explanation', description: 'what boots, and which layer set each part' });

export const importResult = z
  .object({
    imported: z.int(),
    skipped: z.int().optional().meta({ description: 'lines that only name a machine which the export could not read' }),
  })
  .meta({ id: 'Imported' });
export const resealed = z
  .object({ looked: z.int(), resealed: z.int(), unreadable, cursor: z.string().nullable() })
  .meta({ id: 'Resealed' });

const profileFields = {
  name: z.string(),
  engine,
  ignition: z.string().nullable().meta({ description: 'the version of Ignition that it names for its machines' }),
  cloudInit: z.enum(['on', 'off']),
  generation: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  hasBase: z.boolean(),
  hasDefault: z.boolean(),
};

export const profileView = z
  .object({ ...profileFields, base: z.string().nullable(), default: z.string().nullable() })
  .meta({ id: 'Profile' });

/** One layer of a profile: its base or its default. */
export const profileText = config;

export const profilePage = z.object({
  profiles: z.array(
    z
      .object({ name: z.string(), engine: z.string(), generation: z.int(), updatedAt: z.string() })
      .meta({ id: 'ProfileSummary' }),
  ),
  unreadable: unreadable.optional(),
  cursor: z.string().nullable(),
});

export const profileChange = z
  .object({
    ...profileFields,
    dryRun: z.boolean(),
    entries: z.array(layeredEntry),
    checked: z.int().meta({ description: 'machines of this profile that were looked at' }),
    breaks: z
      .array(z.object({ id: z.string(), entries: z.array(layeredEntry) }))
      .meta({ description: 'machines that would not boot any more' }),
    unreadable,
    cursor: z.string().nullable().meta({ description: 'there are more machines; a dry run goes on from here' }),
  })
  .meta({ id: 'ProfileChange' });

export type MachineView = z.output<typeof machineView>;
export type MachinePage = z.output<typeof machinePage>;
