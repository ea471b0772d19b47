/** The terms of this room: machines, profiles, and how their records are stored. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';

/** A machine's or a profile's name. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** These would be calls, not machines. */
export const RESERVED: readonly string[] = ['export', 'import'];

/** User data and profiles, once their gzip is off. */
export const TEXT_LIMIT = 1024 * 1024;

/** What is encrypted under a storage key: AES-GCM, everything but the key's id in base64. */
const sealed = storedObject({ key: z.string(), iv: z.string(), data: z.string() });

const machine = storedObject({
  id: z.string().regex(NAME),
  profile: z.string().nullable(),
  kind: z.enum(['ignition', 'cloud-config', 'script', 'none']),
  /** What the user data was written in, where that is not what it is served as. */
  source: z.enum(['butane', 'ct']).nullable(),
  /** Counts replacements; a deleted machine's number goes on where it was. */
  generation: z.int().positive(),
  /** Random; a capability of another epoch is revoked. */
  epoch: z.string(),
  /** The newest capability's; older ones of the epoch stay good. */
  nonce: z.string(),
  /** Seconds since 1970 at which the newest capability ends; 0: never. */
  expiry: z.int().nonnegative(),
  /** What iPXE boots. */
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** A tombstone: the capabilities answer 410 for ever. */
  deletedAt: z.string().nullable(),
  /** The text that boots, `null` where there is none. */
  userData: sealed.nullable(),
  /** The text it was made from. */
  sourceText: sealed.nullable(),
});

const profile = storedObject({
  name: z.string().regex(NAME),
  engine: z.enum(['ignition', 'legacy']),
  generation: z.int().positive(),
  createdAt: z.string(),
  updatedAt: z.string(),
  deletedAt: z.string().nullable(),
  base: sealed.nullable(),
  default: sealed.nullable(),
});

export type Sealed = Readonly<z.output<typeof sealed>>;
export type Machine = Readonly<z.output<typeof machine>>;
export type Profile = Readonly<z.output<typeof profile>>;

/** A stored machine; anything else in its place is an error. */
export const parseMachine = (text: string) => parseStored(machine, text);

/** A stored profile; anything else in its place is an error. */
export const parseProfile = (text: string) => parseStored(profile, text);

/** A stored rendering: what was sealed, and nothing else. */
export const parseSealed = (text: string) => parseStored(sealed, text);

/** What a `head` or a listing tells of a machine. */
export const machineSummary = (machine: Machine): Readonly<Record<string, string>> => ({
  generation: String(machine.generation),
  epoch: machine.epoch,
  profile: machine.profile ?? '',
  kind: machine.kind,
  expiry: String(machine.expiry),
  updated: machine.updatedAt,
  deleted: machine.deletedAt ?? '',
  key: machine.userData?.key ?? '',
});

/** What a `head` or a listing tells of a profile. */
export const profileSummary = (record: Profile): Readonly<Record<string, string>> => ({
  generation: String(record.generation),
  engine: record.engine,
  updated: record.updatedAt,
  deleted: record.deletedAt ?? '',
  key: (record.base ?? record.default)?.key ?? '',
});

/** Binds what is encrypted to where it belongs: another machine's, or an older one, does not open. */
export const machineContext = (
  { id, generation }: Pick<Machine, 'id' | 'generation'>,
  part: 'userData' | 'sourceText',
) => `machine:${id}:${generation}:${part}`;

export const profileContext = ({ name, generation }: Pick<Profile, 'name' | 'generation'>, part: 'base' | 'default') =>
  `profile:${name}:${generation}:${part}`;

export const renderingContext = (id: string, sha512: string) => `rendering:${id}:${sha512}`;
