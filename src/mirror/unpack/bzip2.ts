/**
 * Unpacks bzip2 block by block. Each block stands for itself, so a work that was cut off goes on at any of them. The format has no
 * standard; this follows bzip2 1.0.8 (decompress.c, huffman.c) and its description by Joe Tsai
 * (https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf). No I/O.
 */
import { ok, type Result } from '../../shared/result.ts';
import { Block, type Bzip2Fault, bad, linksOf } from './bzip2-block.ts';

/** A block has at most this many bytes when it is packed: 900,000 symbols of at most 20 bits, and its tables. */
export const MOST_PACKED = 2_400_000;

const BLOCK_HIGH = 0x314159;
const BLOCK_LOW = 0x265359;
const END_HIGH = 0x177245;
const END_LOW = 0x385090;
const MOST_LENGTH = 20;
const SELECTED = 50;

/** What stands at a place of a file: a block, the end of a stream with what comes behind it, or nothing more. */
export type Piece =
  | { readonly kind: 'block'; readonly block: Block; readonly next: number; readonly level: number }
  | { readonly kind: 'end' };

/** Thrown inside this file alone, for a text that ends in the middle of a block or contradicts itself. */
class Malformed extends Error {}

class Bits {
  readonly #bytes: Uint8Array;
  /** The place of the next bit. */
  at: number;

  /** Written out, for Node runs this file as it is. */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length * 8 - this.at;
  }

  /** Returns up to 24 bits. */
  read(count: number): number {
    const value = this.peek(count);
    this.at += count;
    if (this.left < 0) throw new Malformed('it ends in the middle of a block');
    return value;
  }

  /** Returns the next bits without moving; zeros behind the end. */
  peek(count: number): number {
    const byte = this.at >>> 3;
    const bytes = this.#bytes;
    const window =
      (((bytes[byte] ?? 0) << 24) |
        ((bytes[byte + 1] ?? 0) << 16) |
        ((bytes[byte + 2] ?? 0) << 8) |
        (bytes[byte + 3] ?? 0)) >>>
      0;
    return ((window << (this.at & 7)) >>> 0) >>> (32 - count);
  }
}

/**
 * Reads what stands at bit `from` of `bytes`. `level` is that of the stream which the place is inside of, and 0 at the beginning of a
 * file. `next` is the bit behind the block. The caller gives at least `MOST_PACKED` bytes from there, or all that are left.
 */
export function readPiece(bytes: Uint8Array, from: number, level: number): Result<Piece, Bzip2Fault> {
  try {
    const bits = new Bits(bytes, from);
    let blockLevel = level === 0 ? streamLevel(bits) : level;
    for (;;) {
      const [high, low] = [bits.read(24), bits.read(24)];
      if (high === BLOCK_HIGH && low === BLOCK_LOW) {
        const block = readBlock(bits, blockLevel * 100_000);
        return ok({ kind: 'block', block, next: bits.at, level: blockLevel });
      }
      if (high !== END_HIGH || low !== END_LOW) throw new Malformed('neither a block nor the end of a stream');
      bits.read(24);
      bits.read(8);
      // A stream ends at a whole byte, and another one may follow (pbzip2 writes one for each block).
      bits.at = Math.ceil(bits.at / 8) * 8;
      if (bits.left === 0) return ok({ kind: 'end' });
      blockLevel = streamLevel(bits);
    }
  } catch (cause) {
    if (cause instanceof Malformed) return bad(cause.message);
    throw cause;
  }
}

function streamLevel(bits: Bits): number {
  const [magic, level] = [bits.read(24), bits.read(8) - 0x30];
  if (magic !== 0x425a68 || level < 1 || level > 9) throw new Malformed('it does not begin as bzip2');
  return level;
}

function readBlock(bits: Bits, most: number): Block {
  const crc = bits.read(16) * 0x10000 + bits.read(16);
  if (bits.read(1) !== 0) throw new Malformed('a block is randomised, as no bzip2 since 1997 does');
  const origin = bits.read(24);
  const symbols = readSymbols(bits);
  const tables = readTables(bits, symbols.length + 2);
  const { transformed, counts } = readTransformed(bits, symbols, tables, most);
  if (origin >= transformed.length) throw new Malformed('a block begins behind its end');
  return new Block(linksOf(transformed, counts), origin, crc);
}

