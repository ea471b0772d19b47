/**
 * Verifies a detached signature over a stream of data. The native hash takes the data as it arrives. openpgp.js gets
 * the finished digest, and checks the key, its binding, expiry and revocation.
 *
 * The digest covers the data, the hashed fields of the signature and the trailer (RFC 9580 section 5.2.4). openpgp.js
 * 6.3.2 does not hash again when `hashed` of the signature packet is set. The version of openpgp.js is pinned, and a
 * test fails if a new version behaves in another way (docs/adr/0001). No I/O.
 */
import { createHash, type Hash } from 'node:crypto';
import { err, ok, type Result } from '../shared/result.ts';
import type { DetachedSignature } from './detached-signature.ts';
import { fingerprintOf, type Keyring, untouchedCopy } from './keyring.ts';
import { openpgp } from './openpgp.ts';
import { findSigner, type Signer, type SignerFault } from './signer.ts';

export interface VerifiedSignature extends Signer {
  /** When the signature was made, in milliseconds since the epoch. */
  readonly signedAt: number;
}

export type VerificationFault = SignerFault | { readonly reason: 'bad-signature' };

export interface RunningVerification {
  /** Takes the next bytes of the signed data. */
  update(chunk: Uint8Array): void;
  /** Ends the verification and returns its verdict about all the data. */
  finish(): Promise<Result<VerifiedSignature, VerificationFault>>;
}

export interface RunningDigest extends RunningVerification {
  /** Returns the SHA-512 of the data so far, as 128 hexadecimal digits. Call it before `finish`. */
  sha512(): string;
  /** The same for SHA-256, as 64 hexadecimal digits. */
  sha256(): string;
}

/**
 * Starts the verification of `signature`. The error says why its key cannot be trusted, before any data is read. `now`
 * is in milliseconds since the epoch.
 */
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

/** Like `beginVerification`, and also computes the SHA-512 and the SHA-256 of the data. One of them is the hash of the signature. */
export async function beginDigest(
  keyring: Keyring,
  signature: DetachedSignature,
  now: number,
): Promise<Result<RunningDigest, SignerFault>> {
  const signer = await findSigner(keyring, signature, now);
  if (!signer.ok) return signer;
  const hash = createHash(signature.hashName);
  const sha512 = signature.hashName === 'sha512' ? hash : createHash('sha512');
  const sha256 = signature.hashName === 'sha256' ? hash : createHash('sha256');
  const verification = running(hash, keyring, signature, signer.value, now);
  return ok({
    ...verification,
    update: (chunk) => {
      hash.update(chunk);
      if (sha512 !== hash) sha512.update(chunk);
      if (sha256 !== hash) sha256.update(chunk);
    },
    sha512: () => sha512.copy().digest('hex'),
    sha256: () => sha256.copy().digest('hex'),
  });
}

function running(
  hash: Hash,
  keyring: Keyring,
  signature: DetachedSignature,
  signer: Signer,
  now: number,
): RunningVerification {
  // openpgp.js asks only the first key that has the issuer's id: let that be the one that was found fit.
  const signedIn = { keys: keyring.keys.filter((key) => fingerprintOf(key) === signer.primary) };
  return {
    update: (chunk) => {
      hash.update(chunk);
    },
    finish: async () => {
      hash.update(signature.suffix);
      const isGood = await judge(signedIn, signature, hash.digest(), now);
      return isGood ? ok({ ...signer, signedAt: signature.created }) : err({ reason: 'bad-signature' });
    },
  };
}

/** Verifies a signature over data that is in memory, and returns who made it and when. */
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
  const { createMessage, verify } = await openpgp();
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
