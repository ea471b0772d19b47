/**
 * Finds the key that made a signature and checks that it was valid at the date of the signature. So an old release
 * stays good after its subkey has expired. A subkey that was revoked as compromised is refused for every date; one that
 * was superseded or retired is refused only for signatures after its revocation (RFC 9580 section 5.2.3.31). No I/O.
 */
import type { PublicKey } from 'openpgp';
import { err, ok, type Result } from '../shared/result.ts';
import type { DetachedSignature } from './detached-signature.ts';
import { fingerprintOf, type Keyring, untouchedCopy } from './keyring.ts';

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
  const primary = keys.find((key) => key.getKeys(keyId).length > 0);
  const signingKey = primary?.getKeys(keyId)[0];
  if (primary === undefined || signingKey === undefined) {
    return err({ reason: 'unknown-key', keyId: signature.issuerKeyId.toUpperCase() });
  }
  if (signature.created > now) return err({ reason: 'signature-from-future' });
  const fingerprint = fingerprintOf(signingKey);
  const fault = await whyUnfit(primary, signature);
  if (fault !== undefined) return err({ reason: fault, fingerprint });
  return ok({ signedBy: fingerprint, primary: fingerprintOf(primary) });
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

/** True when `fingerprint` is a subkey that was revoked as compromised, or without a reason, which counts the same. */
export async function isCompromised(keyring: Keyring, fingerprint: string): Promise<boolean> {
  for (const key of (await untouchedCopy(keyring)).keys) {
    const subkey = key.subkeys.find((candidate) => fingerprintOf(candidate) === fingerprint);
    for (const binding of subkey?.bindingSignatures ?? []) {
      // openpgp.js skips a revocation whose issuer is not that of the binding, and a stranger's binding may come first. At the
      // creation date of the subkey only those revocations count that are valid for every date.
      if (await subkey?.isRevoked(binding, key.keyPacket, subkey.getCreationTime())) return true;
    }
  }
  return false;
}
