/** The keyring in R2: `keyring.asc`, written by compare-and-set. */
import type { Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import { type StoreFault, storeCaller } from '../shared/store.ts';

const KEY = 'keyring.asc';

export interface StoredKeyring {
  readonly bytes: Uint8Array;
  /** Names this very content for a later compare-and-set. */
  readonly etag: string;
}

export interface KeyringStore {
  /** The stored keyring, or `undefined` when there is none yet. */
  read(): Promise<Result<StoredKeyring | undefined, StoreFault>>;
  /** False when the stored keyring is no longer `replacing` (`undefined`: none); nothing is written then. */
  write(armored: string, replacing: string | undefined): Promise<Result<boolean, StoreFault>>;
}

/** The keyring store on an R2 bucket. */
export function keyringBucket(bucket: R2Bucket, platform: Platform): KeyringStore {
  const reach = storeCaller(platform);
  return {
    read: () =>
      reach('read keyring', async () => {
        const object = await bucket.get(KEY);
        if (object === null) return undefined;
        return { bytes: new Uint8Array(await object.arrayBuffer()), etag: object.etag };
      }),
    write: (armored, replacing) =>
      reach('write keyring', async () => {
        const onlyIf = replacing === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: replacing };
        const httpMetadata = { contentType: 'application/pgp-keys' };
        return (await bucket.put(KEY, armored, { onlyIf, httpMetadata })) !== null;
      }),
  };
}
