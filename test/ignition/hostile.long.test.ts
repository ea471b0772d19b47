/** Configs made to hurt: an answer in bounded time, never a crash, never a changed prototype. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { compose } from '../../src/ignition/compose.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { anyText } from '../fuzz/near-text.ts';

const config = (rest: string) => `{"ignition":{"version":"3.4.0"}${rest}}`;
const many = (count: number, item: (index: number) => object) =>
  JSON.stringify(Array.from({ length: count }, (_, i) => item(i)));
const parsed = (text: string) => {
  const result = parseConfig(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error).slice(0, 500));
  return result.value;
};

describe('size', () => {
  // Each of these took minutes, or never ended, where work grows with the square; the test's own time limit tells.
  it.each<[string, string, boolean]>([
    ['100,000 files', `,"storage":{"files":${many(100_000, (i) => ({ path: `/f/${i}` }))}}`, true],
    [
      '50,000 files and 50,000 links',
      `,"storage":{"files":${many(50_000, (i) => ({ path: `/f/${i}` }))},"links":${many(50_000, (i) => ({ path: `/l/${i}`, target: '/t' }))}}`,
      true,
    ],
    [
      '100,000 partitions that all overlap',
      `,"storage":{"disks":[{"device":"/dev/a","partitions":${many(100_000, (i) => ({ number: i + 1, startMiB: 1, sizeMiB: 5 }))}}]}`.replace(
        '}}]}',
        '}]}',
      ),
      false,
    ],
    [
      '50,000 disks and file systems',
      `,"storage":{"disks":${many(50_000, (i) => ({ device: `/dev/${i}` }))},"filesystems":${many(50_000, (i) => ({ device: `/dev/${i}` }))}}`,
      true,
    ],
    [
      '50,000 instances enabled',
      `,"systemd":{"units":${many(50_000, (i) => ({ name: `a@${i}.service`, enabled: true }))}}`,
      true,
    ],
    ['200,000 unknown keys', `,${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join()}`, true],
    [
      'a path of 4 MB',
      `,"storage":{"files":[{"path":"/${'a/'.repeat(2_000_000)}"}],"links":[{"path":"/x","target":"/y"}]}`,
      false,
    ],
    [
      'a string of 5 MB',
      `,"storage":{"files":[{"path":"/a","contents":{"source":"data:,${'a'.repeat(5_000_000)}"}}]}`,
      true,
    ],
    ...(
      [
        ['base64', `;base64,${'AAAA'.repeat(1_250_000)}`, true],
        ['base64 that is none', `;base64,${'AAAA'.repeat(1_250_000)}!`, false],
        ['escapes', `,${'%41'.repeat(1_600_000)}`, true],
        ['a quoted parameter', `;a="${'\\\\b'.repeat(1_600_000)}",x`, true],
        ['parameters', `${';a=b'.repeat(1_250_000)},x`, true],
      ] as const
    ).map(([name, url, ok]): [string, string, boolean] => [
      `a data URL with 5 MB of ${name}`,
      `,"storage":{"files":[{"path":"/a","contents":{"source":${JSON.stringify(`data:${url}`)}}}]}`,
      ok,
    ]),
  ])('%s', (_name, rest, ok) => {
    const result = parseConfig(config(rest));
    expect(result.ok).toBe(ok);
    if (result.ok) expect(result.value.entries.length).toBeLessThanOrEqual(1001);
  });

  it('50,000 instances of a template of 3 MB', () => {
    const template = { name: 'a@.service', contents: `[Unit]\n${'A=b\n'.repeat(800_000)}` };
    const instances = Array.from({ length: 50_000 }, (_, index) => ({ name: `a@${index}.service`, enabled: true }));
    const { entries } = parsed(
      JSON.stringify({ ...JSON.parse(config('')), systemd: { units: [template, ...instances] } }),
    );
    expect(entries).toHaveLength(1001);
  });
  it('spec 1 with 60,000 file systems, each with something wrong', () => {
    const filesystems = Array.from({ length: 60_000 }, () => ({
      device: '/d',
      format: 'ext4',
      files: [{ path: 'x' }],
    }));
    expect(parseConfig(JSON.stringify({ ignitionVersion: 1, storage: { filesystems } })).ok).toBe(false);
  });
  it('spec 2 with 60,000 units of one name', () => {
    const units = Array.from({ length: 60_000 }, (_, index) => ({
      name: 'a.service',
      dropins: [{ name: `${index}.conf` }],
    }));
    const text = JSON.stringify({ ignition: { version: '2.4.0' }, systemd: { units } });
    expect(compose({ base: text, user: config('') }, 'ignition').ok).toBe(true);
  });
  it('two paths of 3 MB of slashes below 100 links', () => {
    const links = Array.from({ length: 100 }, (_, index) => ({ path: `/l${index}`, target: '/t' }));
    const files = ['/'.repeat(3_000_000), `/${'/'.repeat(3_000_000)}`].map((path) => ({ path }));
    expect(parseConfig(JSON.stringify({ ...JSON.parse(config('')), storage: { links, files } })).ok).toBe(false);
  });
  it('two configs of 50,000 files each', () => {
    const side = parsed(config(`,"storage":{"files":${many(50_000, (i) => ({ path: `/f/${i}` }))}}`));
    expect(combine([side, side], 'ignition').ok).toBe(true);
  });
  it('nesting 10,000 and 1,000,000 deep', () => {
    for (const depth of [10_000, 1_000_000]) {
      expect(parseConfig(config(`,"x":${'['.repeat(depth)}${']'.repeat(depth)}`)).ok).toBe(false);
      expect(parseConfig('{"a":'.repeat(depth)).ok).toBe(false);
    }
  });
});

describe('names', () => {
  it('__proto__ and constructor are names like any other', () => {
    const text = config(',"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}');
    const { entries } = parsed(text);
    expect(entries.map(({ path, severity }) => `${severity} ${path}`)).toEqual([
      'warning __proto__',
      'warning constructor',
    ]);
    const path = config(',"storage":{"files":[{"path":"/__proto__"}],"disks":[{"device":"/__proto__"}]}');
    expect(combine([parsed(text), parsed(path)], 'ignition').ok).toBe(true);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(
      combine([parsed('{"ignition":{"version":"2.4.0"},"__proto__":{"polluted":1}}'), parsed(path)], 'ignition').ok,
    ).toBe(true);
  });
  it('half a surrogate pair is U+FFFD, as the reference reads it', () => {
    const { config: read } = parsed(config(',"passwd":{"users":[{"name":"\\ud800x"}]}'));
    expect(JSON.stringify(read)).toContain('\ufffdx');
  });
});

describe('anything at all', () => {
  it('never throws on any text', () => {
    fc.assert(
      fc.property(anyText(200), (text) => {
        parseConfig(text);
        compose({ base: text, user: text, default: text }, 'ignition');
      }),
      { numRuns: 1000 },
    );
  });

  const keys = fc.constantFrom(
    'ignition',
    'version',
    'storage',
    'files',
    'path',
    'passwd',
    'users',
    'name',
    'Systemd',
    'units',
    'config',
    'merge',
    'source',
    '__proto__',
    'disks',
    'partitions',
    'filesystems',
    'mount',
    'ignitionVersion',
  );
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      '1.0.0',
      '2.0.0',
      '2.4.0',
      '3.0.0',
      '3.4.0',
      '3.7.0-experimental',
      '/a',
      '',
      null,
      1,
      -1,
      1.5,
      true,
    ),
    fc.string({ maxLength: 5 }),
  );
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(keys, tie('node'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).node;
  it('never throws on anything that looks like a config, whichever engine', () => {
    fc.assert(
      fc.property(
        fc.dictionary(keys, tree),
        fc.constantFrom('1', '2.0.0', '2.2.0', '2.4.0', '3.0.0', '3.2.0', '3.6.0'),
        (rest, version) => {
          const stated = version === '1' ? { ignitionVersion: 1 } : { ignition: { version } };
          const text = JSON.stringify({ ...rest, ...stated });
          const other =
            '{"ignition":{"version":"2.4.0"},"storage":{"files":[{"filesystem":"root","path":"/a","mode":1}]}}';
          for (const engine of ['ignition', 'legacy'] as const) {
            const result = compose({ base: other, user: text }, engine);
            if (result.ok) {
              // What comes out is a config again.
              expect(parseConfig(result.value.text).ok).toBe(true);
            } else expect(result.error.entries.some(({ severity }) => severity === 'error')).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
