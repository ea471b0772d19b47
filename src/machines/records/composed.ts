/**
 * The composed configs in R2, sealed: `composed/{id}`, one a machine. They save a boot the composing and decide nothing.
 * Whoever reads one proves what it was composed of, by the context that seals it.
 */
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';

export interface ComposedStore {
  read(id: string): Promise<Result<string | undefined, StoreFault>>;
  /** `key` is the id of the key that sealed the text. */
  write(id: string, text: string, key: string): Promise<Result<undefined, StoreFault>>;
  remove(id: string): Promise<Result<undefined, StoreFault>>;
}

/** A boot that waits longer composes for itself, and still answers in time. */
const ANSWER_WITHIN_MS = 1_000;

/** Returns the store of composed configs on an R2 bucket. */
export function composedBucket(bucket: R2Bucket, platform: Platform): ComposedStore {
  const reachForBoot = storeCaller(platform, ANSWER_WITHIN_MS);
  const reach = storeCaller(platform);
  const keyOf = (id: string) => `composed/${id}`;
  return {
    read: (id) => reachForBoot('read composed', async () => await (await bucket.get(keyOf(id)))?.text()),
    write: (id, text, key) =>
      reach('write composed', async () => {
        await bucket.put(keyOf(id), text, { customMetadata: { key } });
        return undefined;
      }),
    remove: (id) =>
      reach('delete composed', async () => {
        await bucket.delete(keyOf(id));
        return undefined;
      }),
  };
}
