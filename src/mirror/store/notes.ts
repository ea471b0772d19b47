/**
 * The mirror's notes, one small record: the last sweep and keyring refresh, the jobs that downloads started, and the
 * last answer of upstream for each stream. No I/O.
 */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';

const notesSchema = storedObject({
  keyringRefreshedAt: z.iso.datetime().optional(),
  sweptAt: z.iso.datetime().optional(),
  /** The jobs that downloads started: how many on this day (UTC), and the last of them. */
  demand: storedObject({
    day: z.string(),
    count: z.number().int(),
    channel: z.string(),
    board: z.string(),
    version: z.string(),
  }).optional(),
  /** By entry of MIRROR: when the poll last read a verified version.txt, and the fault if the last try failed. */
  upstream: z
    .record(
      z.string(),
      storedObject({
        seenAt: z.iso.datetime().optional(),
        /** The reason code of the fault; `detail` says it in words. */
        fault: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .default({}),
});

export type MirrorNotes = Readonly<z.output<typeof notesSchema>>;

export const NO_NOTES: MirrorNotes = { upstream: {} };

/** Parses the stored notes; malformed ones are an error. */
export const parseNotes = (text: string): Result<MirrorNotes, Malformed> => parseStored(notesSchema, text);
