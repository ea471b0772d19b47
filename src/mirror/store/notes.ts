/** What the mirror remembers between its runs, in one small object: sweeps, keyring refreshes, demand, upstream's word. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';

const notesSchema = storedObject({
  keyringRefreshedAt: z.iso.datetime().optional(),
  sweptAt: z.iso.datetime().optional(),
  /** Jobs that strangers' downloads started: the day's count, and the last one. */
  demand: storedObject({
    day: z.string(),
    count: z.number().int(),
    channel: z.string(),
    board: z.string(),
    version: z.string(),
  }).optional(),
  /** By entry of MIRROR: when the poll last had upstream's verified word, and what has stood in the way since. */
  upstream: z
    .record(
      z.string(),
      storedObject({
        seenAt: z.iso.datetime().optional(),
        /** The code of what stands in the way, and the same in words. */
        fault: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .default({}),
});

export type MirrorNotes = Readonly<z.output<typeof notesSchema>>;

export const NO_NOTES: MirrorNotes = { upstream: {} };

/** The stored notes; anything else in their place is an error. */
export const parseNotes = (text: string): Result<MirrorNotes, Malformed> => parseStored(notesSchema, text);
