/** Each rule of spec 3 by its own rows: what must be said, where, and from which version on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanPath } from '../../src/ignition/clean-path.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { sourceFault } from '../../src/ignition/rules/source-url.ts';
import { userDataKind } from '../../src/ignition/user-data.ts';
import { parseSpec } from '../../src/ignition/version.ts';

/** Severity and path of everything that is said of a config, but for notes. */
function said(minor: number, rest: object): string[] {
  const { ignition, ...others } = rest as { ignition?: object };
  const config = { ignition: { ...ignition, version: `3.${minor}.0` }, ...others };
  const result = parseConfig(JSON.stringify(config));
  const entries = result.ok ? result.value.entries : 'entries' in result.error ? result.error.entries : [];
  return entries.filter(({ severity }) => severity !== 'info').map(({ severity, path }) => `${severity} ${path}`);
}

const storage = (lists: object) => ({ storage: lists });
const file = (more: object) => storage({ files: [{ path: '/a', ...more }] });
const luks = (more: object) => storage({ luks: [{ name: 'd', device: '/dev/d', ...more }] });
const partitions = (...list: object[]) => storage({ disks: [{ device: '/dev/a', partitions: list }] });
const filesystem = (more: object) => storage({ filesystems: [{ device: '/dev/f', ...more }] });
const unit = (more: object) => ({ systemd: { units: [{ name: 'a.service', ...more }] } });
const FS = 'storage.filesystems.0';
const FILE = 'storage.files.0';
const HASH = (name: string, length: number) => ({ hash: `${name}-${'a'.repeat(length)}` });

const MERGE = 'ignition.config.merge.0.source';
const merging = (source: string | null) => ({ ignition: { config: { merge: [{ source }] } } });
const proxy = (more: object) => ({ ignition: { proxy: more } });

