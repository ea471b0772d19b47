/**
 * Reads keyrings and selects the trusted keys in them. A key is trusted if the fingerprint of its primary key is
 * pinned. A user id proves nothing: Flatcar has published other keys with the same user id. No I/O, no clock.
 */
import { type PublicKey, readKeys, type Subkey } from 'openpgp';
import { concatBytes } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface Keyring {
  readonly keys: readonly PublicKey[];
}

export type KeyringFault =
  | { readonly reason: 'keyring-malformed' }
  /** The keyring is readable but has none of the pinned primary keys. */
  | { readonly reason: 'no-pinned-key' };

const BLOCK_BEGINS = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const BLOCK_ENDS = '-----END PGP PUBLIC KEY BLOCK-----';
const SIGNING_FLAG = 0x02;

/** Returns a fingerprint as gpg and our configuration write it: 40 upper-case hexadecimal digits. */
export const fingerprintOf = (key: PublicKey | Subkey): string => key.getFingerprint().toUpperCase();

/** Returns every key in `bytes`, which are binary or one or more armored blocks. */
export async function readKeyring(bytes: Uint8Array): Promise<Result<Keyring, KeyringFault>> {
  const keys = await readAll(bytes);
  return keys === undefined ? err({ reason: 'keyring-malformed' }) : ok({ keys });
}

/** Returns the keys of `keyring` whose primary fingerprints (40 upper-case hexadecimal digits) are in `pins`. */
export function trustedPart(keyring: Keyring, pins: readonly string[]): Result<Keyring, KeyringFault> {
  const keys = keyring.keys.filter((key) => pins.includes(fingerprintOf(key)));
  return keys.length === 0 ? err({ reason: 'no-pinned-key' }) : ok({ keys });
}

async function readAll(bytes: Uint8Array): Promise<PublicKey[] | undefined> {
  const blocks = armoredBlocks(new TextDecoder().decode(bytes));
  try {
    const keys =
      blocks.length === 0
        ? await readKeys({ binaryKeys: bytes })
        : (await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat();
    return keys.map((key) => (key.isPrivate() ? key.toPublic() : key));
  } catch {
    return undefined;
  }
}

/** Returns the texts from each line that begins a block to the next one that ends a block. */
function armoredBlocks(text: string): string[] {
  const blocks: string[] = [];
  let from = text.indexOf(BLOCK_BEGINS);
  while (from !== -1) {
    const end = text.indexOf(BLOCK_ENDS, from + BLOCK_BEGINS.length);
    if (end === -1) break;
    blocks.push(text.slice(from, end + BLOCK_ENDS.length));
    from = text.indexOf(BLOCK_BEGINS, end + BLOCK_ENDS.length);
  }
  return blocks;
}

/**
 * Returns the same keys as new objects. openpgp.js marks a binding signature as revoked after a check at any date, and
 * the mark then counts for notAfterPrimary dates too. So every check needs objects that no other check has used.
 */
export async function untouchedCopy(keyring: Keyring): Promise<Keyring> {
  if (keyring.keys.length === 0) return keyring;
  return { keys: await readKeys({ binaryKeys: concatBytes(keyring.keys.map((key) => key.write())) }) };
}

/** Returns the keyring as text that `gpg --import` reads: one armored block for each key. */
export const armorKeyring = (keyring: Keyring): string => keyring.keys.map((key) => key.armor()).join('\n');

export interface SigningKeyExpiry {
  /** Fingerprint of the signing subkey, or of the primary key if it has no signing subkey. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch, or `undefined` for a key that never expires. */
  readonly expires: number | undefined;
}

/**
 * Returns the signing key that stays valid longest and is not revoked. After it has expired, no new release can be
 * verified. `now` is in milliseconds since the epoch.
 */
export async function lastingSigningKey(keyring: Keyring, now: number): Promise<SigningKeyExpiry | undefined> {
  const candidates: SigningKeyExpiry[] = [];
  for (const key of (await untouchedCopy(keyring)).keys) {
    const signingSubkeys = key.subkeys.filter((subkey) => isForSigning(subkey));
    const primaryExpiry = await key.getExpirationTime();
    // A subkey cannot be used after its primary key has expired.
    const notAfterPrimary = (expiry: Date | number) =>
      toMilliseconds(primaryExpiry !== null && primaryExpiry < expiry ? primaryExpiry : expiry);
    for (const subkey of signingSubkeys) {
      const expiry = await subkey.getExpirationTime(new Date(now));
      const [binding] = subkey.bindingSignatures;
      if (expiry === null || binding === undefined) continue;
      if (await subkey.isRevoked(binding, key.keyPacket, new Date(now))) continue;
      candidates.push({ fingerprint: fingerprintOf(subkey), expires: notAfterPrimary(expiry) });
    }
    if (signingSubkeys.length === 0 && primaryExpiry !== null) {
      candidates.push({ fingerprint: fingerprintOf(key), expires: toMilliseconds(primaryExpiry) });
    }
  }
  return candidates.sort((a, b) => (b.expires ?? Infinity) - (a.expires ?? Infinity))[0];
}

const DAY_MS = 86_400_000;
const WARN_DAYS = 60;

/** Returns the whole days until a signing key expires, or `undefined` for one that never expires. */
export function daysLeft({ expires }: SigningKeyExpiry, now: number): number | undefined {
  return expires === undefined ? undefined : Math.floor((expires - now) / DAY_MS);
}

/** Returns a warning if the key from `lastingSigningKey` expires within 60 days. Flatcar replaces subkeys yearly. */
export function expiryWarning(lasting: SigningKeyExpiry | undefined, now: number): string | undefined {
  if (lasting === undefined) return 'no signing key that is not revoked';
  const days = daysLeft(lasting, now);
  return days !== undefined && days < WARN_DAYS ? `the signing key expires in ${days} days` : undefined;
}

const isForSigning = (subkey: Subkey): boolean =>
  subkey.bindingSignatures.some((binding) => ((binding.keyFlags?.[0] ?? 0) & SIGNING_FLAG) !== 0);

const toMilliseconds = (expiry: Date | number): number | undefined =>
  expiry instanceof Date ? expiry.getTime() : undefined;
