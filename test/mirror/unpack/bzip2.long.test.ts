/** Our reader of bzip2 against bzip2 itself, where it is there, and against texts that are none. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPiece } from '../../../src/mirror/unpack/bzip2.ts';
import { seeded } from '../../support/seeded.ts';

const hasBzip2 = spawnSync('bzip2', ['--version']).error === undefined;

/** Unpacks all of a text, or returns what is wrong with it. */
function unpacked(packed: Uint8Array): Buffer | string {
  const blocks: Uint8Array[] = [];
  let [at, level] = [0, 0];
  for (;;) {
    const piece = readPiece(packed, at, level);
    if (!piece.ok) return piece.error.detail;
    if (piece.value.kind === 'end') return Buffer.concat(blocks);
    for (;;) {
      const bytes = piece.value.block.next();
      if (!bytes.ok) return bytes.error.detail;
      if (bytes.value === undefined) break;
      expect(bytes.value.length).toBeLessThanOrEqual(1024 * 1024);
      blocks.push(bytes.value);
    }
    at = piece.value.next;
    level = piece.value.level;
  }
}

/** `bzip2 -9` of "hello\n", and of nothing. */
const HELLO = Buffer.from(
  '425a6839314159265359c1c080e2000001410000100244a00030cd00c3468629971772459050e060403872',
  'hex',
);
const EMPTY = Buffer.from('425a683917724538509000000000', 'hex');

const packed = (bytes: Uint8Array, level = 9) =>
  execFileSync('bzip2', ['-c', `-${level}`], { input: bytes, maxBuffer: 64 * 1024 * 1024 });

describe('bzip2', () => {
  it('an empty file, and texts that are no bzip2', () => {
    expect(unpacked(EMPTY)).toEqual(Buffer.alloc(0));
    for (const text of ['', 'B', 'BZh', 'BZh0', 'BZh9', 'hello world', 'BZh9hello world hello'])
      expect(typeof unpacked(Buffer.from(text))).toBe('string');
    expect(HELLO.length).toBeGreaterThan(0);
  });

  describe.skipIf(!hasBzip2)('as bzip2 packs it', () => {
    const random = seeded(3);
    const letters = (length: number, of: number) =>
      Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * of)));
    const cases: readonly (readonly [string, Buffer])[] = [
      ['nothing', Buffer.alloc(0)],
      ['one byte', Buffer.from('a')],
      ...[3, 4, 5, 255, 258, 259, 260, 1000].map(
        (length) => [`${length} equal bytes`, Buffer.alloc(length, 7)] as const,
      ),
      ['zeros over many blocks', Buffer.alloc(30_000_000)],
      ['chance over several blocks', randomBytes(2_500_000)],
      ['two letters', letters(400_000, 2)],
      ['runs of every length', Buffer.concat(Array.from({ length: 600 }, (_, at) => Buffer.alloc(at, at)))],
      ['all bytes in turn', Buffer.from(Uint8Array.from({ length: 100_000 }, (_, at) => at))],
      ['a text', Buffer.from('the quick brown fox '.repeat(50_000))],
    ];
    it.each(cases)('%s', (_what, bytes) => {
      for (const level of [1, 9]) {
        const result = unpacked(packed(bytes, level));
        expect(typeof result === 'string' ? result : result.equals(bytes)).toBe(true);
      }
    });

    it('several streams behind each other, as pbzip2 writes them', () => {
      const [a, b] = [randomBytes(1000), Buffer.alloc(2_000_000, 1)];
      const both = unpacked(Buffer.concat([packed(a), packed(b, 2), packed(Buffer.alloc(0)), packed(a)]));
      expect(typeof both === 'string' ? both : both.equals(Buffer.concat([a, b, a]))).toBe(true);
    });

    it('a flipped bit or a cut end is found, and never taken for data', () => {
      const bytes = letters(20_000, 7);
      const whole = packed(bytes);
      for (let at = 0; at < 400; at += 1) {
        const spoilt = Buffer.from(whole);
        const bit = Math.floor(random() * spoilt.length * 8);
        spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = unpacked(spoilt);
        // The check sum of the whole stream is not looked at: the file itself is signed. A block that passes is the block.
        if (typeof result !== 'string') expect([bytes.equals(result), result.length === 0]).toContain(true);
        expect(typeof unpacked(whole.subarray(0, Math.floor(random() * (whole.length - 10))))).toBe('string');
      }
    });
  });
});