const ROWS: readonly [name: string, minor: number, config: object, said: string[]][] = [
  ['root is a clean path', 4, file({ path: '/' }), []],
  ['a trailing slash is not', 4, file({ path: '/a/' }), [`error ${FILE}.path`]],
  ['sha256 from 3.1', 1, file({ contents: { source: 'data:,', verification: HASH('sha256', 64) } }), []],
  [
    'sha256 not in 3.0',
    0,
    file({ contents: { source: 'data:,', verification: HASH('sha256', 64) } }),
    [`error ${FILE}.contents.verification.hash`],
  ],
  [
    'a hash without a dash',
    4,
    file({ contents: { source: 'data:,', verification: { hash: 'sha512' } } }),
    [`error ${FILE}.contents.verification.hash`],
  ],
  ['compression empty', 4, file({ contents: { source: 'data:,', compression: '' } }), []],
  [
    'httpHeaders unknown in 3.0',
    0,
    file({ contents: { source: 'http://h/', httpHeaders: [{ name: 'A', value: '1' }] } }),
    [`warning ${FILE}.contents.httpHeaders`],
  ],
  [
    'a header without a value removes in a merge',
    4,
    file({ contents: { source: 'http://h/', httpHeaders: [{ name: 'A' }] } }),
    [],
  ],
  [
    'a header of no value',
    4,
    file({ contents: { source: 'http://h/', httpHeaders: [{ name: 'A', value: '' }] } }),
    [`error ${FILE}.contents.httpHeaders.0.value`],
  ],
  [
    'a header of no name',
    4,
    file({ contents: { source: 'http://h/', httpHeaders: [{ name: '', value: '1' }] } }),
    [`error ${FILE}.contents.httpHeaders.0.name`],
  ],
  [
    'headers without a source',
    4,
    file({ contents: { httpHeaders: [{ name: 'A', value: '1' }] } }),
    [`error ${FILE}.contents.httpHeaders`],
  ],
  ['an append is a resource too', 4, file({ append: [{ source: 'ftp://x' }] }), [`error ${FILE}.append.0.source`]],
  ['overwrite with an empty source', 4, file({ overwrite: true, contents: { source: '' } }), []],
  ['link target empty in 3.2', 2, storage({ links: [{ path: '/l', target: '' }] }), []],
  [
    'a hard link to a directory, each time it stands there',
    4,
    storage({ links: [{ path: '/d/l', target: '/x/', hard: true }], directories: [{ path: '/x' }, { path: '/x' }] }),
    ['error storage.links.0', 'error storage.links.0', 'error storage.directories.1'],
  ],
  [
    'a relative target is joined to the path of the link itself',
    4,
    storage({
      links: [{ path: '/a/l', target: 'd', hard: true }],
      directories: [{ path: '/a/d' }, { path: '/a/l/d', overwrite: false }],
    }),
    ['error storage.directories.1', 'error storage.links.0'],
  ],
  [
    'the owner of a hard link, field by field',
    4,
    storage({ links: [{ path: '/l', target: '/x', hard: true, user: { id: 1 }, group: { name: '' } }] }),
    ['warning storage.links.0.user.id', 'warning storage.links.0.group.name'],
  ],
  [
    'below two links',
    4,
    storage({
      links: [
        { path: '/l', target: '/t' },
        { path: '/m', target: '/t' },
      ],
      files: [{ path: '/l/x' }, { path: '/m' }, { path: '/lx' }],
    }),
    [`error ${FILE}`, 'error storage.links.1'],
  ],
  [
    'nothing lies below a link at the root',
    4,
    storage({ links: [{ path: '/', target: '/t' }], files: [{ path: '/a' }] }),
    [],
  ],
  [
    'everything lies below a link of no path',
    4,
    storage({ links: [{ target: '/t' }], files: [{ path: '/a' }] }),
    [`error ${FILE}`, 'error storage.links.0.path'],
  ],
  ['a bad reference is said twice', 4, merging('ftp://x'), ['error ignition.config.merge.0', `error ${MERGE}`]],
  ['a reference of no source in 3.0', 0, merging(null), []],
  ['a bad reference in 3.0', 0, merging('ftp://x'), [`error ${MERGE}`]],
  [
    'a hash without a source in 3.0',
    0,
    { ignition: { config: { replace: { verification: HASH('sha512', 128) } } } },
    [],
  ],
  [
    'an authority of no source in 3.0',
    0,
    { ignition: { security: { tls: { certificateAuthorities: [{}] } } } },
    ['error ignition.security.tls.certificateAuthorities.0.source'],
  ],
  ['an empty proxy', 4, proxy({ httpProxy: '' }), ['error ignition.proxy.httpProxy']],
  ['a proxy that is no URL', 4, proxy({ httpsProxy: 'http://[' }), ['error ignition.proxy.httpsProxy']],
  ['a label without a format', 4, filesystem({ label: 'x' }), [`error ${FS}.format`, `error ${FS}.label`]],
  [
    'headers of a source that is no URL',
    4,
    file({ contents: { source: 'http://[::1', httpHeaders: [{ name: 'A', value: '1' }] } }),
    [`error ${FILE}.contents.source`, `error ${FILE}.contents.httpHeaders`],
  ],
  [
    'an empty custom pin beside tpm2 in 3.2',
    2,
    luks({ clevis: { tpm2: true, custom: {} } }),
    ['error storage.luks.0.clevis'],
  ],
  ['an empty custom pin beside tpm2 in 3.3', 3, luks({ clevis: { tpm2: true, custom: {} } }), []],
  [
    'a label that is too long and has a colon',
    4,
    partitions({ number: 1, label: `${'x'.repeat(36)}:` }),
    ['error storage.disks.0.partitions.0.label'],
  ],
  [
    'an install section without an option',
    4,
    unit({ enabled: true, contents: '[Unit]\n[Install]\n' }),
    ['warning systemd.units.0.contents'],
  ],
  [
    'an instance has what is wrong with its template as well',
    4,
    {
      systemd: {
        units: [
          { name: 'a@.service', contents: '[Unit]\nA=b' },
          { name: 'a@b.c.service', enabled: true, contents: '[Unit]\nA=b' },
          { name: 'a@b.socket', enabled: true },
        ],
      },
    },
    ['warning systemd.units.1.contents', 'warning systemd.units.1.contents'],
  ],
  [
    'of two disks of one device the last one counts',
    4,
    storage({
      disks: [{ device: '/d', partitions: [{ number: 1 }] }, { device: '/d' }],
      filesystems: [{ device: '/d', format: 'ext4' }],
    }),
    ['error storage.disks.1'],
  ],
  [
    'null where an object belongs',
    2,
    {
      storage: { files: [{ path: '/a', contents: null }], luks: [{ name: 'd', device: '/d', clevis: null }] },
      systemd: null,
    },
    [`warning ${FILE}.contents`, 'warning systemd'],
  ],
  [
    'a drop-in of a unit where a file goes',
    4,
    {
      ...unit({ dropins: [{ name: 'x.conf', contents: '[Unit]\n' }] }),
      ...file({ path: '/etc/systemd/system/a.service.d/x.conf' }),
    },
    [`error ${FILE}.path`],
  ],
  [
    'partitions that touch',
    4,
    partitions({ number: 1, startMiB: 1, sizeMiB: 10 }, { number: 2, startMiB: 11, sizeMiB: 5 }),
    [],
  ],
  [
    'a point inside a partition',
    4,
    partitions({ number: 1, startMiB: 1, sizeMiB: 10 }, { number: 2, startMiB: 5, sizeMiB: 0 }),
    ['error storage.disks.0.partitions.1'],
  ],
  ['a label of 36 bytes', 4, partitions({ number: 1, label: 'é'.repeat(18) }), []],
  [
    'a label of 37 bytes',
    4,
    partitions({ number: 1, label: `${'é'.repeat(18)}x` }),
    ['error storage.disks.0.partitions.0.label'],
  ],
  ['an empty guid', 4, partitions({ number: 1, guid: '' }), []],
  [
    'resize unknown in 3.1',
    1,
    partitions({ number: 1, resize: true }),
    ['warning storage.disks.0.partitions.0.resize'],
  ],
  ['no device', 4, storage({ disks: [{}] }), ['error storage.disks.0.device']],
  ['format none from 3.3', 3, filesystem({ format: 'none' }), []],
  ['format none not in 3.2', 2, filesystem({ format: 'none' }), [`error ${FS}.format`]],
  ['mountOptions need a format', 4, filesystem({ mountOptions: ['ro'] }), [`error ${FS}.format`]],
  ['an ext4 label of 17', 4, filesystem({ format: 'ext4', label: 'x'.repeat(17) }), [`error ${FS}.label`]],
  ['a mount path that is not clean', 4, filesystem({ format: 'ext4', path: '/var//lib' }), [`error ${FS}.path`]],
  [
    'a file system on a partitioned disk',
    4,
    storage({ disks: [{ device: '/dev/f', partitions: [{ number: 1 }] }], filesystems: [{ device: '/dev/f' }] }),
    [`warning ${FS}.device`],
  ],
  [
    'a file system kept on a wiped disk',
    4,
    storage({ disks: [{ device: '/dev/f', wipeTable: true }], filesystems: [{ device: '/dev/f' }] }),
    [`warning ${FS}.device`],
  ],
  ['raid of one name for a level', 4, storage({ raid: [{ name: 'r', level: 'mirror', devices: ['/dev/a'] }] }), []],
  ['raid without a level', 4, storage({ raid: [{ name: 'r', devices: ['/dev/a'] }] }), ['error storage.raid.0.level']],
  ['a luks label of 48 bytes', 4, luks({ label: 'x'.repeat(48) }), ['error storage.luks.0.label']],
  [
    'tang without a thumbprint',
    4,
    luks({ clevis: { tang: [{ url: 'http://t' }] } }),
    ['error storage.luks.0.clevis.tang.0.thumbprint'],
  ],
  [
    'an advertisement that is no JSON',
    4,
    luks({ clevis: { tang: [{ url: 'http://t', thumbprint: 'x', advertisement: '{' }] } }),
    ['error storage.luks.0.clevis.tang.0.advertisement'],
  ],
  [
    'custom with a network alone',
    4,
    luks({ clevis: { custom: { needsNetwork: true } } }),
    ['error storage.luks.0.clevis.custom.pin', 'error storage.luks.0.clevis.custom.config'],
  ],
  ['the same in 3.2', 2, luks({ clevis: { custom: { needsNetwork: true } } }), []],
  [
    'cex beside a key file',
    5,
    luks({ cex: { enabled: true }, keyFile: { source: 'data:,k' } }),
    ['error storage.luks.0.cex'],
  ],
  [
    'a bad key file is said twice',
    4,
    luks({ keyFile: { source: 'ftp://x' } }),
    ['error storage.luks.0.keys', 'error storage.luks.0.keyFile.source'],
  ],
  ['text before the first section', 4, unit({ contents: 'nonsense\n[Unit]\n' }), []],
  ['garbage after a section', 4, unit({ contents: '[Unit] x\n' }), ['error systemd.units.0.contents']],
  ['an option without =', 4, unit({ contents: '[Unit]\nWhat\n' }), ['error systemd.units.0.contents']],
  ['a continued option', 4, unit({ contents: '[Unit]\nA=b \\\n more words\n' }), []],
  [
    'an enabled instance of a template without [Install]',
    4,
    {
      systemd: {
        units: [
          { name: 'x@.service', contents: '[Service]\n' },
          { name: 'x@1.service', enabled: true },
        ],
      },
    },
    ['warning systemd.units.1.contents'],
  ],
  ['users twice', 4, { passwd: { users: [{ name: 'a' }, { name: 'a' }] } }, ['error passwd.users.1']],
  [
    'a plain http proxy for https',
    4,
    { ignition: { version: '3.4.0', proxy: { httpsProxy: 'http://p' } } },
    ['warning ignition.proxy.httpsProxy'],
  ],
];

