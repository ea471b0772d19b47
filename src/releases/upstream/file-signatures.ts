/** The detached signature of a file of upstream, held against the keyring before a byte of the file is asked for. */
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
  /** SHA-256 of the .sig, to tell a mended one apart. */
  readonly hash: string;
  readonly signer: Signer;
}

/** Flatcar's are 566 bytes. */
const LIMIT_BYTES = 64 * 1024;
const HELD_MS = 60_000;

export class FileSignatures {
  readonly #held: TtlCache<CheckedSignature>;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly trustedKeys: TrustedKeys,
  ) {
    this.#held = new TtlCache(platform.now, HELD_MS, 500);
  }

  /** The signature of `file` by a key that was good for it; `fresh` asks upstream even if it was asked a moment ago. */
  async check(file: ReleaseFile, fresh = false): Promise<Result<CheckedSignature, FileSignatureFault>> {
    const held = fresh ? undefined : this.#held.get(filePath(file));
    if (held !== undefined) return ok(held);
    const fetched = await this.upstream.small({ ...file, file: signatureOf(file.file) }, LIMIT_BYTES);
    if (!fetched.ok) return fetched.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : fetched;
    const { bytes } = fetched.value;
    const known = await this.identify(bytes);
    if (!known.ok) return known;
    const checked = { bytes, hash: await sha256Hex(bytes), signer: known.value.signer };
    this.#held.set(filePath(file), checked);
    return ok(checked);
  }

  /** Reads `bytes` as a signature and finds its key, asking for the keyring anew (once a minute at most) if it is unknown. */
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
      // A key server that is away does not make a strange key any better known.
      keyring = refreshed.ok ? refreshed : keyring;
      signer = await findSigner(keyring.value, signature.value, this.platform.now());
    }
    if (!signer.ok) return signer;
    return ok({ signature: signature.value, signer: signer.value, keyring: keyring.value });
  }

  /** A running verification of the file that the checked signature belongs to. */
  async begin(
    checked: CheckedSignature,
  ): Promise<Result<RunningVerification, SignerFault | SignatureFault | TrustedKeysFault>> {
    const known = await this.identify(checked.bytes);
    if (!known.ok) return known;
    return await beginVerification(known.value.keyring, known.value.signature, this.platform.now());
  }
}
