/** Base, user and default: which of them count, in which version, and who set what. */
import { describe, expect, it } from 'vitest';
import { compose, type Layers } from '../../src/ignition/compose.ts';

const config = (version: string, rest: object = {}) => JSON.stringify({ ignition: { version }, ...rest });
const file = (version: string, path: string, more: object = {}) =>
  config(version, {
    storage: { files: [{ ...(version.startsWith('2') ? { filesystem: 'root' } : {}), path, mode: 420, ...more }] },
  });

function composed(layers: Layers, engine: 'ignition' | 'legacy' = 'ignition') {
  const result = compose(layers, engine);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
const paths = (text: string) =>
  ((JSON.parse(text) as { storage?: { files?: { path: string }[] } }).storage?.files ?? []).map(({ path }) => path);

describe('who counts', () => {
  const base = file('3.0.0', '/base');
  const fallback = file('3.0.0', '/default');
  it.each([
    ['nothing at all', {}, []],
    ['base alone', { base }, ['/base']],
    ['default alone', { default: fallback }, ['/default']],
    ['base and user', { base, user: file('3.0.0', '/user'), default: fallback }, ['/base', '/user']],
    ['no user', { base, default: fallback }, ['/base', '/default']],
    ['an empty user', { base, user: '', default: fallback }, ['/base', '/default']],
    ['cloud-config', { base, user: '#cloud-config\n', default: fallback }, ['/base', '/default']],
    ['a script', { base, user: '#!/bin/sh\n', default: fallback }, ['/base', '/default']],
    [
      'multipart',
      { base, user: 'Content-Type: multipart/mixed; boundary=x\n\n', default: fallback },
      ['/base', '/default'],
    ],
    ['an empty base', { base: '', user: file('3.0.0', '/user') }, ['/user']],
  ])('%s', (_name, layers, expected) => {
    expect(paths(composed(layers).text)).toEqual(expected);
  });

  it('nothing at all is a config that does nothing, in a version that the engine knows', () => {
    expect(composed({}).text).toBe('{"ignition":{"version":"3.0.0"}}');
    expect(composed({}, 'legacy').text).toBe('{"ignition":{"version":"2.0.0"}}');
  });

  it('an invalid user config is refused and never replaced by the default', () => {
    const result = compose({ base, user: '{"ignition":', default: fallback }, 'ignition');
    expect(!result.ok && result.error.entries).toMatchObject([{ severity: 'error', layer: 'user', path: '$' }]);
  });
  it('white space is no empty user config', () => {
    expect(compose({ user: '\n', default: fallback }, 'ignition').ok).toBe(false);
  });
  it.each(['base', 'default'] as const)('a cloud-config as %s is refused', (layer) => {
    const result = compose({ [layer]: '#cloud-config\n' }, 'ignition');
    expect(!result.ok && result.error.entries).toMatchObject([{ severity: 'error', layer }]);
  });
});

describe('the version is the lowest that will do', () => {
  it.each([
    ['3.0.0', '3.4.0', '3.4.0'],
    ['3.4.0', '3.1.0', '3.4.0'],
    ['2.2.0', '3.0.0', '3.1.0'],
    ['2.2.0', '3.3.0', '3.3.0'],
    ['2.0.0', '2.4.0', '3.1.0'],
  ])('%s and %s give %s', (base, user, version) => {
    expect(composed({ base: config(base), user: config(user) }).version).toBe(version);
  });
  it('a lone spec 2 config is served as it stands', () => {
    const user = ' {"ignition": {"version": "2.1.0"}}\n';
    expect(composed({ user })).toMatchObject({ text: user, version: '2.1.0' });
  });
  it('a lone spec 3 config keeps its version', () => {
    expect(composed({ user: config('3.2.0', { unknown: 1 }) }).text).toBe('{"ignition":{"version":"3.2.0"}}');
  });
  it('an experimental one is refused', () => {
    const result = compose({ user: config('3.7.0-experimental') }, 'ignition');
    expect(!result.ok && result.error.entries).toMatchObject([{ path: 'ignition.version', layer: 'user' }]);
  });
});

describe('the legacy engine', () => {
  it('appends at 2.4, duplicates and all', () => {
    const { text, version } = composed({ base: file('2.0.0', '/a'), user: file('2.2.0', '/a') }, 'legacy');
    expect([version, ...paths(text)]).toEqual(['2.4.0', '/a', '/a']);
  });
  it('takes the default where there is no user config', () => {
    const layers = { base: file('2.0.0', '/a'), user: '#!/bin/sh', default: file('2.0.0', '/d') };
    expect(paths(composed(layers, 'legacy').text)).toEqual(['/a', '/d']);
  });
  it.each([{ base: config('3.0.0') }, { user: config('3.0.0') }])('knows no spec 3: %j', (layers) => {
    const result = compose(layers, 'legacy');
    expect(!result.ok && result.error.entries).toMatchObject([{ severity: 'error', path: 'ignition.version' }]);
  });
});

it('a spec 2 config that current Flatcar cannot translate is refused, at its path and line', () => {
  const user = config('2.2.0', { storage: { disks: [{ device: '/dev/a', partitions: [{ number: 1 }] }] } });
  const result = compose({ user }, 'ignition');
  expect(!result.ok && result.error.entries).toMatchObject([
    { severity: 'error', layer: 'user', path: 'storage.disks.0.partitions.0', line: 1 },
  ]);
  expect(compose({ user }, 'legacy').ok).toBe(true);
});

describe('the report', () => {
  const source = (contents: object) => file('3.4.0', '/a', { contents });
  it('warns of bytes that are held against the hash of others', () => {
    const hash = `sha512-${'a'.repeat(128)}`;
    const headers = [{ name: 'A', value: '1' }];
    const layers = {
      base: source({ source: 'http://a', compression: 'gzip', verification: { hash }, httpHeaders: headers }),
      user: source({ source: 'http://b', compression: '' }),
    };
    expect(composed(layers).entries).toMatchObject([
      { severity: 'warning', layer: 'result', path: 'storage.files.0.contents.httpHeaders' },
      { severity: 'warning', layer: 'result', path: 'storage.files.0.contents.verification' },
    ]);
  });
  it('warns of a header that removes nothing', () => {
    const layers = {
      base: source({ source: 'http://a', httpHeaders: [{ name: 'A', value: '1' }] }),
      user: source({ source: 'http://a', httpHeaders: [{ name: 'a' }] }),
    };
    expect(composed(layers).entries).toMatchObject([{ path: 'storage.files.0.contents.httpHeaders.1' }]);
  });
  it('keeps what each layer was warned of, with its layer', () => {
    expect(composed({ base: config('3.0.0', { x: 1 }), user: config('3.0.0', { y: 1 }) }).entries).toMatchObject([
      { layer: 'base', path: 'x', severity: 'warning', line: 1 },
      { layer: 'user', path: 'y', severity: 'warning', line: 1 },
    ]);
  });
  it('says of the result alone what only the result does wrong', () => {
    const layers = {
      base: file('3.0.0', '/a', { user: { id: 500 } }),
      user: file('3.0.0', '/a', { user: { name: 'core' } }),
    };
    const result = compose(layers, 'ignition');
    expect(!result.ok && result.error.entries).toMatchObject([{ layer: 'result', path: 'storage.files.0.user' }]);
  });
});

it('tells for each part the layer that set it', () => {
  const layers = {
    base: file('3.0.0', '/a', { overwrite: true, contents: { source: 'data:,1' } }),
    default: file('3.0.0', '/a', { mode: 1 }),
  };
  expect(composed(layers).parts()).toEqual([
    { path: 'ignition.version', layer: 'default' },
    { path: 'storage.files.0.path', layer: 'default' },
    { path: 'storage.files.0.overwrite', layer: 'base' },
    { path: 'storage.files.0.mode', layer: 'default' },
    { path: 'storage.files.0.contents.source', layer: 'base' },
  ]);
  expect(composed({ base: file('2.0.0', '/a'), user: file('2.0.0', '/b') }, 'legacy').parts()).toContainEqual({
    path: 'storage.files.1.path',
    layer: 'user',
  });
});