describe('the rules of spec 3', () => {
  it.each(ROWS)('%s (3.%i)', (_name, minor, config, expected) => {
    expect(said(minor, config).sort()).toEqual([...expected].sort());
  });
});

describe('source URLs', () => {
  it.each([
    ['', 0, true],
    ['http://', 0, true],
    ['HTTPS://h/x', 0, true],
    ['tftp://h/x', 0, true],
    ['s3://b/k', 0, true],
    ['oem:///x', 0, true],
    ['gs://b/k', 1, false],
    ['arn:aws:s3:::bucket/key', 3, false],
    ['arn:aws:s3:::bucket', 4, false],
    ['arn:aws:s3:us-west-1:1:accesspoint/a/object/k', 4, true],
    ['arn:aws:s3:us-west-1:1:accesspoint/a', 4, false],
    ['/relative', 4, false],
    ['no-scheme', 4, false],
    ['http://h/%zz', 4, false],
    ['http://[::1', 4, false],
    ['http://[::1]:80/', 4, true],
    ['http://a b/', 4, false],
    ['http://h/a b', 4, true],
    ['s3://b/k?versionId=', 4, false],
    ['s3://b/k?versionId=1', 4, true],
    ['data:,x', 0, true],
    ['data:text/plain;base64,aGk=', 0, true],
    ['data:;base64,aGk', 0, false],
    ['DATA:,x', 0, false],
    ['data:x', 0, false],
    ['data:,a b', 0, false],
    ['data:,é', 0, false],
    ['data:,%41', 0, true],
  ] as const)('%s in 3.%i: %s', (source, minor, isGood) => {
    expect(sourceFault(source, minor) === undefined).toBe(isGood);
  });
});

