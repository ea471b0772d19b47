/**
 * The waiting rooms of fleets in R2, and how many machines each took in in an hour. A waiting machine is an object without a body,
 * `waiting/{fleet}/{key}`, whose metadata says what it claims; nothing depends on it.
 */
import type { Platform } from '../../shared/platform.ts';
import { compareAndSet } from '../../shared/r2-documents.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';

/** What is told of a waiting machine. */
export type WaitingFields = Readonly<Record<string, string>>;

export interface WaitingItem {
  readonly key: string;
  readonly fields: WaitingFields;
}

export interface WaitingStore {
  write(fleet: string, key: string, fields: WaitingFields): Promise<Result<undefined, StoreFault>>;
  /** Returns the first `limit` of them, in the order of their keys. */
  list(fleet: string, limit: number): Promise<Result<readonly WaitingItem[], StoreFault>>;
  remove(fleet: string, keys: readonly string[]): Promise<Result<undefined, StoreFault>>;
  /** Returns how many machines a fleet has taken in in an hour, and the etag of the count. */
  enrolled(
    fleet: string,
    hour: string,
  ): Promise<Result<{ readonly count: number; readonly etag: string | undefined }, StoreFault>>;
  /** Counts one more, if the count is still what was read. Returns false when another was first. */
  countEnrolled(
    fleet: string,
    hour: string,
    count: number,
    replacing: string | undefined,
  ): Promise<Result<boolean, StoreFault>>;
}

const ANSWER_WITHIN_MS = 2_300;

/** Returns the store on an R2 bucket. */
export function waitingBucket(bucket: R2Bucket, platform: Platform): WaitingStore {
  const reach = storeCaller(platform, ANSWER_WITHIN_MS);
  const keyOf = (fleet: string, key: string) => `waiting/${fleet}/${key}`;
  const counterOf = (fleet: string, hour: string) => `enrolled/${fleet}/${hour}.json`;
  return {
    write: (fleet, key, fields) =>
      reach('write waiting', async () => {
        await bucket.put(keyOf(fleet, key), '', { customMetadata: { ...fields } });
        return undefined;
      }),
    list: (fleet, limit) =>
      reach('list waiting', async () => {
        const prefix = keyOf(fleet, '');
        const listed = await bucket.list({ prefix, limit, include: ['customMetadata'] });
        return listed.objects.map(({ key, customMetadata }) => ({
          key: key.slice(prefix.length),
          fields: customMetadata ?? {},
        }));
      }),
    remove: (fleet, keys) =>
      reach('delete waiting', async () => {
        await bucket.delete(keys.map((key) => keyOf(fleet, key)));
        return undefined;
      }),
    enrolled: (fleet, hour) =>
      reach('read enrolled', async () => {
        const object = await bucket.head(counterOf(fleet, hour));
        return { count: Number(object?.customMetadata?.['count'] ?? 0), etag: object?.etag };
      }),
    countEnrolled: (fleet, hour, count, replacing) =>
      reach('write enrolled', async () => {
        const metadata = { customMetadata: { count: String(count) } };
        const body = JSON.stringify({ count });
        return (await compareAndSet(bucket, counterOf(fleet, hour), body, replacing, metadata)) !== undefined;
      }),
  };
}
