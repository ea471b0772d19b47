/**
 * Packs a stream as one member of gzip (RFC 1952) that can be gone on with in another process: what has to be remembered is a check sum
 * and a length. Each piece is packed for itself and ends at a whole byte (Z_FULL_FLUSH), so the pieces together are one stream of
 * deflate (RFC 1951). No I/O.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib';

export interface GzipState {
  readonly crc: number;
  /** Of the plain bytes. */
  readonly length: number;
}

export const GZIP_BEGINS: GzipState = { crc: 0, length: 0 };

/** Deflate, no name, no date, an unknown system: the same bytes whoever makes them. */
export const GZIP_HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** Returns the packed bytes of the next piece, and the state behind it. */
export function packPiece({ crc, length }: GzipState, bytes: Uint8Array): { state: GzipState; packed: Uint8Array } {
  const packed = deflateRawSync(bytes, { level: 6, finishFlush: constants.Z_FULL_FLUSH });
  return { state: { crc: crc32(bytes, crc), length: length + bytes.length }, packed };
}

/** Returns what ends the member: an empty last block, the check sum and the length. */
export function gzipEnd({ crc, length }: GzipState): Uint8Array {
  const end = new Uint8Array(10);
  end[0] = 3;
  const view = new DataView(end.buffer);
  view.setUint32(2, crc, true);
  view.setUint32(6, length % 2 ** 32, true);
  return end;
}
