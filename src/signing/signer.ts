/**
 * Finds the key that made a signature and checks that it was valid at the date of the signature. So an old release
 * stays good after its subkey has expired. A subkey that was revoked as compromised is refused for every date; one that
 * was superseded or retired is refused only for signatures after its revocation (RFC 9580 section 5.2.3.31). No I/O.
 */
import type { PublicKey, Subkey } from 'openpgp';
import { err, ok, type Result } from '../shared/result.ts';
import type { DetachedSignature } from './detached-signature.ts';
import { fingerprintOf, type Keyring, untouchedCopy } from './keyring.ts';
import { isCompromisedIn } from './revocation.ts';

export interface Signer {
  /** Fingerprint of the key that signed: a subkey, or the primary key itself. */
  readonly signedBy: string;
  /** Fingerprint of its primary key. */
  readonly primary: string;
}

export type SignerFault =
  | { readonly reason: 'unknown-key'; readonly keyId: string }
  | { readonly reason: 'revoked-key'; readonly fingerprint: string }
  | { readonly reason: 'expired-key'; readonly fingerprint: string }
  /** The key was not bound yet at that date, has no back-signature, or is too weak. */
  | { readonly reason: 'unfit-key'; readonly fingerprint: string }
  | { readonly reason: 'signature-from-future' };

/**
 * Returns the key in `keyring` that `signature` names as its issuer, if it was valid at that date. It does not verify
 * the signature itself; `signing/verification` does. `now` is in milliseconds since the epoch.
 */
export async function findSigner(
  keyring: Keyring,
  signature: DetachedSignature,
  now: number,
): Promise<Result<Signer, SignerFault>> {
  const keyId = signature.packet.issuerKeyID;
  const { keys } = await untouchedCopy(keyring);
  const candidates = keys.flatMap((primary) => primary.getKeys(keyId).map((signingKey) => ({ primary, signingKey })));
  const [first] = candidates;
  if (first === undefined) return err({ reason: 'unknown-key', keyId: signature.issuerKeyId.toUpperCase() });
  if (signature.created > now) return err({ reason: 'signature-from-future' });
  for (const { signingKey } of candidates) {
    const fingerprint = fingerprintOf(signingKey);
    if (await isCompromised(keyring, fingerprint)) return err({ reason: 'revoked-key', fingerprint });
  }
  let fault: SignerFault | undefined;
  for (const { primary, signingKey } of candidates) {
    const fingerprint = fingerprintOf(signingKey);
    const reason = await whyUnfit(primary, signature);
    if (reason === undefined) return ok({ signedBy: fingerprint, primary: fingerprintOf(primary) });
    fault ??= { reason, fingerprint };
  }
  return err(fault ?? { reason: 'unfit-key', fingerprint: fingerprintOf(first.signingKey) });
}

async function whyUnfit(
  primary: PublicKey,
  signature: DetachedSignature,
): Promise<'revoked-key' | 'expired-key' | 'unfit-key' | undefined> {
  const keyId = signature.packet.issuerKeyID;
  const at = new Date(signature.created);
  const messages: string[] = [];
  const remember = (cause: unknown): false => {
    messages.push(cause instanceof Error ? cause.message : '');
    return false;
  };
  // getSigningKey decides, but its message names only the last of several reasons. So ask the subkey as well.
  const isFit = await primary.getSigningKey(keyId, at).then(() => true, remember);
  if (isFit) return undefined;
  const [subkey] = primary.getSubkeys(keyId);
  await subkey?.verify(at).catch(remember);
  if (messages.some((message) => /revoked/i.test(message))) return 'revoked-key';
  if (messages.some((message) => /expired/i.test(message))) return 'expired-key';
  return 'unfit-key';
}

/**
 * True when `fingerprint` is a primary key or a subkey that was revoked as compromised, or without a reason, which
 * counts the same. Every copy of the key in every key of `keyring` is looked at.
 */
export async function isCompromised(keyring: Keyring, fingerprint: string): Promise<boolean> {
  return (await compromisedKeys(keyring, (key) => fingerprintOf(key) === fingerprint)).size > 0;
}

/** Returns the fingerprints of the primary keys and subkeys that `isCompromised`, of those that `concerns` names. */
export async function compromisedKeys(
  keyring: Keyring,
  concerns: (key: PublicKey | Subkey) => boolean = () => true,
): Promise<ReadonlySet<string>> {
  const compromised = new Set<string>();
  for (const primary of keyring.keys) {
    if (concerns(primary) && (await isCompromisedIn(primary))) compromised.add(fingerprintOf(primary));
    for (const subkey of primary.subkeys.filter(concerns))
      if (await isCompromisedIn(primary, subkey)) compromised.add(fingerprintOf(subkey));
  }
  return compromised;
}
