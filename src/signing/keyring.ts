/**
 * The keys that are trusted: those whose PRIMARY fingerprint is pinned, and nothing else a key file may hold (a user id
 * proves nothing: Flatcar has published other keys under the same one). No I/O, no clock.
 */
import { type PublicKey, readKeys, type Subkey } from 'openpgp';
import { concatBytes } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface Keyring {
  readonly keys: readonly PublicKey[];
}

export type KeyringFault =
  | { readonly reason: 'keyring-malformed' }
  /** The file is readable but holds none of the pinned primaries. */
  | { readonly reason: 'no-pinned-key' };

const BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;
const SIGNING_FLAG = 0x02;

/** Fingerprints as Flatcar, gpg and our configuration write them. */
export const fingerprintOf = (key: PublicKey | Subkey): string => key.getFingerprint().toUpperCase();

/** Every key in `bytes`: armored blocks (one or several) or binary. */
export async function readKeyring(bytes: Uint8Array): Promise<Result<Keyring, KeyringFault>> {
  const keys = await readAll(bytes);
  return keys === undefined ? err({ reason: 'keyring-malformed' }) : ok({ keys });
}

/** The part of `keyring` that `pins` (primary fingerprints, 40 upper-case digits) name. */
export function trustedPart(keyring: Keyring, pins: readonly string[]): Result<Keyring, KeyringFault> {
  const keys = keyring.keys.filter((key) => pins.includes(fingerprintOf(key)));
  return keys.length === 0 ? err({ reason: 'no-pinned-key' }) : ok({ keys });
}

async function readAll(bytes: Uint8Array): Promise<PublicKey[] | undefined> {
  const blocks = new TextDecoder().decode(bytes).match(BLOCK) ?? [];
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

/**
 * The same keys as new objects. openpgp.js marks a binding signature as revoked once it has seen it so at any date, and
 * then holds on to that for earlier dates: every judgement needs keys that no other judgement has touched.
 */
export async function untouchedCopy(keyring: Keyring): Promise<Keyring> {
  if (keyring.keys.length === 0) return keyring;
  return { keys: await readKeys({ binaryKeys: concatBytes(keyring.keys.map((key) => key.write())) }) };
}

/** Armored blocks, one a key, as `gpg --import` takes them. */
export const armorKeyring = (keyring: Keyring): string => keyring.keys.map((key) => key.armor()).join('\n');

export interface SigningKeyExpiry {
  /** Fingerprint of the subkey (of the primary where there is no signing subkey). */
  readonly fingerprint: string;
  /** Milliseconds since the epoch, or `undefined` for a key that never expires. */
  readonly expires: number | undefined;
}

/** The signing key that stays valid longest, revoked ones left out: when it ends, new releases can no longer be checked. */
export async function lastingSigningKey(keyring: Keyring, now: number): Promise<SigningKeyExpiry | undefined> {
  const candidates: SigningKeyExpiry[] = [];
  for (const key of (await untouchedCopy(keyring)).keys) {
    const signing = key.subkeys.filter((subkey) => isForSigning(subkey));
    const primaryEnds = await key.getExpirationTime();
    // A subkey is of no use past its primary.
    const until = (expiry: Date | number) =>
      toMilliseconds(primaryEnds !== null && primaryEnds < expiry ? primaryEnds : expiry);
    for (const subkey of signing) {
      const expiry = await subkey.getExpirationTime(new Date(now));
      const [binding] = subkey.bindingSignatures;
      if (expiry === null || binding === undefined) continue;
      if (await subkey.isRevoked(binding, key.keyPacket, new Date(now))) continue;
      candidates.push({ fingerprint: fingerprintOf(subkey), expires: until(expiry) });
    }
    if (signing.length === 0) {
      if (primaryEnds !== null)
        candidates.push({ fingerprint: fingerprintOf(key), expires: toMilliseconds(primaryEnds) });
    }
  }
  return candidates.sort((a, b) => (b.expires ?? Infinity) - (a.expires ?? Infinity))[0];
}

const DAY_MS = 86_400_000;
const WARN_DAYS = 60;

/** Whole days until the signing key ends, from `lastingSigningKey`; `undefined` for one that never does. */
export function daysLeft({ expires }: SigningKeyExpiry, now: number): number | undefined {
  return expires === undefined ? undefined : Math.floor((expires - now) / DAY_MS);
}

/** What an operator has to hear while there is time: Flatcar rotates its subkeys yearly or so. */
export function expiryWarning(lasting: SigningKeyExpiry | undefined, now: number): string | undefined {
  if (lasting === undefined) return 'no signing key that is not revoked';
  const days = daysLeft(lasting, now);
  return days !== undefined && days < WARN_DAYS ? `the signing key expires in ${days} days` : undefined;
}

const isForSigning = (subkey: Subkey): boolean =>
  subkey.bindingSignatures.some((binding) => ((binding.keyFlags?.[0] ?? 0) & SIGNING_FLAG) !== 0);

const toMilliseconds = (expiry: Date | number): number | undefined =>
  expiry instanceof Date ? expiry.getTime() : undefined;
