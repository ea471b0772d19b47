/** The bytes of one block of bzip2, a piece at a time. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';

export type Bzip2Fault = { readonly reason: 'bzip2-malformed'; readonly detail: string };

/** Returns the fault of a text that is no bzip2. */
export const bad = (detail: string) => err<Bzip2Fault>({ reason: 'bzip2-malformed', detail });

/** Returns the links of a block: each holds a byte and the place of the next one, so one array is read for both. */
export function linksOf(transformed: Uint8Array, counts: Uint32Array): Uint32Array {
  const { length } = transformed;
  const starts = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte += 1) starts[byte] = (starts[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  const links = new Uint32Array(length);
  for (let at = 0; at < length; at += 1) {
    const byte = transformed[at] as number;
    const slot = starts[byte] as number;
    starts[byte] = slot + 1;
    links[slot] = (at << 8) | byte;
  }
  return links;
}

/** The most plain bytes that are given at once: a block of zeros has 46 MB of them. */
const MOST_PLAIN = 1024 * 1024;

/**
 * The bytes of one block, in pieces of at most a megabyte: it undoes the Burrows-Wheeler transform, and then the runs of four and more
 * that were shortened before it. The check sum is known at the end, so nothing of a block may be used for good before that.
 */
export class Block {
  readonly #links: Uint32Array;
  readonly #expected: number;
  #entry: number;
  #at = 0;
  #crc = 0xffff_ffff;
  #same = 0;
  #last = -1;
  /** How many of `#last` are still to be written. */
  #owed = 0;

  constructor(links: Uint32Array, origin: number, expected: number) {
    this.#links = links;
    this.#expected = expected;
    this.#entry = links[origin] as number;
  }

  /** Returns the next bytes, or `undefined` behind the last ones. */
  next(): Result<Uint8Array<ArrayBuffer> | undefined, Bzip2Fault> {
    const bytes = new Uint8Array(MOST_PLAIN);
    const written = this.#write(bytes);
    if (written > 0) {
      const piece = written === MOST_PLAIN ? bytes : bytes.slice(0, written);
      this.#crc = crcOf(piece, this.#crc);
      return ok(piece);
    }
    return ~this.#crc >>> 0 === this.#expected ? ok(undefined) : bad('the check sum of a block is wrong');
  }

  #write(bytes: Uint8Array): number {
    const links = this.#links;
    const { length } = links;
    // Fields of the class cost a third of the speed in this loop.
    let [at, entry, same, last, owed] = [this.#at, this.#entry, this.#same, this.#last, this.#owed];
    let written = 0;
    for (;;) {
      if (owed > 0) {
        const count = Math.min(owed, MOST_PLAIN - written);
        bytes.fill(last, written, written + count);
        written += count;
        owed -= count;
        if (owed > 0) break;
        last = -1;
      }
      if (written === MOST_PLAIN || at === length) break;
      const byte = entry & 0xff;
      entry = links[entry >>> 8] as number;
      at += 1;
      if (same === 4) {
        owed = byte;
        same = 0;
        if (owed === 0) last = -1;
        continue;
      }
      same = byte === last ? same + 1 : 1;
      last = byte;
      bytes[written] = byte;
      written += 1;
    }
    [this.#at, this.#entry, this.#same, this.#last, this.#owed] = [at, entry, same, last, owed];
    return written;
  }
}

/** The CRC-32 of bzip2 begins with the highest bit, unlike that of gzip. */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x8000_0000 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value >>> 0;
});

function crcOf(bytes: Uint8Array, before: number): number {
  let crc = before;
  for (let at = 0; at < bytes.length; at += 1) crc = (crc << 8) ^ (CRC[(crc >>> 24) ^ (bytes[at] as number)] as number);
  return crc;
}
