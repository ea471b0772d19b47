/** Gzip of every kind, and what it is read as: the tests in Node and in workerd hold both runtimes to it. */
import { gzipSync } from 'node:zlib';

const LIMIT = 64 * 1024;

const zipped = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text));
const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** A bomb: a little gzip of 16 MiB of zeros. */
const BOMB = zipped('\0'.repeat(16 * 1024 * 1024));
const CONFIG = '{"ignition":{"version":"3.4.0"}}';

export interface GzipCase {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly limit: number;
  /** The text, or the reason why there is none. */
  readonly wanted: { readonly text: string } | 'too-large' | 'bad-gzip';
}

const kase = (name: string, bytes: Uint8Array<ArrayBuffer>, wanted: GzipCase['wanted']): GzipCase => ({
  ...{ name, bytes, limit: LIMIT, wanted },
});

export const gzipCases: readonly GzipCase[] = [
  kase('a config', zipped(CONFIG), { text: CONFIG }),
  kase('nothing', zipped(''), { text: '' }),
  kase('exactly the limit', zipped('a'.repeat(LIMIT)), { text: 'a'.repeat(LIMIT) }),
  kase('one byte over the limit', zipped('a'.repeat(LIMIT + 1)), 'too-large'),
  kase('a bomb', BOMB, 'too-large'),
  kase('a bomb behind a good member', joined(zipped(CONFIG), BOMB), 'too-large'),
  kase('two members', joined(zipped('{"a"'), zipped(':1}')), 'bad-gzip'),
  kase('garbage behind it', joined(zipped(CONFIG), new Uint8Array([1, 2, 3])), 'bad-gzip'),
  kase('zeros behind it', joined(zipped(CONFIG), new Uint8Array(8)), 'bad-gzip'),
  kase('half of it', zipped(CONFIG).slice(0, 20), 'bad-gzip'),
  kase('the magic alone', new Uint8Array([0x1f, 0x8b]), 'bad-gzip'),
  kase('a wrong checksum', zipped(CONFIG).with(-5, 1), 'bad-gzip'),
];