describe('kinds of user data', () => {
  it.each([
    ['', 'empty'],
    ['#cloud-config\n', 'cloud-config'],
    ['#cloud-config  \r\nusers: []', 'cloud-config'],
    ['#cloud-configuration', 'json'],
    ['#!/bin/sh\n', 'script'],
    [' #!/bin/sh', 'json'],
    ['{"a":1}', 'json'],
    [' \n', 'json'],
    ['Content-Type: multipart/mixed; boundary="x"\nMIME-Version: 1.0\n\n--x', 'multipart'],
    ['From: x\r\ncontent-type: Multipart/Mixed\r\n\r\n', 'multipart'],
    ['Content-Type: text/plain\n\n', 'json'],
  ])('%j: %s', (text, kind) => expect(userDataKind(text)).toBe(kind));
});

describe('versions', () => {
  it.each([
    ['3.0.0', 0],
    ['3.04.0', 4],
    ['3.6.0', 6],
    ['3.7.0-experimental', 7],
  ])('%s', (text, minor) => expect(parseSpec(text, 0)).toMatchObject({ ok: true, value: { minor } }));
  it.each(['3.7.0', '3.6.0-experimental', '3.3.1', '4.0.0', '3.3.0+x', '2.5.0', '2.2.1', '1.0.0', ''])(
    '%s: unsupported',
    (text) => {
      expect(parseSpec(text, 0)).toEqual({ ok: false, error: 'unsupported-version' });
    },
  );
  it.each(['3.3', 'v3.3.0', ' 3.4.0', '3.3.0.0'])('%j: unparsable', (text) => {
    expect(parseSpec(text, 0)).toEqual({ ok: false, error: 'unparsable-version' });
  });
});