/** The bytes that a block has at all, in their order. */
function readSymbols(bits: Bits): Uint8Array {
  const ranges = bits.read(16);
  const symbols: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >>> range)) === 0) continue;
    const inRange = bits.read(16);
    for (let one = 0; one < 16; one += 1) if ((inRange & (0x8000 >>> one)) !== 0) symbols.push(range * 16 + one);
  }
  if (symbols.length === 0) throw new Malformed('a block has no symbols');
  return Uint8Array.from(symbols);
}

interface Tables {
  readonly selectors: Uint8Array;
  readonly codes: readonly Code[];
}

interface Code {
  /** By the next bits: the symbol and the length of its code, `symbol << 5 | length`; 0 for no code. */
  readonly lookup: Uint16Array;
  readonly width: number;
}

function readTables(bits: Bits, alphabet: number): Tables {
  const count = bits.read(3);
  if (count < 2 || count > 6) throw new Malformed('a block has a wrong number of tables');
  const selectorCount = bits.read(15);
  if (selectorCount === 0) throw new Malformed('a block has no selectors');
  const order = Array.from({ length: count }, (_, index) => index);
  const selectors = new Uint8Array(selectorCount);
  for (let at = 0; at < selectorCount; at += 1) {
    let index = 0;
    while (bits.read(1) === 1) {
      index += 1;
      if (index >= count) throw new Malformed('a selector names no table');
    }
    const [table = 0] = order.splice(index, 1);
    order.unshift(table);
    selectors[at] = table;
  }
  return { selectors, codes: Array.from({ length: count }, () => readCode(bits, alphabet)) };
}

function readCode(bits: Bits, alphabet: number): Code {
  const lengths = new Uint8Array(alphabet);
  let length = bits.read(5);
  let longest = 1;
  for (let symbol = 0; symbol < alphabet; symbol += 1) {
    while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
    if (length < 1 || length > MOST_LENGTH) throw new Malformed('a code is too long');
    lengths[symbol] = length;
    longest = Math.max(longest, length);
  }
  // A table for all bits of the longest code: one look finds a symbol. bzip2 itself writes codes of at most 17 bits.
  const lookup = new Uint16Array(1 << longest);
  let code = 0;
  for (let size = 1; size <= longest; size += 1) {
    for (let symbol = 0; symbol < alphabet; symbol += 1) {
      if (lengths[symbol] !== size) continue;
      const first = code << (longest - size);
      const next = (code + 1) << (longest - size);
      if (next > lookup.length) throw new Malformed('the codes of a table overlap');
      lookup.fill((symbol << 5) | size, first, next);
      code += 1;
    }
    code <<= 1;
  }
  return { lookup, width: longest };
}

/** Undoes Huffman coding, run lengths and move-to-front: returns the bytes of the transform, and how often each is there. */
function readTransformed(bits: Bits, symbols: Uint8Array, { selectors, codes }: Tables, most: number) {
  const transformed = new Uint8Array(most);
  const counts = new Uint32Array(256);
  const front = Uint8Array.from(symbols);
  const endOfBlock = symbols.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  const endRun = () => {
    if (length + run > most) throw new Malformed('a block is too long');
    const byte = front[0] ?? 0;
    transformed.fill(byte, length, length + run);
    counts[byte] = (counts[byte] ?? 0) + run;
    length += run;
    run = 0;
    weight = 1;
  };
  for (let group = 0; group < selectors.length; group += 1) {
    const { lookup, width } = codes[selectors[group] ?? 0] as Code;
    for (let one = 0; one < SELECTED; one += 1) {
      const found = lookup[bits.peek(width)] ?? 0;
      if (found === 0 || bits.left <= 0) throw new Malformed('a block has a code that stands for nothing');
      bits.at += found & 31;
      const symbol = found >>> 5;
      if (symbol < 2) {
        run += weight << symbol;
        weight <<= 1;
        if (run > most) throw new Malformed('a run is too long');
        continue;
      }
      if (run > 0) endRun();
      if (symbol === endOfBlock) return { transformed: transformed.subarray(0, length), counts };
      if (length >= most) throw new Malformed('a block is too long');
      const place = symbol - 1;
      const byte = front[place] ?? 0;
      front.copyWithin(1, 0, place);
      front[0] = byte;
      transformed[length] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
      length += 1;
    }
  }
  throw new Malformed('a block has no end');
}
