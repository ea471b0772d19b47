/** Which keys may sign, from when until when: what an operator looks at to see that a new subkey is there before the old one ends. No I/O. */
import type { PublicKey, Subkey } from 'openpgp';
import { fingerprintOf, type Keyring, untouchedCopy } from './keyring.ts';
import { isRevokedAt } from './revocation.ts';
import { letsSign } from './self-signature.ts';

export const KEY_STATES = ['valid', 'ended', 'revoked', 'unfit'] as const;

export interface KeySpan {
  /** Of a signing subkey, or of a primary key that has none. */
  readonly fingerprint: string;
  readonly primary: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly from: number;
  /** When it ends, or its primary key if that is earlier; `undefined` for one that never ends. */
  readonly until: number | undefined;
  /** `unfit`: nothing in it binds it to its primary key any more. */
  readonly state: (typeof KEY_STATES)[number];
}

/** Returns every key of `keyring` that may sign or might once, the earliest first. `now` is in milliseconds since the epoch. */
export async function keyTimeline(keyring: Keyring, now: number): Promise<KeySpan[]> {
  const spans: KeySpan[] = [];
  for (const key of (await untouchedCopy(keyring)).keys) {
    const subkeys = key.subkeys.filter((subkey) => subkey.bindingSignatures.some(letsSign));
    const primaryEnd = await key.getExpirationTime();
    if (subkeys.length === 0) spans.push(spanOf(key, key, primaryEnd, await isRevokedAt(now, key), now));
    for (const subkey of subkeys) {
      const own = await subkey.getExpirationTime(new Date(now));
      const isEarlier = own !== null && primaryEnd !== null && primaryEnd < own;
      spans.push(spanOf(key, subkey, isEarlier ? primaryEnd : own, await isRevokedAt(now, key, subkey), now));
    }
  }
  return spans.sort((a, b) => a.from - b.from);
}

function spanOf(
  primary: PublicKey,
  key: PublicKey | Subkey,
  end: Date | number | null,
  isRevoked: boolean,
  now: number,
): KeySpan {
  const until = end instanceof Date ? end.getTime() : undefined;
  const isOver = until !== undefined && until <= now;
  const state = isRevoked ? 'revoked' : end === null ? 'unfit' : isOver ? 'ended' : 'valid';
  const names = { fingerprint: fingerprintOf(key), primary: fingerprintOf(primary) };
  return { ...names, from: key.getCreationTime().getTime(), until, state };
}
