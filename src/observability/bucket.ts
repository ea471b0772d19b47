/** The room's part of R2: counters that outlive the isolates that count. */
import * as z from 'zod';
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document } from '../shared/r2-documents.ts';
import { storeCaller } from '../shared/store.ts';
import { parseStored } from '../shared/stored-json.ts';
import type { Counts } from './counters.ts';

const counts = z.record(z.string(), z.int().nonnegative());

/** Stored counts by series. */
export const parseCounts = (text: string) => parseStored(counts, text);

/** One of the counter objects; isolates are spread over them, for R2 takes one write a second a key. */
export const counterDocument = (bucket: R2Bucket, platform: Platform, shard: number): Document<Counts> =>
  r2Document(bucket, storeCaller(platform), `counters/${shard}.json`, jsonCodec(parseCounts));
