/** Checks the detached signature of an upstream file against the keyring, before any byte of that file is fetched. */
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
import { findSigner, type Signer, type SignerFault } from '../../signing/signer.ts';
import type { TrustedKeys, TrustedKeysFault } from '../../signing/trusted-keys.ts';
import { beginVerification, type RunningVerification } from '../../signing/verification.ts';
import { signatureOf } from '../companions.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { Upstream, UpstreamFault } from './upstream.ts';

export type FileSignatureFault =
  | { readonly reason: 'signature-missing' }
  | UpstreamFault
  | SignatureFault
  | SignerFault
  | TrustedKeysFault;

export interface CheckedSignature {
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
  readonly #cache: TtlCache<CheckedSignature>;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly trustedKeys: TrustedKeys,
  ) {
    this.#cache = new TtlCache(platform.now, CACHED_MS, MOST_REMEMBERED);
  }

  /**
   * Returns the signature of `file` if a trusted key, valid at that time, claims to have made it. An answer is cached
   * for a minute; `fresh` skips the cache.
   */
  async check(file: ReleaseFile, fresh = false): Promise<Result<CheckedSignature, FileSignatureFault>> {
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

  /** Starts the verification of the file that `checked` signs; the caller feeds it the bytes of the file. */
  async begin(
    checked: CheckedSignature,
  ): Promise<Result<RunningVerification, SignerFault | SignatureFault | TrustedKeysFault>> {
    const identified = await this.identify(checked.bytes);
    if (!identified.ok) return identified;
    return await beginVerification(identified.value.keyring, identified.value.signature, this.platform.now());
  }
}
