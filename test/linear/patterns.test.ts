/** No regular expression of the Worker can do more than linear work, but for those that are named here with a reason. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { literalsIn, suspicionsOf } from './patterns.ts';

const root = join(import.meta.dirname, '..', '..', 'src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.tsx?$/.test(name) && !name.endsWith('env.d.ts'),
);

const SIGN_BETWEEN = 'a sign that the first repetition cannot take stands at the beginning of the second';
/** Every suspicious one, and why it is linear all the same. */
const LINEAR: Readonly<Record<string, string>> = {
  [String.raw`butane/butane/transpile.ts: ^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-.]*))?(?:\+([0-9A-Za-z-.]*))?$`]:
    SIGN_BETWEEN,
  [String.raw`ignition/version.ts: ^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-.]*))?(?:\+([0-9A-Za-z-.]*))?$`]: SIGN_BETWEEN,
  [String.raw`butane/ct/times.ts: (\d+|(?=\.\d))(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)`]: SIGN_BETWEEN,
  [String.raw`butane/ct/sizes.ts: ^(\d+(\.\d*)?|\.\d+)`]: SIGN_BETWEEN,
  [String.raw`butane/yaml/scalar.ts: ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`]: SIGN_BETWEEN,
  [String.raw`ignition/json-source.ts: -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`]: SIGN_BETWEEN,
  [String.raw`machines/boot/capability.ts: ^(.+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(0|[1-9]\d{0,14})$`]:
    'from each dot it looks at the two texts behind it, which hold no dot, and it reads only what a MAC proves',
  'releases/path.ts: [?#].*$': 'with the flag s it matches from the first mark on, and cannot fail',
};

describe('the search for suspicious regular expressions', () => {
  it.each([
    ['boot(\\/+\\.?)+[^/]+', ['nested', 'adjacent']],
    ['^(a+)+$', ['nested']],
    ['^[-+]?(0|((\\d+\\.?\\d*|\\.\\d+)(ns|us))+)$', ['adjacent', 'nested']],
    ['^(.+?)@(.+?)\\.service$', ['adjacent']],
    ['\\s*;\\s*', ['begins again']],
    ['BEGIN[\\s\\S]*?END', ['begins again']],
    ['\\{([^}]*)\\}', ['begins again']],
    ['=+$', ['begins again']],
    ['(\\w+)="((?:[^"\\\\]|\\\\.)*)"', ['begins again']],
    ['^\\d+\\s*\\d+$', ['adjacent']],
    ['^a*b?a*$', ['adjacent']],
    ['^(\\d+)\\.(\\d+)\\.(\\d+)$', []],
    ['^[a-z]{1,20}[a-z]+$', []],
    ['[\\r\\n]+', []],
    ['^(?:[a-z]|%[0-9]{2})*$', []],
  ])('%s', (source, wanted) => expect(suspicionsOf(source).sort()).toEqual([...wanted].sort()));

  it('finds the literals of a file, and what only looks like one', () => {
    const text = "const a = /x+/g; // /no/\nconst b = 4 / 2 / 1; f('/no/', /[/]y\\//u);\n/* /no/ */ return /z/";
    expect(literalsIn(text)).toEqual([
      { source: 'x+', flags: 'g' },
      { source: '[/]y\\/', flags: 'u' },
      { source: 'z', flags: '' },
    ]);
  });
});

describe('the source', () => {
  it('has no regular expression that is suspicious and not named here', () => {
    const found: Record<string, string[]> = {};
    let count = 0;
    for (const name of sources) {
      for (const { source, flags } of literalsIn(readFileSync(join(root, name), 'utf8'))) {
        count += 1;
        const suspicions = suspicionsOf(source, flags);
        if (suspicions.length > 0) found[`${name}: ${source}`] = suspicions;
      }
    }
    expect(count).toBeGreaterThan(80);
    expect(found).toEqual(Object.fromEntries(Object.keys(LINEAR).map((key) => [key, expect.any(Array)])));
  });

  it('makes regular expressions of texts in one file alone, whose texts are fixed', () => {
    const making = sources.filter((name) => readFileSync(join(root, name), 'utf8').includes('new RegExp('));
    expect(making).toEqual([join('shared', 'http', 'date.ts')]);
  });
});
