/** The stored records of this room: machines, profiles and renderings. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';

/** A machine's id or a profile's name. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** No machine may have these ids, because `/api/machines/export` and `/api/machines/import` are calls. */
export const RESERVED: readonly string[] = ['export', 'import'];

/** The limit in bytes for user data and for a layer of a profile, after gunzip. */
export const TEXT_LIMIT = 1024 * 1024;

/** A text that AES-GCM encrypted under a storage key. `key` is the key's id; `iv` and `data` are base64. */
export const sealed = storedObject({ key: z.string(), iv: z.string(), data: z.string() });

const machine = storedObject({
  id: z.string().regex(NAME),
  /** The first of its profiles; `null` for none. */
  profile: z.string().nullable(),
  /** All of its profiles, in order; absent in records of earlier versions, which have one at most. */
  profiles: z.array(z.string()).optional(),
  /** What goes into its identity layer; absent for nothing. */
  hostname: z.string().nullable().optional(),
  sshAuthorizedKeys: z.array(z.string()).optional(),
  /** What it says for the variables of its profiles, as JSON; absent or `null` for nothing. */
  vars: sealed.nullable().optional(),
  /** The fleet by whose URL it may boot, and by what it is known there; absent or `null` for none. */
  fleet: z.string().nullable().optional(),
  identities: z
    .object({
      mac: z.array(z.string()).default([]),
      uuid: z.array(z.string()).default([]),
      serial: z.array(z.string()).default([]),
      asset: z.array(z.string()).default([]),
    })
    .optional(),
  /** What its metadata service says of it; absent for nothing. */
  attributes: z.record(z.string(), z.string()).optional(),
  /** By which it is found in lists; absent for none. */
  labels: z.record(z.string(), z.string()).optional(),
  kind: z.enum(['ignition', 'cloud-config', 'script', 'none']),
  /** The language that the user data was transpiled from; `null` when it is served as it was written. */
  source: z.enum(['butane', 'ct']).nullable(),
  /** Counts replacements. A machine that is created again after a deletion continues the count. */
  generation: z.int().positive(),
  /** The generation in which what goes into the config last changed; absent in records of earlier versions. */
  configGeneration: z.int().positive().optional(),
  /** A random text. A capability of another epoch is revoked. */
  epoch: z.string(),
  /** The random text of the newest capability. Older capabilities of the same epoch stay valid. */
  nonce: z.string(),
  /** When the newest capability expires, in seconds since 1970; 0 means never. */
  expiry: z.int().nonnegative(),
  /** `channel`, `board` and `version` name the release that iPXE boots. */
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  /** What the operator adds to the kernel's command line; absent for nothing. */
  kernelArgs: z.array(z.string()).optional(),
  /** The version of Ignition that the operator has named for the machine; absent or `null` for that of its release. */
  ignition: z.string().nullable().optional(),
  /** The version of Ignition of its release when the record was written. */
  shipped: z.string().optional(),
  /** Its config is for one boot; absent: for any number. */
  once: z.boolean().optional(),
  /** Seconds after arming for which its URLs answer; absent or `null`: always. */
  window: z.int().positive().nullable().optional(),
  /** A random text for each time that it was armed, and when that was; absent where it never was. */
  arming: z.string().optional(),
  armedAt: z.string().optional(),
  /**
   * The last URLs that were given out in this epoch, oldest first, by the nonce of each, and the number of the first of the epoch; absent in
   * records of earlier versions. `expiry` as above.
   */
  urls: storedObject({
    epoch: z.string(),
    from: z.int(),
    list: z.array(storedObject({ number: z.int(), nonce: z.string(), at: z.string(), expiry: z.int() })),
  }).optional(),
  /** Nonces of URLs that were ended one by one. A new epoch ends all, and needs none of them. */
  revoked: z.array(z.string()).optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Set in a tombstone: the machine's capabilities answer 410 for ever. */
  deletedAt: z.string().nullable(),
  /** The text that boots; `null` when there is none. */
  userData: sealed.nullable(),
  /** The text that the user data was transpiled from; `null` when there is none. */
  sourceText: sealed.nullable(),
});

