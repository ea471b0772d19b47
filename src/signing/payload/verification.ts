/**
 * Verifies an update payload while its bytes go by: it keeps the header, the manifest and the signatures in memory, which are
 * small, and hashes the rest. No I/O.
 */
import { createHash } from 'node:crypto';
import { concatBytes } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isSignedBy, type PayloadKey } from './keys.ts';
import {
  HEADER_BYTES,
  type LayoutFault,
  manifestLength,
  type PayloadContent,
  type PayloadLayout,
  readLayout,
  readSignatures,
} from './manifest.ts';

export type PayloadFault =
  | LayoutFault
  /** It ends before its signatures do. */
  | { readonly reason: 'payload-truncated' }
  /** None of its signatures is one of a known key over these bytes. */
  | { readonly reason: 'payload-bad-signature' };

export interface VerifiedPayload {
  /** The key that signed it: SHA-256 of its SPKI form, in hexadecimal. */
  readonly keyId: string;
  readonly content: PayloadContent;
}

/** Takes bytes until it has `length` of them. */
class Collected {
  readonly #chunks: Uint8Array[] = [];
  #missing: number;

  constructor(length: number) {
    this.#missing = length;
  }

  /** Returns what of `chunk` is left. The bytes are copied: whoever gave them may use their memory again. */
  take(chunk: Uint8Array): Uint8Array {
    const taken = chunk.slice(0, this.#missing);
    this.#missing -= taken.length;
    if (taken.length > 0) this.#chunks.push(taken);
    return chunk.subarray(taken.length);
  }

  get isFull(): boolean {
    return this.#missing === 0;
  }

  bytes(): Uint8Array {
    return concatBytes(this.#chunks);
  }
}

/** One payload of `size` bytes, which is verified against `keys`. */
export class PayloadVerification {
  readonly #hash = createHash('sha256');
  readonly #header = new Collected(HEADER_BYTES);
  #manifest: Collected | undefined;
  #layout: PayloadLayout | undefined;
  #signatures: Collected | undefined;
  #hashed = 0;
  #fault: PayloadFault | undefined;

  constructor(
    private readonly keys: readonly PayloadKey[],
    private readonly size: number,
  ) {}

  /** Takes the next bytes. After a fault it ignores them. */
  update(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0 && this.#fault === undefined) rest = this.#step(rest);
  }

  /** Ends the verification and returns its verdict about all the bytes. */
  finish(): Result<VerifiedPayload, PayloadFault> {
    if (this.#fault !== undefined) return err(this.#fault);
    const signatures = this.#signatures;
    if (this.#layout === undefined || signatures === undefined || !signatures.isFull)
      return err({ reason: 'payload-truncated' });
    const found = readSignatures(signatures.bytes());
    if (!found.ok) return found;
    const digest = new Uint8Array(this.#hash.digest());
    const key = this.keys.find((known) => found.value.some((signature) => isSignedBy(known, signature, digest)));
    if (key === undefined) return err({ reason: 'payload-bad-signature' });
    return ok({ keyId: key.id, content: this.#layout.content });
  }

  #step(chunk: Uint8Array): Uint8Array {
    if (!this.#header.isFull) return this.#afterHeader(this.#header.take(chunk));
    if (this.#manifest !== undefined && !this.#manifest.isFull) return this.#afterManifest(this.#manifest.take(chunk));
    if (this.#layout === undefined || this.#signatures === undefined) return new Uint8Array();
    const data = chunk.subarray(0, this.#layout.signedBytes - this.#hashed);
    if (data.length > 0) {
      this.#hash.update(data);
      this.#hashed += data.length;
      return chunk.subarray(data.length);
    }
    if (!this.#signatures.isFull) return this.#signatures.take(chunk);
    this.#fault = { reason: 'payload-wrong-length', declared: BigInt(this.size), size: this.size + chunk.length };
    return new Uint8Array();
  }

  #afterHeader(rest: Uint8Array): Uint8Array {
    if (!this.#header.isFull) return rest;
    const header = this.#header.bytes();
    const length = manifestLength(header);
    if (!length.ok) this.#fault = length.error;
    else this.#manifest = new Collected(length.value);
    this.#hash.update(header);
    this.#hashed = header.length;
    return rest;
  }

  #afterManifest(rest: Uint8Array): Uint8Array {
    if (this.#manifest?.isFull !== true) return rest;
    const manifest = this.#manifest.bytes();
    const layout = readLayout(manifest, this.size);
    if (layout.ok) {
      this.#layout = layout.value;
      this.#signatures = new Collected(layout.value.signaturesBytes);
    } else this.#fault = layout.error;
    this.#hash.update(manifest);
    this.#hashed += manifest.length;
    return rest;
  }
}