describe('hostile text', () => {
  it('names line and column of what is wrong', () => {
    const text = '{\n  "ignition": {"version": "3.4.0"},\n  "storage": {"files": [{"path": "a"}]}\n}';
    const result = parseConfig(text);
    expect(!result.ok && 'entries' in result.error && result.error.entries).toEqual([
      { severity: 'error', path: 'storage.files.0.path', message: 'path not absolute', line: 3, column: 34 },
    ]);
  });

  it.each([
    ['nesting 10,000 deep', `{"ignition":{"version":"3.4.0"},"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a byte order mark', '\ufeff{"ignition":{"version":"3.4.0"}}'],
    [
      'an integer past 2^53',
      '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a","mode":9007199254740993}]}}',
    ],
    ['an exponent', '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a","mode":1e2}]}}'],
    ['a comment', '{"ignition":{"version":"3.4.0"}/* x */}'],
  ])('%s: refused', (_name, text) =>
    expect(parseConfig(text)).toMatchObject({ ok: false, error: { reason: 'invalid' } }),
  );

  it('__proto__ and constructor are unknown keys and pollute nothing', () => {
    const text =
      '{"ignition":{"version":"3.4.0"},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const result = parseConfig(text);
    expect(result.ok && result.value.entries.map(({ path }) => path)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('a repeated key is decoded onto the first, with a note', () => {
    const text = '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a"}],"files":[{"mode":1}]}}';
    const result = parseConfig(text);
    expect(result).toMatchObject({ ok: true, value: { config: { storage: { files: [{ path: '/a', mode: 1 }] } } } });
  });

  it('parse never throws on any text', () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      'ignition',
      '"version"',
      '"3.4.0"',
      'null',
      '1',
      '-',
      '\\u00',
      '\ud800',
      ' ',
      '\n',
      '#!',
      'storage',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fragment).map((parts) => parts.join('')),
          fc.json(),
        ),
        (text) => {
          parseConfig(text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('clean paths stay clean', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '.', '..', '')), (parts) => {
        const path = `/${parts.join('/')}`;
        expect(cleanPath(cleanPath(path))).toBe(cleanPath(path));
      }),
      { numRuns: 1000 },
    );
  });
});
