/** Stores the keyring in R2 as `keyring.asc`, by compare-and-set. */
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { r2Document } from '../shared/r2-documents.ts';
import { err, ok } from '../shared/result.ts';
import { storeCaller } from '../shared/store.ts';
import { armorKeyring, type Keyring, readKeyring } from './keyring.ts';

const KEY = 'keyring.asc';

/** Returns the keyring document of an R2 bucket. It contains every primary key that was ever pinned. `key` is for keys of others than Flatcar. */
export function keyringDocument(bucket: R2Bucket, platform: Platform, key: string = KEY): Document<Keyring> {
  return r2Document(bucket, storeCaller(platform), key, {
    parse: async (text) => {
      const keyring = await readKeyring(new TextEncoder().encode(text));
      return keyring.ok ? ok(keyring.value) : err({ reason: 'stored-malformed', detail: keyring.error.reason });
    },
    text: armorKeyring,
    contentType: 'application/pgp-keys',
  });
}
