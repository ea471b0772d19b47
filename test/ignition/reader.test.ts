/** Which Ignition reads which spec, and what is served to it: alone and composed. */
import { describe, expect, it } from 'vitest';
import { compose } from '../../src/ignition/compose.ts';
import { lesser, readerNamed, readerOfChannel, readerOfRelease } from '../../src/ignition/reader.ts';

const reader = (text: string) => {
  const named = readerNamed(text);
  if (!named.ok) throw new Error(named.error);
  return named.value;
};

/** The release notes of coreos/ignition: the newest stable spec of each version. */
const READS = [
  ['2.0.0', 0],
  ['2.2.1', 0],
  ['2.3.0', 1],
  ['2.6.0', 1],
  ['2.7.0', 2],
  ['2.10.1', 2],
  ['2.11.0', 3],
  ['2.14.0', 3],
  ['2.15.0', 4],
  ['2.19.0', 4],
  ['2.20.0', 5],
  ['2.22.0', 5],
  ['2.24.0', 5],
  ['2.25.1', 5],
  ['2.26.0', 6],
  ['2.27.0', 6],
] as const;
const MINORS = [0, 1, 2, 3, 4, 5, 6] as const;

const spec = (minor: number) => `3.${minor}.0`;
const inSpec = (minor: number, rest: object = {}) => JSON.stringify({ ignition: { version: spec(minor) }, ...rest });

/** What came with each spec (docs/migrating-configs of coreos/ignition), and the field that a person would name. */
const NEW: readonly (readonly [minor: number, field: string, rest: object])[] = [
  [1, 'ignition.proxy', { ignition: { proxy: { httpProxy: 'http://p' } } }],
  [
    1,
    'storage.files.0.contents.httpHeaders',
    file({ contents: { source: 'http://h/', httpHeaders: [{ name: 'a', value: 'b' }] } }),
  ],
  [2, 'storage.luks', { storage: { luks: [{ name: 'a', device: '/dev/a', keyFile: { source: 'data:,k' } }] } }],
  [
    2,
    'storage.disks.0.partitions.0.resize',
    { storage: { disks: [{ device: '/d', partitions: [{ number: 1, resize: true }] }] } },
  ],
  [2, 'passwd.users.0.shouldExist', { passwd: { users: [{ name: 'u', shouldExist: false }] } }],
  [3, 'kernelArguments', { kernelArguments: { shouldExist: ['a'] } }],
  [4, 'storage.luks.0.openOptions', luks({ openOptions: ['--x'] })],
  [4, 'storage.luks.0.discard', luks({ discard: true })],
  [5, 'storage.luks.0.cex', { storage: { luks: [{ name: 'a', device: '/dev/a', cex: { enabled: true } }] } }],
  [
    5,
    'storage.luks.0.clevis.tang.0.advertisement',
    luks({
      clevis: {
        tang: [
          { url: 'http://t', thumbprint: 't', advertisement: '{"payload": "p", "protected": "q", "signature": "s"}' },
        ],
      },
    }),
  ],
  [6, 'storage.files.0.mode', file({ mode: 0o4755 })],
  [6, 'storage.directories.0.mode', { storage: { directories: [{ path: '/d', mode: 0o1777 }] } }],
];
function file(rest: object) {
  return { storage: { files: [{ path: '/a', ...rest }] } };
}
function luks(rest: object) {
  return { storage: { luks: [{ name: 'a', device: '/dev/a', keyFile: { source: 'data:,k' }, ...rest }] } };
}
const newIn = (minor: number, rest: object) => {
  const { ignition = {}, ...others } = rest as { ignition?: object };
  return JSON.stringify({ ignition: { version: spec(minor), ...ignition }, ...others });
};

describe('a version of Ignition', () => {
  it.each(READS)('%s reads specs up to 3.%i.0', (version, minor) => {
    expect(reader(version)).toEqual({ ignition: version, newestMinor: minor });
  });
  it('of the old kind reads spec 1 and 2 only', () => {
    expect(reader('0.36.1').newestMinor).toBeUndefined();
    const composed = compose({ user: inSpec(0) }, 'ignition', reader('0.36.1'));
    expect(composed).toMatchObject({ ok: false, error: { entries: [{ path: 'ignition.version' }] } });
    // Where there is no config at all, it gets an empty one that it reads.
    expect(compose({}, 'ignition', reader('0.36.1'))).toMatchObject({ ok: true, value: { version: '2.0.0' } });
  });
  it.each(['', '2', '1.2.3', '3.0.0', '2.x', '2.24.0.1', '2.24.0-rc', '2.999999.1', 'ignition'])(
    'is not %j',
    (text) => {
      expect(readerNamed(text)).toEqual({ ok: false, error: 'must be a version of Ignition, such as 2.24.0' });
    },
  );
  it('may leave out its patch, and may begin with v', () => {
    expect(reader('2.24')).toEqual(reader('v2.24.0'));
  });
});

describe('a Flatcar release', () => {
  it.each([
    ['4790.0.0', '2.24.0'],
    ['4757.1.0', '2.24.0'],
    ['4593.2.5', '2.24.0'],
    ['4459.2.4', '2.22.0'],
    ['4230.2.4', '2.20.0'],
    ['4081.3.10', '2.19.0'],
    ['3510.3.6', '2.14.0'],
    ['3185.0.0', '2.14.0'],
    ['2905.2.6', '0.36.1'],
    // A distributor's own number.
    ['1.7.1', '2.24.0'],
  ])('%s has Ignition %s', (release, ignition) => {
    expect(readerOfRelease(release).ignition).toBe(ignition);
  });
  it('is at least the oldest LTS, or what was shipped last, where only the channel is known', () => {
    expect(readerOfChannel('lts').ignition).toBe('2.19.0');
    expect(readerOfChannel('stable').ignition).toBe('2.24.0');
    expect(lesser(reader('2.24'), reader('2.19')).ignition).toBe('2.19.0');
    expect(lesser(reader('2.19'), reader('0.36')).ignition).toBe('0.36.0');
  });
});

