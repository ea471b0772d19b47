/** The room's part of R2: counters that outlive the isolates that count. */
import * as z from 'zod';
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { orUnreadable, storeCaller } from '../shared/store.ts';
import { parseStored } from '../shared/stored-json.ts';
import type { Counts } from './counters.ts';

const counts = z.record(z.string(), z.int().nonnegative());

/** One of the counter objects; isolates are spread over them, for R2 takes one write a second a key. */
export function counterDocument(bucket: R2Bucket, platform: Platform, shard: number): Document<Counts> {
  const reach = storeCaller(platform);
  const key = `counters/${shard}.json`;
  return {
    read: () =>
      reach('read counters', async () => {
        const object = await bucket.get(key);
        if (object === null) return undefined;
        return { value: orUnreadable(parseStored(counts, await object.text())), etag: object.etag };
      }),
    write: (value, replacing) =>
      reach('write counters', async () => {
        const onlyIf = replacing === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: replacing };
        const httpMetadata = { contentType: 'application/json' };
        return (await bucket.put(key, JSON.stringify(value), { onlyIf, httpMetadata }))?.etag;
      }),
  };
}
