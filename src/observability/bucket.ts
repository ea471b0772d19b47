/** The room's objects in R2: counters, which outlive the isolates that count. */
import * as z from 'zod';
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document } from '../shared/r2-documents.ts';
import { storeCaller } from '../shared/store.ts';
import { parseStored } from '../shared/stored-json.ts';
import type { Counts } from './counters.ts';

const counts = z.record(z.string(), z.int().nonnegative());

/** Returns the counts that a stored text holds, by series, or an error. */
export const parseCounts = (text: string) => parseStored(counts, text);

/** Returns one of the counter objects. There are several, because R2 takes only one write per second for each key. */
export const counterDocument = (bucket: R2Bucket, platform: Platform, shard: number): Document<Counts> =>
  r2Document(bucket, storeCaller(platform), `counters/${shard}.json`, jsonCodec(parseCounts));