const profile = storedObject({
  name: z.string().regex(NAME),
  engine: z.enum(['ignition', 'legacy']),
  /** The version of Ignition that the operator has named for its machines; absent or `null` for that of their release. */
  ignition: z.string().nullable().optional(),
  /** `off`: its machines' cloud-configs are not fetched for them. Absent means on. */
  cloudInit: z.enum(['on', 'off']).optional(),
  /** True: its machines write their metadata to /run/metadata/flatcar. */
  metadataUnit: z.boolean().optional(),
  /** What the kernels of its machines get; absent for nothing. */
  kernelArgs: z.array(z.string()).optional(),
  /** The variables that its layers may hold, with their defaults, as JSON; absent or `null` for none. */
  vars: sealed.nullable().optional(),
  generation: z.int().positive(),
  createdAt: z.string(),
  updatedAt: z.string(),
  deletedAt: z.string().nullable(),
  base: sealed.nullable(),
  default: sealed.nullable(),
  /** What its layers were written in, as JSON; absent or `null` where all were written as Ignition. */
  sources: sealed.nullable().optional(),
  /** The generation in which each part last changed; absent in records of earlier versions. */
  changed: storedObject({ base: z.int(), default: z.int(), settings: z.int() }).optional(),
});

export type Sealed = Readonly<z.output<typeof sealed>>;
export type Machine = Readonly<z.output<typeof machine>>;
export type Profile = Readonly<z.output<typeof profile>>;

/** Returns the machine that a stored text holds, or an error. */
export const parseMachine = (text: string) => parseStored(machine, text);

/** Returns the profile that a stored text holds, or an error. */
export const parseProfile = (text: string) => parseStored(profile, text);

const texts = z.record(z.string(), z.string());
const textsOrNone = z.record(z.string(), z.string().nullable());

/** Returns the values that a machine's unsealed variables hold, or an error. */
export const parseVars = (text: string) => parseStored(texts, text);

/** Returns the defaults that a profile's unsealed variables hold, or an error. */
export const parseDeclared = (text: string) => parseStored(textsOrNone, text);

/** Returns the sealed text that a stored rendering holds, or an error. */
export const parseSealed = (text: string) => parseStored(sealed, text);

/** Returns the names of a machine's profiles, in order. */
export const profilesOf = ({ profile, profiles }: Pick<Machine, 'profile' | 'profiles'>): readonly string[] =>
  profiles ?? (profile === null ? [] : [profile]);

/** Returns the summary of a machine. No name of a profile holds a comma. */
export const machineSummary = (machine: Machine): Readonly<Record<string, string>> => ({
  generation: String(machine.generation),
  config: String(machine.configGeneration ?? machine.generation),
  epoch: machine.epoch,
  profile: profilesOf(machine).join(),
  ...((machine.fleet ?? null) === null ? {} : { fleet: machine.fleet ?? '' }),
  ...(Object.keys(machine.labels ?? {}).length === 0 ? {} : { labels: JSON.stringify(machine.labels) }),
  kind: machine.kind,
  boots: `${machine.channel}/${machine.board}/${machine.version}`,
  expiry: String(machine.expiry),
  updated: machine.updatedAt,
  deleted: machine.deletedAt ?? '',
  key: (machine.userData ?? machine.vars)?.key ?? '',
});

/** Returns the generation in which a part of a profile last changed, as far as the record tells. */
export const changedIn = ({ changed, generation }: Profile, part: 'base' | 'default' | 'settings'): number =>
  changed?.[part] ?? generation;

/** Returns the summary of a profile. */
export const profileSummary = (record: Profile): Readonly<Record<string, string>> => ({
  generation: String(record.generation),
  engine: record.engine,
  updated: record.updatedAt,
  deleted: record.deletedAt ?? '',
  changed: [changedIn(record, 'base'), changedIn(record, 'default'), changedIn(record, 'settings')].join(' '),
  key: (record.base ?? record.default ?? record.vars)?.key ?? '',
});

/** Returns the associated data of a sealed text. A text of another machine or of another generation is not opened. */
export const machineContext = (
  { id, generation }: Pick<Machine, 'id' | 'generation'>,
  field: 'userData' | 'sourceText' | 'vars',
) => `machine:${id}:${generation}:${field}`;

/** Returns the associated data of a sealed layer of a profile. */
export const profileContext = (
  { name, generation }: Pick<Profile, 'name' | 'generation'>,
  layer: 'base' | 'default' | 'vars' | 'sources',
) => `profile:${name}:${generation}:${layer}`;

/** Returns the associated data of a sealed rendering. */
export const renderingContext = (id: string, sha512: string) => `rendering:${id}:${sha512}`;
