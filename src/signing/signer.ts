/**
 * Who made a signature, and whether that key was good for it: judged at the signature's own date, so that an old release
 * signed by a subkey that has expired since stays good. A subkey revoked as compromised is refused whatever the date;
 * one merely superseded or retired only after its revocation. No I/O.
 */
import type { PublicKey } from 'openpgp';
import { err, ok, type Result } from '../shared/result.ts';
import type { DetachedSignature } from './detached-signature.ts';
import { fingerprintOf, type Keyring, untouchedCopy } from './keyring.ts';

export interface Signer {
  /** Fingerprint of the subkey (or primary) that signed. */
  readonly signedBy: string;
  readonly primary: string;
}

export type SignerFault =
  | { readonly reason: 'unknown-key'; readonly keyId: string }
  | { readonly reason: 'revoked-key'; readonly fingerprint: string }
  | { readonly reason: 'expired-key'; readonly fingerprint: string }
  /** Not yet bound at that date, no back-signature, too weak. */
  | { readonly reason: 'unfit-key'; readonly fingerprint: string }
  | { readonly reason: 'signature-from-future' };

/** The key in `keyring` that may have made `signature`; whether it did, only `verification` can tell. */
export async function findSigner(
  keyring: Keyring,
  signature: DetachedSignature,
  now: number,
): Promise<Result<Signer, SignerFault>> {
  const keyId = signature.packet.issuerKeyID;
  const { keys } = await untouchedCopy(keyring);
  const primary = keys.find((key) => key.getKeys(keyId).length > 0);
  const signing = primary?.getKeys(keyId)[0];
  if (primary === undefined || signing === undefined) {
    return err({ reason: 'unknown-key', keyId: signature.issuerKeyId.toUpperCase() });
  }
  if (signature.created > now) return err({ reason: 'signature-from-future' });
  const fingerprint = fingerprintOf(signing);
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
  // getSigningKey decides; what it says is the last of several reasons, so the subkey is asked for its own as well.
  const isFit = await primary.getSigningKey(keyId, at).then(() => true, remember);
  if (isFit) return undefined;
  const [subkey] = primary.getSubkeys(keyId);
  await subkey?.verify(at).catch(remember);
  if (messages.some((message) => /revoked/i.test(message))) return 'revoked-key';
  if (messages.some((message) => /expired/i.test(message))) return 'expired-key';
  return 'unfit-key';
}

/** True when `fingerprint` is a subkey whose revocation reaches back: compromised, or for no stated reason. */
export async function isCompromised(keyring: Keyring, fingerprint: string): Promise<boolean> {
  for (const key of (await untouchedCopy(keyring)).keys) {
    const subkey = key.subkeys.find((candidate) => fingerprintOf(candidate) === fingerprint);
    const [binding] = subkey?.bindingSignatures ?? [];
    if (subkey === undefined || binding === undefined) continue;
    // Judged at the subkey's birth: a revocation that only looks forward does not count there.
    return await subkey.isRevoked(binding, key.keyPacket, subkey.getCreationTime());
  }
  return false;
}
