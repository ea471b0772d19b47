/** YAML that is made to hurt: refused by a named limit, or read within a heap that is smaller than that of a Worker. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { transpileCt } from '../../src/butane/ct/transpile.ts';

const HEAD = 'variant: flatcar\nversion: 1.1.0\n';
const said = (text: string) => {
  const made = transpileButane(text, { strict: false, gzip: 'plain' });
  return made.ok ? 'read' : made.error.error;
};

describe('limits of YAML', () => {
  it.each([
    ['a megabyte of keys', 'a: 1\n'.repeat(200_000), /over 262144 bytes, the limit for YAML/],
    ['256 KiB of characters of two bytes', `# ${'é'.repeat(140_000)}\n${HEAD}`, /over 262144 bytes/],
    ['a list of 100,000', `${HEAD}a: [${'1,'.repeat(100_000)}1]\n`, /over 100000 tokens, the limit for YAML/],
    ['lists in lists', `${HEAD}a:\n${'- '.repeat(100_000)}`, /nested deeper than 200/],
    ['brackets in brackets', `${HEAD}a: ${'['.repeat(100_000)}`, /nested deeper than 200/],
    ['keys in keys', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''), /nested deeper/],
    [
      'an alias of 200 kB, 200 times',
      `${HEAD}a: &a "${'x'.repeat(200_000)}"\nb: [${'*a, '.repeat(200)}]\n`,
      /excessive aliasing/,
    ],
    [
      'aliases of aliases',
      `${HEAD}a0: &a0 [x, x]\n${Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(10)}]\n`).join('')}`,
      /excessive aliasing/,
    ],
    [
      'maps in maps through aliases',
      `a0: &a0 {a: 1}\n${Array.from({ length: 300 }, (_, at) => `a${at + 1}: &a${at + 1} {a: *a${at}}\n`).join('')}`,
      /nested deeper/,
    ],
  ])('%s', (_name, text, message) => expect(said(text)).toMatch(message));

  it.each([
    ['60,000 documents, of which the first counts', `${HEAD}storage: {}\n${'---\n'.repeat(60_000)}`],
    ['a first document before one that is broken', `${HEAD}storage: {}\n---\na: [`],
    ['a first document before one that has too many tokens', `${HEAD}storage: {}\n---\n${'[1,'.repeat(80_000)}`],
    [
      'a map that is merged 5,000 times',
      `${HEAD}z: &z {a: 1}\n${Array.from({ length: 5000 }, (_, at) => `k${at}: {<<: *z}\n`).join('')}`,
    ],
  ])('%s: read', (_name, text) => expect(said(text)).toBe('read'));

  it('maps that merge each the one before twice are read by ct', () => {
    const text = Array.from({ length: 60 }, (_, at) =>
      at === 0 ? 'm0: &m0 {a: 1}\n' : `m${at}: &m${at}\n  <<: [*m${at - 1}, *m${at - 1}]\n`,
    ).join('');
    const made = transpileCt(text, { strict: false, platform: '' });
    expect(made.ok ? '' : made.error.entries[0]?.message).toMatch(/excessive aliasing/);
  });
});

describe('a heap of 118 MB', () => {
  // The densest texts that are just within both limits.
  it.each([
    ['commas', "'a: [' + ','.repeat(99_900) + ']'"],
    ['aliases', "'a: &a 1\\nb: [' + '*a,'.repeat(49_900) + ']'"],
    ['empty maps', "'a: [' + '{},'.repeat(33_200) + ']'"],
    ['quotes', "'a: [' + \"'',\".repeat(49_900) + ']'"],
    ['files', "'storage:\\n  files:\\n' + Array.from({length: 9900}, (_, i) => '  - path: /' + i + '\\n').join('')"],
    ['files by alias', "'z: &z {path: /a, contents: {inline: a}}\\nstorage: {files: [' + '*z,'.repeat(40_000) + ']}'"],
    ['documents', "'---\\n'.repeat(65_000)"],
  ])('is enough for %s', { timeout: 120_000 }, (_name, made) => {
    const room = join(import.meta.dirname, '..', '..', 'src', 'butane');
    const script = `
      import { transpileButane } from ${JSON.stringify(join(room, 'butane', 'transpile.ts'))};
      import { transpileCt } from ${JSON.stringify(join(room, 'ct', 'transpile.ts'))};
      transpileButane(${JSON.stringify(HEAD)} + ${made}, { strict: false, gzip: 'plain' });
      transpileCt(${made}, { strict: false, platform: '' });
    `;
    const run = spawnSync(process.execPath, ['--max-old-space-size=118', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect([run.status, run.stderr.includes('heap out of memory')]).toEqual([0, false]);
  });
});