describe.each(READS)('to Ignition %s, which reads up to 3.%i.0,', (version, newest) => {
  it.each(MINORS)('a config of 3.%i.0 alone is served as it can be read', (minor) => {
    const composed = compose({ user: inSpec(minor, file({})) }, 'ignition', reader(version));
    expect(composed).toMatchObject({ ok: true, value: { version: spec(Math.min(minor, newest)) } });
    expect(composed.ok && JSON.parse(composed.value.text).ignition.version).toBe(spec(Math.min(minor, newest)));
  });
  it.each(MINORS.flatMap((base) => MINORS.map((user) => [base, user] as const)))(
    'a base of 3.%i.0 and a user config of 3.%i.0 are served as they can be read',
    (base, user) => {
      const layers = { base: inSpec(base, { storage: { files: [{ path: '/b' }] } }), user: inSpec(user, file({})) };
      const composed = compose(layers, 'ignition', reader(version));
      expect(composed).toMatchObject({ ok: true, value: { version: spec(Math.min(Math.max(base, user), newest)) } });
    },
  );
  it.each(NEW)('what came with 3.%i.0 (%s) is served or named', (minor, field, rest) => {
    for (const layers of [{ user: newIn(minor, rest) }, { base: newIn(minor, rest), user: inSpec(6) }]) {
      const composed = compose(layers, 'ignition', reader(version));
      if (minor <= newest) {
        expect(composed.ok && JSON.parse(composed.value.text)).toMatchObject({
          ignition: { version: expect.anything() },
        });
        continue;
      }
      expect(composed.ok).toBe(false);
      const entries = composed.ok ? [] : composed.error.entries.filter(({ severity }) => severity === 'error');
      const [{ path = '', message = '' } = {}] = entries;
      expect(message).toContain(`Ignition ${version} reads specs up to ${spec(newest)}`);
      // For a much older Ignition, the list that the field is in is too new already.
      if (path.startsWith(field)) expect(message).toContain(spec(minor));
      else expect(field).toMatch(new RegExp(`^${path}\\.`));
    }
  });
});

it('the layer that holds what is too new is named', () => {
  const layers = { base: newIn(6, file({ mode: 0o4755 })), user: inSpec(3) };
  const composed = compose(layers, 'ignition', reader('2.24.0'));
  expect(composed).toMatchObject({ ok: false, error: { entries: [{ layer: 'base', path: 'storage.files.0.mode' }] } });
});

it('an experimental spec is served to nobody', () => {
  const user = JSON.stringify({ ignition: { version: '3.7.0-experimental' } });
  expect(compose({ user }, 'ignition', reader('2.27.0')).ok).toBe(false);
});

it('specs 1 and 2 are read by every Ignition of Flatcar', () => {
  const user = JSON.stringify({ ignition: { version: '2.3.0' } });
  for (const [version] of READS)
    expect(compose({ user }, 'ignition', reader(version))).toMatchObject({ value: { version: '2.3.0' } });
});

describe('a config in a config', () => {
  const holding = (version: string, inner: string, how: 'merge' | 'replace') => {
    const source = `data:${inner.includes('b64') ? ';base64' : ''},${inner.includes('b64') ? Buffer.from(inSpec(6)).toString('base64') : encodeURIComponent(inner)}`;
    return JSON.stringify({
      ignition: { version, config: how === 'merge' ? { merge: [{ source }] } : { replace: { source } } },
    });
  };
  it.each([
    ['3.4.0', inSpec(6), 'merge', 'ignition.config.merge.0.source'],
    ['3.6.0', inSpec(6), 'replace', 'ignition.config.replace.source'],
    ['3.4.0', 'b64', 'merge', 'ignition.config.merge.0.source'],
    ['3.4.0', holding('3.3.0', inSpec(5), 'merge'), 'merge', 'ignition.config.merge.0.source'],
  ] as const)('of %s that holds %s is refused where what it holds is too new', (version, inner, how, path) => {
    const composed = compose({ user: holding(version, inner, how) }, 'ignition', reader('2.19.0'));
    expect(composed).toMatchObject({ ok: false, error: { entries: [{ layer: 'user', path }] } });
    expect(composed.ok ? '' : composed.error.entries[0]?.message).toContain('Ignition 2.19.0 reads specs up to 3.4.0');
  });
  it('that can be read is taken', () => {
    expect(compose({ user: holding('3.4.0', inSpec(3), 'merge') }, 'ignition', reader('2.19.0')).ok).toBe(true);
    expect(compose({ user: holding('3.6.0', inSpec(6), 'merge') }, 'ignition', reader('2.26.0')).ok).toBe(true);
  });
});

it.each([
  ['gs://b/k', '2.3.0', '3.2.0'],
  ['arn:aws:s3:::b/k', '2.7.0', '3.4.0'],
])('a source %s for Ignition %s needs %s, not the version of the config', (source, version, needed) => {
  const composed = compose({ user: inSpec(6, file({ contents: { source } })) }, 'ignition', reader(version));
  expect(composed.ok ? '' : composed.error.entries.find(({ severity }) => severity === 'error')?.message).toContain(
    `needs spec ${needed} `,
  );
});
