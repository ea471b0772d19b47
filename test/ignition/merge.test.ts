/** Merging, by the examples of the language's own rules and by its laws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import { type ConfigV3, SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV3 } from '../../src/ignition/translate-v3.ts';

const [SCHEMA] = SCHEMAS_V3.slice(5);
if (SCHEMA === undefined) throw new Error('no schema');
const schema = SCHEMA as never;
const EMPTY: ConfigV3 = { ignition: { version: '3.5.0' } };

function read(rest: object): ConfigV3 {
  const parsed = parseConfig(JSON.stringify({ ignition: { version: '3.5.0' }, ...rest }));
  if (!parsed.ok || parsed.value.major !== 3) throw new Error(JSON.stringify(parsed));
  return parsed.value.config;
}

const merge = (parent: ConfigV3, child: ConfigV3): ConfigV3 => mergeConfigs<ConfigV3>(schema, parent, child).config;
const shown = (config: ConfigV3) => {
  const { ignition: _version, ...rest } = plainConfig(schema, config);
  return rest;
};
const storage = (lists: object) => ({ storage: lists });
const source = (text: string) => ({ source: `data:,${text}` });

const EXAMPLES: readonly [name: string, parent: object, child: object, merged: object][] = [
  [
    'files keep the place of the parent, new ones follow',
    storage({
      files: [
        { path: '/a', mode: 384 },
        { path: '/b', mode: 420 },
      ],
    }),
    storage({ files: [{ path: '/c' }, { path: '/b', mode: 493 }, { path: '/a', overwrite: false }] }),
    storage({ files: [{ path: '/a', overwrite: false, mode: 384 }, { path: '/b', mode: 493 }, { path: '/c' }] }),
  ],
  [
    'a path that changes its type inherits nothing',
    storage({ files: [{ path: '/x', mode: 1 }, { path: '/y' }] }),
    storage({ links: [{ path: '/x', target: '/y' }] }),
    storage({ files: [{ path: '/y' }], links: [{ path: '/x', target: '/y' }] }),
  ],
  [
    'appended lists only grow',
    storage({ files: [{ path: '/a', append: [source('1'), source('2')] }] }),
    storage({ files: [{ path: '/a', append: [source('2'), source('3')] }] }),
    storage({ files: [{ path: '/a', append: [source('1'), source('2'), source('2'), source('3')] }] }),
  ],
  [
    'kernel arguments move between their lists',
    { kernelArguments: { shouldExist: ['a', 'b'], shouldNotExist: ['x'] } },
    { kernelArguments: { shouldExist: ['x', 'c'], shouldNotExist: ['a'] } },
    { kernelArguments: { shouldExist: ['b', 'x', 'c'], shouldNotExist: ['a'] } },
  ],
  [
    "a header without a value takes the parent's away",
    storage({
      files: [
        {
          path: '/a',
          contents: {
            source: 'http://h/',
            httpHeaders: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
          },
        },
      ],
    }),
    storage({
      files: [
        { path: '/a', contents: { source: 'http://h/', httpHeaders: [{ name: 'B' }, { name: 'C', value: '9' }] } },
      ],
    }),
    storage({
      files: [
        {
          path: '/a',
          contents: {
            source: 'http://h/',
            httpHeaders: [
              { name: 'A', value: '1' },
              { name: 'C', value: '9' },
            ],
          },
        },
      ],
    }),
  ],
  [
    'a new source inherits the hash that went with the old one',
    storage({
      files: [
        {
          path: '/a',
          contents: { source: 'data:,1', compression: 'gzip', verification: { hash: `sha512-${'a'.repeat(128)}` } },
        },
      ],
    }),
    storage({ files: [{ path: '/a', contents: { source: 'data:,2' } }] }),
    storage({
      files: [
        {
          path: '/a',
          contents: { source: 'data:,2', compression: 'gzip', verification: { hash: `sha512-${'a'.repeat(128)}` } },
        },
      ],
    }),
  ],
  [
    'null keeps, the empty string overrides',
    { systemd: { units: [{ name: 'a.service', enabled: true, contents: '[Unit]\n' }] } },
    { systemd: { units: [{ name: 'a.service', enabled: null, contents: '' }] } },
    { systemd: { units: [{ name: 'a.service', enabled: true, contents: '' }] } },
  ],
  [
    'partitions by number, else by label',
    storage({
      disks: [
        {
          device: '/dev/a',
          partitions: [{ number: 1, label: 'root' }, { number: 2, label: 'var', sizeMiB: 200 }, { label: 'tail' }],
        },
      ],
    }),
    storage({
      disks: [
        {
          device: '/dev/a',
          partitions: [
            { number: 2, label: 'data' },
            { label: 'tail', sizeMiB: 5 },
          ],
        },
      ],
    }),
    storage({
      disks: [
        {
          device: '/dev/a',
          partitions: [
            { number: 1, label: 'root' },
            { number: 2, label: 'data', sizeMiB: 200 },
            { label: 'tail', sizeMiB: 5 },
          ],
        },
      ],
    }),
  ],
];

describe('merging', () => {
  it.each(EXAMPLES)('%s', (_name, parent, child, merged) => {
    expect(shown(merge(read(parent), read(child)))).toEqual(merged);
  });

  it('tells which input each part came from', () => {
    const parent = read(
      storage({
        files: [
          { path: '/a', mode: 1 },
          { path: '/b', mode: 2 },
        ],
      }),
    );
    const child = read(storage({ files: [{ path: '/b', mode: 3 }] }));
    const { origins } = mergeConfigs<ConfigV3>(schema, parent, child);
    expect(origins.of('storage.files.0.mode')?.origin).toBe('parent');
    expect(origins.of('storage.files.1.mode')?.origin).toBe('child');
  });
});

const path = fc.constantFrom('/a', '/b', '/c', '/d');
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const unique = <T>(item: fc.Arbitrary<T>, key: (value: T) => string) =>
  fc.uniqueArray(item, { selector: key, maxLength: 4 });
const file = fc.record({
  path,
  mode: maybe(fc.nat(511)),
  append: maybe(fc.array(fc.record({ source: fc.constant('data:,x') }), { minLength: 1, maxLength: 2 })),
});
const unit = fc.record({
  name: fc.constantFrom('a.service', 'b.service'),
  enabled: maybe(fc.boolean()),
  mask: maybe(fc.boolean()),
});
const config = fc
  .record({
    files: unique(file, (item) => item.path),
    units: unique(unit, (item) => item.name),
    keys: fc.uniqueArray(fc.constantFrom('k1', 'k2', 'k3'), { minLength: 1, maxLength: 3 }),
    uid: maybe(fc.nat(100)),
  })
  .map(({ files, units, keys, uid }) => ({
    storage: { files },
    systemd: { units },
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: keys, uid }] },
  }));
const configs = config.map((plain) => read(JSON.parse(JSON.stringify(plain)) as object));

describe('the laws of merging', () => {
  const same = (a: ConfigV3, b: ConfigV3): void => {
    expect(JSON.stringify(plainConfig(schema, a))).toBe(JSON.stringify(plainConfig(schema, b)));
  };

  it('nothing merged with x, and x with nothing, is x', () => {
    fc.assert(
      fc.property(configs, (x) => {
        same(merge(x, EMPTY), x);
        same(merge(EMPTY, x), x);
      }),
      { numRuns: 300 },
    );
  });

  it('x merged with itself is x, but for what is appended', () => {
    const withoutAppends = config.map(({ storage: { files }, ...rest }) => ({
      ...rest,
      storage: { files: files.map(({ append: _none, ...item }) => item) },
    }));
    fc.assert(
      fc.property(withoutAppends, (plain) => {
        const x = read(JSON.parse(JSON.stringify(plain)) as object);
        same(merge(x, x), x);
      }),
      { numRuns: 300 },
    );
  });

  it('it does not matter which two of three are merged first', () => {
    fc.assert(
      fc.property(configs, configs, configs, (x, y, z) => same(merge(merge(x, y), z), merge(x, merge(y, z)))),
      { numRuns: 300 },
    );
  });

  it('changes neither input', () => {
    fc.assert(
      fc.property(configs, configs, (x, y) => {
        const before = JSON.stringify([x, y]);
        merge(x, y);
        expect(JSON.stringify([x, y])).toBe(before);
      }),
      { numRuns: 300 },
    );
  });

  it('what is rendered is read back as the same, and gives the same bytes', () => {
    fc.assert(
      fc.property(configs, (x) => {
        const text = JSON.stringify(plainConfig(schema, x));
        const again = parseConfig(text);
        if (!again.ok) throw new Error('not valid any more');
        expect(JSON.stringify(plainConfig(schema, again.value.config))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

describe('translation to a higher version', () => {
  it('masks special bits from 3.6 on, and loses advertisements at 3.5, as the reference does', () => {
    const parsed = parseConfig(
      JSON.stringify({
        ignition: { version: '3.4.0' },
        storage: {
          files: [{ path: '/a', mode: 0o4755 }],
          luks: [
            {
              name: 'd',
              device: '/dev/d',
              clevis: { tang: [{ url: 'http://t', thumbprint: 'x', advertisement: '{}' }] },
            },
          ],
        },
      }),
    );
    if (!parsed.ok || parsed.value.major !== 3) throw new Error('invalid');
    const { config: old } = parsed.value;
    expect(translateV3(old, 4, 4).storage?.luks?.[0]?.clevis?.tang?.[0]?.advertisement).toBe('{}');
    expect(translateV3(old, 4, 5)).toMatchObject({
      ignition: { version: '3.5.0' },
      storage: { files: [{ mode: 0o4755 }] },
    });
    expect(translateV3(old, 4, 5).storage?.luks?.[0]?.clevis?.tang?.[0]?.advertisement).toBeUndefined();
    expect(translateV3(old, 4, 6).storage?.files?.[0]?.mode).toBe(0o755);
  });
});
