/**
 * Cuts a file into chunks of 1 MiB and compares them with the digests that its verification left. A part of a file proves
 * nothing by itself; a chunk with the digest of a verified file does. No I/O.
 */
import { concatBytes, fromBase64, toBase64 } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { UpstreamFault } from '../upstream/upstream.ts';
import type { ByteSource } from './held-back.ts';

export const CHUNK_BYTES = 1024 * 1024;
const DIGEST_BYTES = 32;

/** Returns the SHA-256 of a chunk, in base64: 44 characters. */
export async function chunkDigest(chunk: Uint8Array<ArrayBuffer>): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', chunk)));
}

/** Returns the digests of a file's chunks as one text, as a verdict stores them: base64 of 32 bytes for each chunk. */
export function joinDigests(digests: readonly string[]): string {
  return toBase64(concatBytes(digests.map(fromBase64)));
}

/** Returns the digests that `joinDigests` joined. The text must be one that this service wrote. */
export function splitDigests(text: string): string[] {
  const bytes = fromBase64(text);
  return Array.from({ length: Math.floor(bytes.length / DIGEST_BYTES) }, (_, index) =>
    toBase64(bytes.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)),
  );
}

/** True when the chunks with the digests `left` are the first ones of the file with the digests `whole`. */
export const isBeginningOf = (left: readonly string[], whole: readonly string[]): boolean =>
  left.length <= whole.length && left.every((digest, index) => digest === whole[index]);

/** Bytes in chunks of CHUNK_BYTES. */
export interface ChunkSource {
  next(): Promise<Result<Uint8Array<ArrayBuffer> | undefined, UpstreamFault>>;
  cancel(): Promise<void>;
}

/** Returns the bytes of `source` in chunks of exactly CHUNK_BYTES; only the last one may be shorter. */
export function inChunks(source: ByteSource): ChunkSource {
  let kept: Uint8Array = new Uint8Array();
  return {
    next: async () => {
      const chunk = new Uint8Array(CHUNK_BYTES);
      let length = 0;
      while (length < CHUNK_BYTES) {
        if (kept.length === 0) {
          const read = await source.next();
          if (!read.ok) return read;
          if (read.value === undefined) break;
          kept = read.value;
        }
        const taken = kept.subarray(0, CHUNK_BYTES - length);
        chunk.set(taken, length);
        kept = kept.subarray(taken.length);
        length += taken.length;
      }
      return ok(length === 0 ? undefined : chunk.subarray(0, length));
    },
    cancel: () => source.cancel(),
  };
}

/**
 * Returns the bytes from `start` to `end` inclusive of a file whose chunks have `digests`. `source` must begin at the
 * chunk that `start` lies in. A chunk with another digest is the fault `changed`, and none of its bytes are returned.
 */
export function provenBytes(source: ByteSource, digests: readonly string[], start: number, end: number): ByteSource {
  const chunks = inChunks(source);
  let index = Math.floor(start / CHUNK_BYTES);
  return {
    next: async () => {
      const from = index * CHUNK_BYTES;
      if (from > end) return ok(undefined);
      const chunk = await chunks.next();
      if (!chunk.ok) return chunk;
      if (chunk.value === undefined) return err({ reason: 'truncated' });
      if ((await chunkDigest(chunk.value)) !== digests[index]) return err({ reason: 'changed' });
      index += 1;
      return ok(chunk.value.subarray(Math.max(0, start - from), end - from + 1));
    },
    cancel: () => source.cancel(),
  };
}
