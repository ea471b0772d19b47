/**
 * Reads keyrings and selects the trusted keys in them. A key is trusted if the fingerprint of its primary key is
 * pinned. A user id proves nothing: Flatcar has published other keys with the same user id. No I/O, no clock.
 */
import type { PublicKey, Subkey } from 'openpgp';
import { concatBytes, fromBase64 } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { openpgp } from './openpgp.ts';
import { packetCount } from './packet-count.ts';
import { isRevokedAt } from './revocation.ts';
import { letsSign } from './self-signature.ts';

export interface Keyring {
  readonly keys: readonly PublicKey[];
}

export type KeyringFault =
  | { readonly reason: 'keyring-malformed' }
  /** The keyring is readable but has none of the pinned primary keys. */
  | { readonly reason: 'no-pinned-key' };

/** Flatcar's key has some thirty packets in 2026. The library takes milliseconds for each, whatever it is. */
const MOST_PACKETS = 5000;
const BLOCK_BEGINS = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const BLOCK_ENDS = '-----END PGP PUBLIC KEY BLOCK-----';

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

/** Returns the armored blocks of a text, each from its first line to its last. Linear in time. */
function armoredBlocks(text: string): string[] {
  const blocks: string[] = [];
  for (let at = 0; ; ) {
    const begin = text.indexOf(BLOCK_BEGINS, at);
    const end = begin < 0 ? -1 : text.indexOf(BLOCK_ENDS, begin);
    if (end < 0) return blocks;
    at = end + BLOCK_ENDS.length;
    blocks.push(text.slice(begin, at));
  }
}

/** Returns the bytes of an armored block: the base64 between its headers and its checksum (RFC 9580 section 6.2). */
function unarmored(block: string): Uint8Array {
  const lines = block.split(/\r?\n/);
  const body = lines.slice(lines.findIndex((line) => line.trim() === '') + 1);
  const digits = body.filter((line) => !line.startsWith('=') && !line.startsWith('-')).join('');
  return fromBase64(digits.replace(/[^A-Za-z0-9+/=]/g, ''));
}

async function readAll(bytes: Uint8Array): Promise<PublicKey[] | undefined> {
  const blocks = armoredBlocks(new TextDecoder().decode(bytes));
  try {
    const binaries = blocks.length === 0 ? [bytes] : blocks.map(unarmored);
    if (binaries.some((binary) => packetCount(binary, MOST_PACKETS) > MOST_PACKETS)) return undefined;
    const { readKeys } = await openpgp();
    const keys =
      blocks.length === 0
        ? await readKeys({ binaryKeys: bytes })
        : (await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat();
    return keys.map((key) => (key.isPrivate() ? key.toPublic() : key));
  } catch {
    return undefined;
  }
}

/**
 * Returns the same keys as new objects. openpgp.js marks a binding signature as revoked after a check at any date, and
 * the mark then counts for notAfterPrimary dates too. So every check needs objects that no other check has used.
 */
export async function untouchedCopy(keyring: Keyring): Promise<Keyring> {
  if (keyring.keys.length === 0) return keyring;
  const { readKeys } = await openpgp();
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
    if (await isRevokedAt(now, key)) continue;
    const signingSubkeys = key.subkeys.filter((subkey) => subkey.bindingSignatures.some(letsSign));
    const primaryExpiry = await key.getExpirationTime();
    // A subkey cannot be used after its primary key has expired.
    const notAfterPrimary = (expiry: Date | number) =>
      toMilliseconds(primaryExpiry !== null && primaryExpiry < expiry ? primaryExpiry : expiry);
    for (const subkey of signingSubkeys) {
      const expiry = await subkey.getExpirationTime(new Date(now));
      if (expiry === null || (await isRevokedAt(now, key, subkey))) continue;
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

const toMilliseconds = (expiry: Date | number): number | undefined =>
  expiry instanceof Date ? expiry.getTime() : undefined;
