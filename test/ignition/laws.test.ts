/** Laws of translating and combining, over generated configs of every version. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { type ParsedConfig, parseConfig } from '../../src/ignition/parse.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import { Report } from '../../src/ignition/report.ts';
import { SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV3 } from '../../src/ignition/translate-v3.ts';
import { validateV3 } from '../../src/ignition/validate-v3.ts';

const NEWEST = 6;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const path = fc.constantFrom('/a', '/b', '/c/d', '/e');
const owner = fc.constantFrom<object | undefined>(undefined, { id: 1 }, { name: 'core' });

const file3 = fc.record({
  path,
  mode: maybe(fc.nat(511)),
  user: owner,
  contents: maybe(fc.constantFrom({ source: 'data:,x' }, { source: 'http://h/x' }, { source: '' })),
});
const unit = fc.record({ name: fc.constantFrom('a.service', 'b.timer'), mask: maybe(fc.boolean()) });
const user = fc.record({
  name: fc.constantFrom('core', 'other'),
  sshAuthorizedKeys: maybe(fc.uniqueArray(fc.constantFrom('k1', 'k2'), { minLength: 1 })),
});
const disk = fc.record({
  device: fc.constantFrom('/dev/a', '/dev/b'),
  partitions: maybe(fc.constantFrom([{ number: 1 }], [{ label: 'x', sizeMiB: 5 }])),
});
const by = <T>(item: fc.Arbitrary<T>, key: (value: T) => string) =>
  fc.uniqueArray(item, { selector: key, maxLength: 3 });

const v3 = (minor: number) =>
  fc
    .record({
      files: by(file3, (item) => item.path),
      units: by(unit, ({ name }) => name),
      users: by(user, ({ name }) => name),
      disks: by(disk, ({ device }) => device),
    })
    .map(({ files, units, users, disks }) => ({
      ignition: { version: `3.${minor}.0` },
      storage: { files, disks },
      systemd: { units },
      passwd: { users },
    }));
const v2 = (minor: number) =>
  fc
    .record({
      files: by(file3, (item) => item.path),
      units: by(unit, ({ name }) => name),
      users: by(user, ({ name }) => name),
    })
    .map(({ files, units, users }) => ({
      ignition: { version: `2.${minor}.0` },
      storage: { files: files.map((node) => ({ filesystem: 'root', ...node })) },
      systemd: { units },
      passwd: { users },
    }));
const any = fc.oneof(fc.nat(NEWEST).chain(v3), fc.nat(4).chain(v2));

function read(config: object): ParsedConfig {
  const parsed = parseConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

describe('translating', () => {
  it('to a higher minor keeps validity and meaning', () => {
    fc.assert(
      fc.property(
        fc.nat(NEWEST).chain((from) => fc.tuple(v3(from), fc.integer({ min: from, max: NEWEST }))),
        ([config, to]) => {
          const parsed = read(config);
          if (parsed.major !== 3) throw new Error('not spec 3');
          const translated = translateV3(parsed.config, parsed.minor, to);
          const report = new Report();
          validateV3(translated, to, report);
          expect(report.entries.filter(({ severity }) => severity === 'error')).toEqual([]);
          const plain = (minor: number, value: unknown) => {
            const { ignition: _version, ...rest } = plainConfig(SCHEMAS_V3[minor] as never, value);
            return rest;
          };
          expect(plain(to, translated)).toEqual(plain(parsed.minor, parsed.config));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('combining', () => {
  const empty = read({ ignition: { version: '3.0.0' } });

  it('with nothing changes nothing but the version', () => {
    fc.assert(
      fc.property(any, (config) => {
        const [before, after] = [
          combine([empty, read(config)], 'ignition'),
          combine([read(config), empty], 'ignition'),
        ];
        expect(before.ok && after.ok && JSON.stringify(before.value.config)).toBe(
          after.ok && JSON.stringify(after.value.config),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('gives a valid config, or names what became invalid', () => {
    let invalid = 0;
    fc.assert(
      fc.property(any, any, (parent, child) => {
        const combined = combine([read(parent), read(child)], 'ignition');
        if (combined.ok) {
          expect(parseConfig(JSON.stringify(combined.value.config)).ok).toBe(true);
          return;
        }
        invalid += 1;
        const errors = combined.error.entries.filter(({ severity }) => severity === 'error');
        expect(errors.length).toBeGreaterThan(0);
        for (const { path: where } of errors) expect(where).toMatch(/^storage\.(files|disks)\.\d+/);
      }),
      { numRuns: 1000 },
    );
    expect(invalid).toBeGreaterThan(0);
  });

  it('is the same whichever two of three come first', () => {
    fc.assert(
      fc.property(v3(4), v3(4), v3(4), (x, y, z) => {
        const both = (a: object, b: object) => {
          const combined = combine([read(a), read(b)], 'ignition');
          return combined.ok ? combined.value.config : undefined;
        };
        const [xy, yz] = [both(x, y), both(y, z)];
        const [left, right] = [xy && both(xy, z), yz && both(x, yz)];
        if (left !== undefined && right !== undefined) expect(left).toEqual(right);
      }),
      { numRuns: 300 },
    );
  });
});
