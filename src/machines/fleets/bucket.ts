/**
 * The waiting rooms of fleets in R2, and which machines each took in in an hour. A waiting machine is an object without a body,
 * `waiting/{fleet}/{key}`, whose metadata says what it claims; nothing depends on it. A machine that is taken in is an object of its
 * own, `enrolled/{fleet}/{hour}/{id}`: R2 takes one write a second to a key, and a room is powered on at once.
 */
import type { Platform } from '../../shared/platform.ts';
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
  read(fleet: string, key: string): Promise<Result<WaitingFields | undefined, StoreFault>>;
  /** Returns the first `limit` of them, in the order of their keys. */
  list(fleet: string, limit: number): Promise<Result<readonly WaitingItem[], StoreFault>>;
  remove(fleet: string, keys: readonly string[]): Promise<Result<undefined, StoreFault>>;
  /** Counts a machine of an hour, however often it asks. Returns false where `limit` others came before it. */
  count(fleet: string, hour: string, id: string, limit: number): Promise<Result<boolean, StoreFault>>;
  /** Takes back what was counted. */
  uncount(fleet: string, hour: string, id: string): Promise<Result<undefined, StoreFault>>;
  /** Removes some of what earlier hours have left. */
  clearBefore(fleet: string, hour: string): Promise<Result<undefined, StoreFault>>;
}

const ANSWER_WITHIN_MS = 2_300;
/** Longer than the moment, a millisecond, that R2 tells of an object. A timer may end up to one early. */
const MOMENT_MS = 3;

/** Returns the store on an R2 bucket. */
export function waitingBucket(bucket: R2Bucket, platform: Platform): WaitingStore {
  const reach = storeCaller(platform, ANSWER_WITHIN_MS);
  const keyOf = (fleet: string, key: string) => `waiting/${fleet}/${key}`;
  const counted = (fleet: string, hour: string, id: string) => `enrolled/${fleet}/${hour}/${id}`;
  /** R2 may give fewer than it was asked for, and says that there are more. */
  const listAll = async (options: R2ListOptions, limit: number): Promise<R2Object[]> => {
    const objects: R2Object[] = [];
    for (let cursor: string | undefined; objects.length < limit; ) {
      const most = Math.min(1000, limit - objects.length);
      const page = await bucket.list({ ...options, limit: most, ...(cursor === undefined ? {} : { cursor }) });
      objects.push(...page.objects);
      if (!page.truncated) break;
      cursor = page.cursor;
    }
    return objects;
  };
  return {
    write: (fleet, key, fields) =>
      reach('write waiting', async () => {
        await bucket.put(keyOf(fleet, key), '', { customMetadata: { ...fields } });
        return undefined;
      }),
    read: (fleet, key) =>
      reach('head waiting', async () => {
        const object = await bucket.head(keyOf(fleet, key));
        return object === null ? undefined : (object.customMetadata ?? {});
      }),
    list: (fleet, limit) =>
      reach('list waiting', async () => {
        const prefix = keyOf(fleet, '');
        const objects = await listAll({ prefix, include: ['customMetadata'] }, limit);
        return objects.map(({ key, customMetadata }) => ({
          key: key.slice(prefix.length),
          fields: customMetadata ?? {},
        }));
      }),
    remove: (fleet, keys) =>
      reach('delete waiting', async () => {
        await bucket.delete(keys.map((key) => keyOf(fleet, key)));
        return undefined;
      }),
    count: (fleet, hour, id, limit) =>
      reach('count enrolled', async () => {
        const key = counted(fleet, hour, id);
        const made = await bucket.put(key, '', { onlyIf: { etagDoesNotMatch: '*' } });
        // R2 tells times in milliseconds. Until this one is over, another may still come whose name is before this one.
        if (made !== null) await platform.timer(MOMENT_MS).elapsed;
        const all = await listAll({ prefix: counted(fleet, hour, '') }, Number.MAX_SAFE_INTEGER);
        const own = made ?? all.find((object) => object.key === key);
        // Whoever came first goes first, and those of one moment by their names: each sees the same order.
        const isBefore = (object: R2Object) =>
          own !== undefined &&
          (object.uploaded < own.uploaded || (+object.uploaded === +own.uploaded && object.key < key));
        return all.filter(isBefore).length < limit;
      }),
    uncount: (fleet, hour, id) =>
      reach('uncount enrolled', async () => {
        await bucket.delete(counted(fleet, hour, id));
        return undefined;
      }),
    clearBefore: (fleet, hour) =>
      reach('clear enrolled', async () => {
        const { objects } = await bucket.list({ prefix: `enrolled/${fleet}/` });
        const old = objects.map(({ key }) => key).filter((key) => key < counted(fleet, hour, ''));
        if (old.length > 0) await bucket.delete(old);
        return undefined;
      }),
  };
}
