/**
 * The config that each machine got last, sealed: `served/{id}`. It decides nothing: an operator sees beside it what the machine would get
 * now. It is written after a boot whose config differs from the one before, and may be deleted at any time.
 */
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';

/** What stands beside the sealed text, as texts. */
export interface ServedFacts {
  /** ISO 8601, of the first boot with it. */
  readonly at: string;
  /** Of the body, in hexadecimal. */
  readonly sha512: string;
  readonly generation: string;
  readonly what: string;
  /** The id of the key that sealed it. */
  readonly key: string;
}

export interface ServedStore {
  /** Returns the facts of what is kept; `undefined` where nothing is. */
  look(id: string): Promise<Result<ServedFacts | undefined, StoreFault>>;
  read(id: string): Promise<Result<{ readonly text: string; readonly facts: ServedFacts } | undefined, StoreFault>>;
  write(id: string, text: string, facts: ServedFacts): Promise<Result<undefined, StoreFault>>;
  remove(id: string): Promise<Result<undefined, StoreFault>>;
}

/** Returns the store of served configs on an R2 bucket. */
export function servedBucket(bucket: R2Bucket, platform: Platform): ServedStore {
  const reach = storeCaller(platform);
  const keyOf = (id: string) => `served/${id}`;
  return {
    look: (id) =>
      reach('look at served', async () => {
        const object = await bucket.head(keyOf(id));
        return object === null ? undefined : factsOf(object);
      }),
    read: (id) =>
      reach('read served', async () => {
        const object = await bucket.get(keyOf(id));
        return object === null ? undefined : { text: await object.text(), facts: factsOf(object) };
      }),
    write: (id, text, facts) =>
      reach('write served', async () => {
        await bucket.put(keyOf(id), text, { customMetadata: { ...facts } });
        return undefined;
      }),
    remove: (id) =>
      reach('delete served', async () => {
        await bucket.delete(keyOf(id));
        return undefined;
      }),
  };
}

function factsOf({ customMetadata = {} }: Pick<R2Object, 'customMetadata'>): ServedFacts {
  const { at = '', sha512 = '', generation = '0', what = '', key = '' } = customMetadata;
  return { at, sha512, generation, what, key };
}
