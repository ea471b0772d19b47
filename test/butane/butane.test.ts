/** Butane, rule by rule: header, YAML as go-yaml reads it, sugar, what is refused and where. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitPath } from '../../src/butane/butane/mount-units.ts';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { anyText } from '../fuzz/near-text.ts';
import { gzip, readable } from '../support/contents.ts';

const run = (body: string, version = '1.1.0', strict = false) =>
  transpileButane(`variant: flatcar\nversion: ${version}\n${body}`, { strict, gzip });

function config(body: string, version?: string): Record<string, unknown> {
  const result = run(body, version);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const { ignition: _ignition, ...rest } = result.value.config;
  return rest;
}

function said(body: string, version?: string): [error: string, entries: string[]] {
  const result = run(body, version);
  const entries = result.ok ? result.value.entries : result.error.entries;
  return [result.ok ? '' : result.error.error, entries.map(({ severity, path }) => `${severity} ${path}`)];
}

const file = (more: string) => `storage:\n  files:\n    - path: /a\n${more.replace(/^/gm, '      ')}\n`;
const fileOf = (more: string) => (config(file(more))['storage'] as { files: object[] }).files[0];

describe('the header', () => {
  it.each([
    ['', 'error parsing variant; must be specified'],
    ['# nothing\n', 'error parsing variant; must be specified'],
    ['version: 1.1', 'error parsing variant; must be specified'],
    ['variant: flatcar', 'error parsing version; must be a valid semver'],
    ['variant: flatcar\nversion: 1.1', 'error parsing version; must be a valid semver'],
    ['variant: flatcar\nversion: v1.1.0', 'error parsing version; must be a valid semver'],
    ['variant: flatcar\nversion: 1.2.0', 'No translator exists for variant flatcar with version 1.2.0'],
    [
      'variant: flatcar\nversion: 1.2.0-experimental',
      'No translator exists for variant flatcar with version 1.2.0-experimental',
    ],
    ['variant: fcos\nversion: 1.7.0', 'No translator exists for variant fcos with version 1.7.0'],
    ['variant: Flatcar\nversion: 1.1.0', 'No translator exists for variant Flatcar with version 1.1.0'],
  ])('%j', (text, error) => {
    const result = transpileButane(text, { strict: false, gzip });
    expect(result).toMatchObject({ ok: false, error: { error: expect.stringMatching(`^${error}`) } });
    const entries = result.ok ? [] : result.error.entries;
    expect(entries).toMatchObject([{ severity: 'error', message: result.ok ? '' : result.error.error }]);
    expect(entries[0]?.line).toBeGreaterThan(0);
  });
  it('leading zeros are no other version', () => {
    const result = transpileButane('variant: flatcar\nversion: 01.00.00', { strict: false, gzip });
    expect(result).toEqual({
      ok: true,
      value: { config: { ignition: { version: '3.3.0' } }, entries: [], unknownKeys: [] },
    });
  });
});

describe('YAML as go-yaml reads it', () => {
  it.each([
    ['mode: 0644', { path: '/a', mode: 420 }],
    ['mode: 0o600', { path: '/a', mode: 384 }],
    ['mode: 0x1a4', { path: '/a', mode: 420 }],
    ['mode: 0b1_1', { path: '/a', mode: 3 }],
    ['mode: 420.9', { path: '/a', mode: 420 }],
    ['mode: 4.2e2', { path: '/a', mode: 420 }],
    ['mode: 0888', { path: '/a', mode: 888 }],
    ['mode: !!int "0644"', { path: '/a', mode: 420 }],
    ['overwrite: "no"', { path: '/a', overwrite: false }],
    ['overwrite: ~', { path: '/a' }],
    ['user: {name: 0644}', { path: '/a', user: { name: '0644' } }],
    ['user: {name: yes}', { path: '/a', user: { name: 'yes' } }],
    ['user: {name: 1.50}', { path: '/a', user: { name: '1.50' } }],
    ['contents: {inline: !!binary AAE=}', { path: '/a', contents: { source: 'data:,%00%01', compression: '' } }],
    ['contents: {inline: ""}', { path: '/a', contents: { source: 'data:,', compression: '' } }],
  ])('%s', (more, expected) => {
    expect(fileOf(more)).toEqual(expected);
  });
  it.each([
    ['a quoted number', file('mode: "420"')],
    ['a quoted true', file('overwrite: "true"')],
    ['1 for true', file('overwrite: 1')],
    ['a list for a text', file('user: {name: [a]}')],
    ['a text for an object', file('user: a')],
    ['a number past 64 bits', file('mode: 9223372036854775808')],
    ['a key twice', file('mode: 1\nmode: 1')],
    ['an unknown anchor', 'storage: *x'],
    ['an anchor that holds itself', 'storage: &a\n  files: [*a]'],
    ['a merge of a text', file('<<: x')],
    ['a control character', file('user: {name: "a\u0001"}')],
    ['bad base64', file('contents: {inline: !!binary "???"}')],
    ['a tag that does not fit', file('mode: !!int x')],
    ['a tab as indentation', 'storage:\n\tfiles: []'],
    ['a broken flow', 'storage: {'],
    ['another YAML', '%YAML 1.2\n---\n'],
  ])('%s is refused', (_name, body) => {
    const text = body.startsWith('%') ? `${body}variant: flatcar` : undefined;
    const result = text === undefined ? run(body) : transpileButane(text, { strict: false, gzip });
    expect(!result.ok && result.error.error).toMatch(/yaml: /);
  });
  it('merge keys: what is explicit wins, earlier mappings win, and the key itself is warned of', () => {
    const body = `storage:
  files:
    - &one {path: /a, mode: 1, contents: {inline: x}}
    - &two {path: /b, mode: 2, overwrite: true, contents: {inline: y}}
    - {<<: [*one, *two], path: /c, contents: {source: "http://c"}}
`;
    expect((config(body)['storage'] as { files: object[] }).files[2]).toEqual({
      path: '/c',
      mode: 1,
      overwrite: true,
      contents: { source: 'http://c' },
    });
    expect(said(body)[1]).toEqual(['warning storage.files.2.<<']);
  });
  it('only the first document counts, even if what follows is broken', () => {
    expect(config('---\n{{{')).toEqual({});
  });
  it('null elements are no elements, and paths count without them, as the tool counts', () => {
    expect(said('storage:\n  files: [~, {path: a}]')).toEqual([
      'config generated was invalid',
      ['warning storage.files.0', 'error storage.files.0.path'],
    ]);
  });
  it('an alias or nothing where an object belongs is warned of', () => {
    expect(said('storage:\npasswd: ~')[1]).toEqual(['warning storage', 'warning passwd']);
  });
  it('places count characters, of the value', () => {
    const result = run('storage:\n  files:\n    - {path: "é😀", mode: -1}');
    expect(!result.ok && result.error.entries).toMatchObject([
      { path: 'storage.files.0.path', line: 5, column: 14 },
      { path: 'storage.files.0.mode', line: 5, column: 26 },
      { path: 'storage.files.0.mode', severity: 'warning' },
    ]);
  });
});

describe('sugar', () => {
  it.each([
    ['short text stays readable', 'a b\n', 'data:,a%20b%0A'],
    ['bytes go as base64', '\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005', 'data:;base64,AAECAwQF'],
  ])('%s', (_name, inline, source) => {
    expect(fileOf(`contents: {inline: "${inline.replace('\n', '\\n')}"}`)).toEqual({
      path: '/a',
      contents: { source, compression: '' },
    });
  });
  it('what compresses well is compressed, unless the user says how it is', () => {
    const text = 'lorem ipsum '.repeat(100);
    const own = fileOf(`contents: {inline: "${text}"}`);
    expect(own).toMatchObject({ contents: { compression: 'gzip' } });
    expect(readable(own)).toMatchObject({ contents: { source: text } });
    expect(fileOf(`contents: {inline: "${text}", compression: gzip}`)).toMatchObject({
      contents: { source: `data:,${text.replaceAll(' ', '%20')}`, compression: 'gzip' },
    });
  });
  it('with_mount_unit: generated units come first, the user may change them', () => {
    const body = `storage:
  filesystems:
    - {device: /dev/a-b, format: ext4, path: /var/x, with_mount_unit: true, mount_options: [ro, noatime]}
    - {device: /dev/s, format: swap, with_mount_unit: true}
systemd:
  units:
    - {name: z.service}
    - {name: var-x.mount, enabled: false}
`;
    expect(config(body)['systemd']).toEqual({
      units: [
        {
          name: 'var-x.mount',
          enabled: false,
          contents:
            '# Generated by Butane\n[Unit]\nRequires=systemd-fsck@dev-a\\x2db.service\nAfter=systemd-fsck@dev-a\\x2db.service\n\n[Mount]\nWhere=/var/x\nWhat=/dev/a-b\nType=ext4\nOptions=ro,noatime\n\n[Install]\nRequiredBy=local-fs.target',
        },
        {
          name: 'dev-s.swap',
          enabled: true,
          contents: '# Generated by Butane\n[Swap]\nWhat=/dev/s\n\n[Install]\nRequiredBy=swap.target',
        },
        { name: 'z.service' },
      ],
    });
  });
  it.each([
    ['/', '-'],
    ['', '-'],
    ['/var//lib/', 'var-lib'],
    ['/.a/.b', '\\x2ea-.b'],
    ['/a b-ü\t', 'a\\x20b\\x2d\\xc3\\xbc\\x9'],
  ])('the unit of %j is %s', (path, name) => expect(unitPath(path)).toBe(name));
});

const SOURCE = 'source config is invalid';
const GENERATED = 'config generated was invalid';
describe('what is wrong, by its path in YAML', () => {
  it.each<[string, string, string, string[]]>([
    [
      'unknown keys',
      'boot_device: {luks: {}}\nstorage: {Files: []}',
      '',
      ['warning boot_device', 'warning storage.Files'],
    ],
    [
      'two contents',
      file('contents: {inline: a, source: "http://b"}'),
      SOURCE,
      ['error storage.files.0.contents.source'],
    ],
    ['local files', file('contents: {local: x}'), SOURCE, ['error storage.files.0.contents.local']],
    ['trees', 'storage: {trees: [{local: x}, {local: y}]}', SOURCE, ['error storage.trees.0']],
    ['trees of nothing', 'storage: {trees: [{path: /x}]}', SOURCE, ['error storage.trees.0']],
    [
      'key files',
      'passwd: {users: [{name: a, ssh_authorized_keys_local: [x]}]}',
      SOURCE,
      ['error passwd.users.0.ssh_authorized_keys_local'],
    ],
    [
      'unit files',
      'systemd: {units: [{name: a.service, contents_local: x}]}',
      SOURCE,
      ['error systemd.units.0.contents_local'],
    ],
    [
      'both unit contents',
      'systemd: {units: [{name: a.service, contents: a, contents_local: x}]}',
      SOURCE,
      ['error systemd.units.0.contents_local'],
    ],
    [
      'clevis',
      'storage: {luks: [{name: a, device: /dev/a, clevis: {tpm2: false}}]}',
      SOURCE,
      ['error storage.luks.0.clevis'],
    ],
    [
      'a mount without a format',
      'storage: {filesystems: [{device: /d, path: /p, with_mount_unit: true}]}',
      SOURCE,
      ['error storage.filesystems.0.format'],
    ],
    [
      'a mount without a path',
      'storage: {filesystems: [{device: /d, format: xfs, with_mount_unit: true}]}',
      SOURCE,
      ['error storage.filesystems.0.path'],
    ],
    ['decimal modes', file('mode: 600'), '', ['warning storage.files.0.mode', 'warning storage.files.0.mode']],
    ['a mode that is none in octal either', file('mode: 420'), '', []],
    [
      'headers of what is inline',
      file('contents: {inline: a, http_headers: [{name: A, value: b}]}'),
      GENERATED,
      ['error storage.files.0.contents.http_headers'],
    ],
    ['names in snake case', 'ignition: {proxy: {http_proxy: x}}', GENERATED, ['error ignition.proxy.http_proxy']],
    [
      'a bad config to merge',
      'ignition: {config: {merge: [{inline: "{"}]}}',
      SOURCE,
      ['error $', 'error ignition.config.merge.0.inline'],
    ],
    [
      'a config of another version to merge',
      `ignition: {config: {merge: [{inline: '{"ignition":{"version":"3.0.0"}}'}]}}`,
      '',
      ['warning ignition.config.merge.0.version'],
    ],
    ['null to merge', 'ignition: {config: {merge: [{inline: "null"}]}}', SOURCE, ['error ignition.version']],
  ])('%s', (_name, body, error, entries) => {
    expect(said(body)).toEqual([error, entries]);
  });
  it('a mount unit that is wrong is that of its file system, the user has his own numbers', () => {
    const body = `storage:
  filesystems:
    - {device: /dev/a, format: ext4, path: /x, with_mount_unit: true}
    - {device: /dev/b, format: ext4, path: /x, with_mount_unit: true}
systemd: {units: [{name: a}]}`;
    expect(said(body)).toEqual([
      GENERATED,
      ['error systemd.units.0.name', 'error storage.filesystems.1.with_mount_unit'],
    ]);
  });
  it('strict refuses any warning', () => {
    const result = run('x: 1', '1.1.0', true);
    expect(!result.ok && result.error).toMatchObject({
      error: 'Config produced warnings and --strict was specified',
      entries: [{ path: 'x' }],
    });
  });
  it('1.0.0 does not know what 1.1.0 brought', () => {
    expect(said('systemd: {units: [{name: a.service, contents_local: x}]}', '1.0.0')[1]).toEqual([
      'warning systemd.units.0.contents_local',
    ]);
  });
});

describe('hostile YAML', () => {
  const laughs = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}*a${level - 1}]`,
  ).join('\n');
  it.each([
    ['aliases that blow up', `${laughs}\nstorage: {files: *a11}`],
    ['brackets without end', `storage: ${'['.repeat(100_000)}`],
    ['braces without end', `storage: ${'{a: '.repeat(50_000)}`],
    ['lists in lists', `storage: ${'- '.repeat(100_000)}`],
    ['indentation without end', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('%s: refused', (_name, body) => {
    expect(run(body).ok).toBe(false);
  });
  it.each([
    ['260 kB of text', file(`contents: {inline: "${'x'.repeat(260_000)}"}`)],
    [
      '8,000 files',
      `storage:\n  files:\n${Array.from({ length: 8_000 }, (_, i) => `    - {path: /f/${i}}`).join('\n')}`,
    ],
    // Each alias looked through the whole document: a minute for these.
    ['20,000 aliases of one anchor', `a: &a x\nb: [${'*a, '.repeat(20_000)}]`],
    ['14,000 unknown keys', Array.from({ length: 14_000 }, (_, i) => `k${i}: 1`).join('\n')],
    ['__proto__', '__proto__: {x: 1}\nconstructor: {x: 1}'],
  ])('%s: read', (_name, body) => {
    expect(run(body).ok).toBe(true);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
  it('never throws on any text', () => {
    fc.assert(
      fc.property(anyText(120), (text) => {
        transpileButane(text, { strict: false, gzip });
        run(text);
      }),
      { numRuns: 1000 },
    );
  });
});

it('what it calls valid, Ignition calls valid', () => {
  const word = fc.constantFrom(
    '/a',
    '/b',
    'a.service',
    'core',
    '420',
    '0644',
    'true',
    '~',
    'x y',
    'http://a',
    'data:,x',
    '',
  );
  const key = fc.constantFrom(
    'path',
    'mode',
    'contents',
    'inline',
    'source',
    'name',
    'enabled',
    'device',
    'format',
    'user',
    'compression',
  );
  const object = fc.dictionary(key, fc.oneof(word, fc.dictionary(key, word, { maxKeys: 3 })), { maxKeys: 4 });
  const list = fc.array(object, { maxLength: 3 });
  const body = fc.record({
    storage: fc.record({ files: list, filesystems: list }),
    systemd: fc.record({ units: list }),
  });
  let valid = 0;
  fc.assert(
    fc.property(body, (source) => {
      // JSON is YAML; quoted words stay texts, which most fields here take.
      const text = JSON.stringify(source).replace(/"(420|0644|true|~)"/g, '$1');
      const result = run(
        text
          .slice(1, -1)
          .replace(/^"(\w+)":/, '$1: ')
          .replace(/,"(systemd)":/, '\n$1: '),
      );
      if (!result.ok) return;
      valid += 1;
      expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(valid).toBeGreaterThan(20);
});
