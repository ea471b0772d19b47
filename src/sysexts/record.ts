/** The record of a catalogue: its signed list, the files of it that are mirrored, and how the last look went. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../shared/stored-json.ts';

const file = storedObject({
  /** The R2 key of the object that was checked; with its etag it names exactly those bytes. */
  key: z.string(),
  etag: z.string(),
  size: z.int(),
  sha256: z.string(),
  sha512: z.string(),
  addedAt: z.iso.datetime(),
});

const record = storedObject({
  /** SHA256SUMS and its signature, to the byte, in base64; empty while nothing is published. */
  sums: z.string(),
  signature: z.string(),
  signedBy: z.string().nullable(),
  /** When the list was signed: an older one is not taken. */
  signedAt: z.iso.datetime().nullable(),
  publishedAt: z.iso.datetime().nullable(),
  files: z.record(z.string(), file),
  /** What was copied for the next list and is not named yet: a run that failed leaves it to the next one. */
  copied: z.record(z.string(), file).default({}),
  /** Objects that are no longer named, and since when: somebody may be downloading them. */
  left: z.array(storedObject({ key: z.string(), at: z.iso.datetime() })),
  /** Counts the runs; only the last one may publish. */
  run: z.int(),
  isRunning: z.boolean(),
  heartbeatAt: z.iso.datetime(),
  /** When a run last ended well, and why the last one did not. */
  checkedAt: z.iso.datetime().nullable(),
  fault: z.string().nullable(),
});

export type SysextRecord = Readonly<z.output<typeof record>>;
export type SysextFile = Readonly<z.output<typeof file>>;

/** Returns the record that a stored text holds, or an error. */
export const parseSysexts = (text: string) => parseStored(record, text);

/** Returns the record of a catalogue at which nobody has looked. */
export const noSysexts = (now: string): SysextRecord => ({
  ...{ sums: '', signature: '', signedBy: null, signedAt: null, publishedAt: null, files: {}, copied: {}, left: [] },
  ...{ run: 0, isRunning: false, heartbeatAt: now, checkedAt: null, fault: null },
});

const DEAD_MS = 15 * 60_000;
const AGAIN_MS = 3_600_000;

/** True where it is time to look: an hour after the last look, or when the last run has died. */
export function isDue({ isRunning, heartbeatAt, run }: SysextRecord, now: number): boolean {
  const since = now - Date.parse(heartbeatAt);
  return run === 0 || since > (isRunning ? DEAD_MS : AGAIN_MS);
}
