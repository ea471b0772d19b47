/** Several layers before the user data: they merge as one after the other does, and each leaf knows the layer that it is of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { compose } from '../../src/ignition/compose.ts';
import { type ParsedConfig, parseConfig } from '../../src/ignition/parse.ts';

const config = (version: string, rest: object = {}) => JSON.stringify({ ignition: { version }, ...rest });
const parsed = (text: string): ParsedConfig => {
  const read = parseConfig(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
};

/** A config of spec 3 whose every value says which layer it is of; kernel arguments of one layer take others' away. */
const layerOf = (name: string) =>
  fc
    .record({
      paths: fc.uniqueArray(fc.constantFrom('/a', '/b', '/c', '/d'), { maxLength: 4 }),
      links: fc.uniqueArray(fc.constantFrom('/e', '/f', '/a2'), { maxLength: 3 }),
      units: fc.uniqueArray(fc.constantFrom('x.service', 'y.service'), { maxLength: 2 }),
      exists: fc.uniqueArray(fc.constantFrom('p', 'q'), { maxLength: 2 }),
      keys: fc.uniqueArray(fc.constantFrom('k1', 'k2'), { maxLength: 2 }),
    })
    .map(({ paths, links, units, exists, keys }) =>
      config('3.4.0', {
        storage: {
          files: paths.map((path) => ({ path, contents: { source: `data:,${name}` } })),
          links: links.map((path) => ({ path, target: `/${name}` })),
        },
        systemd: { units: units.map((unit) => ({ name: unit, contents: `# ${name}` })) },
        kernelArguments: { shouldExist: exists.map((text) => `${text}=${name}`) },
        passwd: { users: [{ name: 'core', sshAuthorizedKeys: keys.map((key) => `${key}-${name}`) }] },
      }),
    );
const NAMES = ['base:one', 'base:two', 'base:three', 'user'];
const four = fc.tuple(layerOf('0'), layerOf('1'), layerOf('2'), layerOf('3'));

describe('four layers', () => {
  it('give what merging them one after the other gives', () => {
    fc.assert(
      fc.property(four, ([first, ...others]) => {
        let step = first;
        for (const other of others) {
          const both = combine([parsed(step), parsed(other)], 'ignition');
          if (!both.ok) throw new Error(JSON.stringify(both.error));
          step = JSON.stringify(both.value.config);
        }
        const [one, two, three] = others as [string, string, string];
        const all = combine([parsed(first), parsed(one), parsed(two), parsed(three)], 'ignition');
        expect(all.ok && all.value.config).toEqual(JSON.parse(step));
      }),
      { numRuns: 300 },
    );
  });

  it('and each value names the layer that it says it is of', () => {
    let values = 0;
    fc.assert(
      fc.property(four, ([one, two, three, user]) => {
        const base = [one, two, three].map((text, at) => ({ layer: NAMES[at] ?? '', text }));
        const composed = compose({ base, user }, 'ignition');
        if (!composed.ok) throw new Error(JSON.stringify(composed.error));
        const whole = JSON.parse(composed.value.text);
        for (const { path, layer } of composed.value.parts()) {
          const value: unknown = path.split('.').reduce((inner, step) => inner?.[step], whole);
          const said = /^(?:data:,|\/|# |[a-z0-9]+[=-])([0-3])$/.exec(String(value))?.[1];
          if (said === undefined) continue;
          values += 1;
          expect([path, layer]).toEqual([path, NAMES[Number(said)]]);
        }
      }),
      { numRuns: 500 },
    );
    expect(values).toBeGreaterThan(2000);
  });
});

it('a removal moves what comes after it, and its layer is still known', () => {
  const keys = (...names: string[]) => config('3.3.0', { kernelArguments: { shouldExist: names } });
  const drop = config('3.3.0', { kernelArguments: { shouldNotExist: ['a'] } });
  const base = [keys('a', 'b'), drop, keys('c')].map((text, at) => ({ layer: `base:${at}`, text }));
  const composed = compose({ base, user: keys('d') }, 'ignition');
  if (!composed.ok) throw new Error(JSON.stringify(composed.error));
  expect(JSON.parse(composed.value.text).kernelArguments.shouldExist).toEqual(['b', 'c', 'd']);
  expect(composed.value.parts().filter(({ path }) => path.includes('shouldExist'))).toEqual([
    { path: 'kernelArguments.shouldExist.0', layer: 'base:0' },
    { path: 'kernelArguments.shouldExist.1', layer: 'base:2' },
    { path: 'kernelArguments.shouldExist.2', layer: 'user' },
  ]);
});

it('only the result of all is judged, as Ignition does', () => {
  const broken = config('3.0.0', { storage: { files: [{ path: '/a', append: [{ source: 'data:,x' }] }] } });
  const other = config('3.0.0', { storage: { links: [{ path: '/a', target: '/b' }] } });
  const mends = config('3.0.0', { storage: { files: [{ path: '/a' }] } });
  const base = (...texts: string[]) => texts.map((text, at) => ({ layer: `base:${at}`, text }));
  expect(compose({ base: base(broken, other), user: mends }, 'ignition').ok).toBe(true);
});

it('the version is the newest of all, and of that layer where one alone is newest', () => {
  const base = ['3.0.0', '3.4.0', '3.1.0'].map((version, at) => ({ layer: `base:${at}`, text: config(version) }));
  const composed = compose({ base, user: config('3.2.0') }, 'ignition');
  expect(composed.ok && [composed.value.version, composed.value.parts()]).toEqual([
    '3.4.0',
    [{ path: 'ignition.version', layer: 'base:1' }],
  ]);
});

it('the legacy engine appends them in order', () => {
  const file = (path: string) => config('2.2.0', { storage: { files: [{ filesystem: 'root', path }] } });
  const base = ['/a', '/b', '/c'].map((path, at) => ({ layer: `base:${at}`, text: file(path) }));
  const composed = compose({ base, default: { layer: 'default:x', text: file('/d') } }, 'legacy');
  expect(composed.ok && composed.value.parts().filter(({ path }) => path.endsWith('path'))).toEqual([
    { path: 'storage.files.0.path', layer: 'base:0' },
    { path: 'storage.files.1.path', layer: 'base:1' },
    { path: 'storage.files.2.path', layer: 'base:2' },
    { path: 'storage.files.3.path', layer: 'default:x' },
  ]);
});

it('a fault names its layer', () => {
  const base = [
    { layer: 'base:one', text: config('3.0.0') },
    { layer: 'base:two', text: '{"ignition":{}}' },
  ];
  const composed = compose({ base, user: config('3.0.0') }, 'ignition');
  expect(!composed.ok && composed.error.entries.map(({ layer }) => layer)).toContain('base:two');
});
