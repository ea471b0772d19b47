/**
 * When a machine's config was handed out for the first time since it was armed, and when the machine said that it is done:
 * `handed/{id}/{arming}` in R2. It is created before the config leaves, so no config leaves unnoticed.
 */
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';

/** Both in milliseconds since the epoch. */
export interface Handed {
  readonly at: number;
  /** `undefined` while the machine has not said so. */
  readonly doneAt: number | undefined;
}

export interface HandedStore {
  read(id: string, arming: string): Promise<Result<Handed | undefined, StoreFault>>;
  /** Notes the first time; a later one changes nothing. */
  begin(id: string, arming: string): Promise<Result<undefined, StoreFault>>;
  /** Writes both, over what is there. */
  write(id: string, arming: string, handed: Handed): Promise<Result<undefined, StoreFault>>;
  /** Removes what was noted under an arming that counts no more. */
  remove(id: string, arming: string): Promise<Result<undefined, StoreFault>>;
}

/** A booting machine waits for it. */
const ANSWER_WITHIN_MS = 2_300;

/** Returns the store on an R2 bucket. */
export function handedBucket(bucket: R2Bucket, platform: Platform): HandedStore {
  const reach = storeCaller(platform, ANSWER_WITHIN_MS);
  const keyOf = (id: string, arming: string) => `handed/${id}/${arming}`;
  return {
    read: (id, arming) =>
      reach('head handed', async () => {
        const object = await bucket.head(keyOf(id, arming));
        if (object === null) return undefined;
        const { at, done } = object.customMetadata ?? {};
        return {
          at: Number(at ?? object.uploaded.getTime()),
          doneAt: done === undefined ? undefined : Number(done),
        };
      }),
    begin: (id, arming) =>
      reach('write handed', async () => {
        const customMetadata = { at: String(platform.now()) };
        await bucket.put(keyOf(id, arming), '', { customMetadata, onlyIf: { etagDoesNotMatch: '*' } });
        return undefined;
      }),
    write: (id, arming, { at, doneAt }) =>
      reach('write handed', async () => {
        const customMetadata = { at: String(at), ...(doneAt === undefined ? {} : { done: String(doneAt) }) };
        await bucket.put(keyOf(id, arming), '', { customMetadata });
        return undefined;
      }),
    remove: (id, arming) =>
      reach('delete handed', async () => {
        await bucket.delete(keyOf(id, arming));
        return undefined;
      }),
  };
}
