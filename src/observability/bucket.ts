/** The room's objects in R2: counters, which outlive the isolates that count, and how far they were by hour. */
import * as z from 'zod';
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document } from '../shared/r2-documents.ts';
import { storeCaller } from '../shared/store.ts';
import { parseStored, storedObject } from '../shared/stored-json.ts';
import type { HourNote } from './activity.ts';
import type { Counts } from './counters.ts';

const counts = z.record(z.string(), z.int().nonnegative());

/** Returns the counts that a stored text holds, by series, or an error. */
export const parseCounts = (text: string) => parseStored(counts, text);

/** Returns one of the counter objects. There are several, because R2 takes only one write per second for each key. */
export const counterDocument = (bucket: R2Bucket, platform: Platform, shard: number): Document<Counts> =>
  r2Document(bucket, storeCaller(platform), `counters/${shard}.json`, jsonCodec(parseCounts));

const activity = {
  ...{ boots: z.int().nonnegative(), failedBoots: z.int().nonnegative(), downloads: z.int().nonnegative() },
  ...{ bytes: z.int().nonnegative(), refusedFiles: z.int().nonnegative(), updates: z.int().nonnegative() },
};
const notes = storedObject({ hours: z.array(storedObject({ at: z.string(), ...activity })) });

/** Returns what a stored text says of the counters by hour, or an error. */
const parseNotes = (text: string) => parseStored(notes, text);

export interface ActivityNotes {
  readonly hours: readonly HourNote[];
}

/** Returns the object that says how far the counters were at the first poll of each hour. */
export const activityDocument = (bucket: R2Bucket, platform: Platform): Document<ActivityNotes> =>
  r2Document(bucket, storeCaller(platform), 'activity.json', jsonCodec(parseNotes));
