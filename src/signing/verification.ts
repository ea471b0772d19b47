/**
 * Verifying a detached signature over data that streams past: the data is hashed natively as it comes, and openpgp.js
 * gets the finished digest for the key, binding, expiry and revocation checks.
 *
 * The seam (RFC 9580 section 5.2.4: digest = H(data || hashed part || trailer)): a signature packet whose `hashed` is set
 * is not hashed again by openpgp.js 6.3.2. The version is pinned, and a test breaks if the seam moves. No I/O.
 */
import { createHash, type Hash } from 'node:crypto';
import { createMessage, verify } from 'openpgp';
import { err, ok, type Result } from '../shared/result.ts';
import type { DetachedSignature } from './detached-signature.ts';
import { type Keyring, untouchedCopy } from './keyring.ts';
import { findSigner, type Signer, type SignerFault } from './signer.ts';

export interface VerifiedSignature extends Signer {
  /** When the signature was made, in milliseconds since the epoch. */
  readonly signedAt: number;
}

export type VerificationFault = SignerFault | { readonly reason: 'bad-signature' };

export interface RunningVerification {
  /** Takes the next bytes of the signed data. */
  update(chunk: Uint8Array): void;
  /** The verdict over everything taken so far; ends the verification. */
  finish(): Promise<Result<VerifiedSignature, VerificationFault>>;
}

export interface RunningDigest extends RunningVerification {
  /** SHA-512 of everything taken so far, 128 hexadecimal digits; before `finish`. */
  sha512(): string;
}

/** Starts hashing for `signature`, or refuses early when its key cannot be trusted for it. */
export async function beginVerification(
  keyring: Keyring,
  signature: DetachedSignature,
  now: number,
): Promise<Result<RunningVerification, SignerFault>> {
  const signer = await findSigner(keyring, signature, now);
  if (!signer.ok) return signer;
  const hash = createHash(signature.hashName);
  return ok(running(hash, keyring, signature, signer.value, now));
}

/** The same, with the data's own SHA-512; a signature by SHA-512 needs no second hash for that. */
export async function beginDigest(
  keyring: Keyring,
  signature: DetachedSignature,
  now: number,
): Promise<Result<RunningDigest, SignerFault>> {
  const signer = await findSigner(keyring, signature, now);
  if (!signer.ok) return signer;
  const hash = createHash(signature.hashName);
  const own = signature.hashName === 'sha512' ? hash : createHash('sha512');
  const verification = running(hash, keyring, signature, signer.value, now);
  return ok({
    ...verification,
    update: (chunk) => {
      hash.update(chunk);
      if (own !== hash) own.update(chunk);
    },
    sha512: () => own.copy().digest('hex'),
  });
}

function running(
  hash: Hash,
  keyring: Keyring,
  signature: DetachedSignature,
  signer: Signer,
  now: number,
): RunningVerification {
  return {
    update: (chunk) => {
      hash.update(chunk);
    },
    finish: async () => {
      hash.update(signature.suffix);
      const isGood = await judge(keyring, signature, hash.digest(), now);
      return isGood ? ok({ ...signer, signedAt: signature.created }) : err({ reason: 'bad-signature' });
    },
  };
}

/** The same for data that is already in memory. */
export async function verifyBytes(
  keyring: Keyring,
  signature: DetachedSignature,
  data: Uint8Array,
  now: number,
): Promise<Result<VerifiedSignature, VerificationFault>> {
  const verification = await beginVerification(keyring, signature, now);
  if (!verification.ok) return verification;
  verification.value.update(data);
  return await verification.value.finish();
}

async function judge(
  keyring: Keyring,
  { signature, packet }: DetachedSignature,
  digest: Uint8Array,
  now: number,
): Promise<boolean> {
  Object.assign(packet, { hashed: new Uint8Array(digest) });
  const result = await verify({
    message: await createMessage({ binary: new Uint8Array() }),
    signature,
    verificationKeys: [...(await untouchedCopy(keyring)).keys],
    date: new Date(now),
  });
  const [only, ...others] = result.signatures;
  if (only === undefined || others.length > 0) return false;
  return await only.verified.then(
    () => true,
    () => false,
  );
}
