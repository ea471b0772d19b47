/** Finds what proves an upstream file, before any byte of it is fetched: its detached signature, or the keys of update payloads. */
import { sha256Hex } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import {
  type DetachedSignature,
  readDetachedSignature,
  type SignatureFault,
} from '../../signing/detached-signature.ts';
import type { Keyring } from '../../signing/keyring.ts';
import type { PayloadKey } from '../../signing/payload/keys.ts';
import { type PayloadFault, PayloadVerification } from '../../signing/payload/verification.ts';
import { findSigner, type Signer, type SignerFault } from '../../signing/signer.ts';
import type { TrustedKeys, TrustedKeysFault } from '../../signing/trusted-keys.ts';
import { beginVerification, type VerificationFault } from '../../signing/verification.ts';
import { proofOf, signatureOf } from '../companions.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { Upstream, UpstreamFault } from './upstream.ts';

export type FileSignatureFault =
  | { readonly reason: 'signature-missing' }
  | UpstreamFault
  | SignatureFault
  | SignerFault
  | TrustedKeysFault;

/** What proves a file. */
export interface CheckedSignature {
  /** Names it: another signature, or other keys for payloads, have another one, which voids the verdicts that name this. */
  readonly hash: string;
  /** Starts the verification of a file of `size` bytes; the caller feeds it the bytes. */
  begin(size: number): Promise<Result<RunningProof, SignerFault | SignatureFault | TrustedKeysFault>>;
}

export interface RunningProof {
  /** Takes the next bytes of the file. */
  update(chunk: Uint8Array): void;
  /** Returns the verdict about all the bytes, and the fingerprint of the key that signed them. */
  finish(): Promise<Result<{ readonly signedBy: string }, VerificationFault | PayloadFault>>;
}

interface DetachedProof {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the .sig, in hexadecimal. It shows when upstream has replaced the signature. */
  readonly hash: string;
  readonly signer: Signer;
}

/**
 * A signature of Flatcar has 566 bytes, one of RSA-8192 with armor and notations some 2 KB. What is remembered has passed no mathematics yet,
 * so all of it together, 4 MB, is what upstream may fill the memory of an isolate with.
 */
const LIMIT_BYTES = 8 * 1024;
const CACHED_MS = 60_000;
const MOST_REMEMBERED = 500;

export class FileSignatures {
  readonly #cache: TtlCache<DetachedProof>;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly trustedKeys: TrustedKeys,
    private readonly payloadKeys: readonly PayloadKey[],
  ) {
    this.#cache = new TtlCache(platform.now, CACHED_MS, MOST_REMEMBERED);
  }

  /** Returns what proves `file`: its signature as `detached` finds it, or the signature that an update payload carries itself. */
  async check(file: ReleaseFile, fresh = false): Promise<Result<CheckedSignature, FileSignatureFault>> {
    if (proofOf(file.file) === 'payload') return ok(this.#payload());
    const detached = await this.detached(file, fresh);
    if (!detached.ok) return detached;
    const { bytes, hash } = detached.value;
    return ok({ hash, begin: () => this.#begin(bytes) });
  }

  #payload(): CheckedSignature {
    const begin = async (size: number): Promise<Result<RunningProof, never>> => {
      const verification = new PayloadVerification(this.payloadKeys, size);
      return ok({
        update: (chunk) => verification.update(chunk),
        finish: async () => {
          const verdict = verification.finish();
          return verdict.ok ? ok({ signedBy: verdict.value.keyId }) : verdict;
        },
      });
    };
    return { hash: `payload ${this.payloadKeys.map(({ id }) => id).join(' ')}`, begin };
  }

  /**
   * Returns the detached signature of `file` if a trusted key, valid at that time, claims to have made it. An answer is cached
   * for a minute; `fresh` skips the cache.
   */
  async detached(file: ReleaseFile, fresh = false): Promise<Result<DetachedProof, FileSignatureFault>> {
    const cached = fresh ? undefined : this.#cache.get(filePath(file));
    if (cached !== undefined) return ok(cached);
    const fetched = await this.upstream.small({ ...file, file: signatureOf(file.file) }, LIMIT_BYTES);
    if (!fetched.ok) return fetched.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : fetched;
    const { bytes } = fetched.value;
    const identified = await this.identify(bytes);
    if (!identified.ok) return identified;
    const checked = { bytes, hash: await sha256Hex(bytes), signer: identified.value.signer };
    this.#cache.set(filePath(file), checked);
    return ok(checked);
  }

  /**
   * Reads `bytes` as a signature and finds the key that claims to have made it. If the keyring does not contain that
   * key, this fetches the keyring again, at most once a minute.
   */
  async identify(
    bytes: Uint8Array,
  ): Promise<
    Result<
      { signature: DetachedSignature; signer: Signer; keyring: Keyring },
      SignatureFault | SignerFault | TrustedKeysFault
    >
  > {
    const signature = await readDetachedSignature(bytes);
    if (!signature.ok) return signature;
    let keyring = await this.trustedKeys.current();
    if (!keyring.ok) return keyring;
    let signer = await findSigner(keyring.value, signature.value, this.platform.now());
    if (!signer.ok && signer.error.reason === 'unknown-key') {
      const refreshed = await this.trustedKeys.refreshed();
      // If the key server does not answer, the key stays unknown: that is the error to report.
      keyring = refreshed.ok ? refreshed : keyring;
      signer = await findSigner(keyring.value, signature.value, this.platform.now());
    }
    if (!signer.ok) return signer;
    return ok({ signature: signature.value, signer: signer.value, keyring: keyring.value });
  }

  async #begin(signature: Uint8Array): Promise<Result<RunningProof, SignerFault | SignatureFault | TrustedKeysFault>> {
    const identified = await this.identify(signature);
    if (!identified.ok) return identified;
    return await beginVerification(identified.value.keyring, identified.value.signature, this.platform.now());
  }
}
