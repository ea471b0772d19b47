/** Spec 1 and 2: versions, the rules and their severities, one row a rule. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/ignition/parse.ts';
import { parseSpec } from '../../src/ignition/version.ts';

/** Severity and path of everything that is said of a config, but for notes. */
function said(config: object): string[] {
  const result = parseConfig(JSON.stringify(config));
  const entries = result.ok ? result.value.entries : 'entries' in result.error ? result.error.entries : [];
  return entries.filter(({ severity }) => severity !== 'info').map(({ severity, path }) => `${severity} ${path}`);
}

const at = (minor: number, rest: object) => ({ ignition: { version: `2.${minor}.0` }, ...rest });
const storage = (minor: number, lists: object) => at(minor, { storage: lists });
const file = (minor: number, more: object) =>
  storage(minor, { files: [{ filesystem: 'root', path: '/a', mode: 420, ...more }] });
const partitions = (minor: number, ...list: object[]) =>
  storage(minor, { disks: [{ device: '/dev/a', partitions: list }] });
const mount = (minor: number, more: object) =>
  storage(minor, { filesystems: [{ name: 'f', mount: { device: '/dev/f', format: 'ext4', ...more } }] });
const unit = (minor: number, more: object) => at(minor, { systemd: { units: [{ name: 'a.service', ...more }] } });
const user = (minor: number, more: object) => at(minor, { passwd: { users: [{ name: 'u', ...more }] } });
const append = (reference: object) => ({ ignition: { version: '2.4.0', config: { append: [reference] } } });

const FILE = 'storage.files.0';
const DISK = 'storage.disks.0';
const FS = 'storage.filesystems.0';
const UNIT = 'systemd.units.0';

const ROWS: readonly [name: string, config: object, said: string[]][] = [
  ['a path that is not clean passes', file(4, { path: '/a//b/' }), []],
  ['a relative path', file(4, { path: 'a' }), [`error ${FILE}.path`]],
  ['no file system', file(4, { filesystem: '' }), [`error ${FILE}.filesystem`]],
  ['an unknown file system', file(4, { filesystem: 'x' }), [`warning ${FILE}.filesystem`]],
  ['no mode, from 2.2', file(2, { mode: null }), [`warning ${FILE}.mode`]],
  ['no mode, before', file(1, { mode: null }), []],
  ['a mode beyond 07777', file(4, { mode: 4096 }), [`error ${FILE}.mode`]],
  ['append and overwrite', file(4, { append: true, overwrite: true }), [`error ${FILE}`]],
  ['append is unknown to 2.1', file(1, { append: true }), [`warning ${FILE}.append`]],
  ['id and name', file(4, { user: { id: 0, name: 'core' } }), [`error ${FILE}.user`]],
  ['a scheme of spec 3.2', file(4, { contents: { source: 'gs://b/k' } }), [`error ${FILE}.contents.source`]],
  ['an OEM file', file(4, { contents: { source: 'oem:///x' } }), []],
  ['zip', file(4, { contents: { source: '', compression: 'zip' } }), [`error ${FILE}.contents.compression`]],
  [
    'a short hash',
    file(4, { contents: { source: '', verification: { hash: 'sha512-ab' } } }),
    [`error ${FILE}.contents.verification.hash`],
  ],
  [
    'headers on data',
    file(4, { contents: { source: 'data:,', httpHeaders: [{ name: 'A', value: '1' }] } }),
    [`error ${FILE}.contents.httpHeaders`],
  ],
  ['a path twice passes', storage(4, { files: [1, 2].map(() => ({ filesystem: 'root', path: '/a', mode: 1 })) }), []],
  ['a reference to nowhere passes', append({ source: '' }), []],
  ['a reference of no scheme', append({ source: 'x' }), ['error ignition.config.append.0.source']],
  [
    'header names that are empty or stand twice',
    append({
      source: 'http://a',
      httpHeaders: [
        { name: '', value: '' },
        { name: 'A', value: '' },
        { name: 'A', value: '' },
      ],
    }),
    ['error ignition.config.append.0.httpHeaders.0', 'error ignition.config.append.0.httpHeaders.2'],
  ],
  ['no device', storage(4, { disks: [{}] }), [`error ${DISK}.device`]],
  ['a relative device', storage(4, { disks: [{ device: 'sda' }] }), [`error ${DISK}.device`]],
  ['numbers collide', partitions(4, { number: 1 }, { number: 1 }), [`error ${DISK}.partitions`]],
  [
    'sectors overlap',
    partitions(2, { number: 1, start: 2048, size: 4096 }, { number: 2, start: 4096, size: 1 }),
    [`error ${DISK}.partitions`],
  ],
  ['sectors misaligned', partitions(2, { number: 1, start: 1 }), [`error ${DISK}.partitions`]],
  [
    'sectors are deprecated from 2.3',
    partitions(3, { number: 1, start: 2048, size: 1 }),
    [`warning ${DISK}.partitions.0.size`, `warning ${DISK}.partitions.0.start`],
  ],
  [
    'sectors and mebibytes on one disk',
    partitions(3, { number: 1, start: 2048 }, { number: 2, sizeMiB: 1 }),
    [`error ${DISK}.partitions`, `warning ${DISK}.partitions.0.start`],
  ],
  [
    'sectors and mebibytes in one partition',
    partitions(3, { number: 1, start: 2048, sizeMiB: 1, guid: 'x' }),
    [`error ${DISK}.partitions`, `error ${DISK}.partitions.0`],
  ],
  ['gone, with a label', partitions(3, { number: 1, shouldExist: false, label: 'x' }), [`error ${DISK}.partitions.0`]],
  [
    'gone, beside a next free number',
    partitions(3, { number: 1, shouldExist: false }, { sizeMiB: 1 }),
    [`error ${DISK}.partitions`],
  ],
  ['a colon in a label', partitions(3, { number: 1, label: 'a:b' }), [`warning ${DISK}.partitions.0.label`]],
  ['a long label', partitions(3, { number: 1, label: 'é'.repeat(19) }), [`error ${DISK}.partitions.0.label`]],
  ['a guid', partitions(3, { number: 1, guid: 'x' }), [`error ${DISK}.partitions.0.guid`]],
  ['a raid level', storage(4, { raid: [{ name: 'r', level: 'x' }] }), ['error storage.raid.0.level']],
  ['spares of raid 0', storage(4, { raid: [{ name: 'r', level: '0', spares: 1 }] }), ['error storage.raid.0.level']],
  [
    'a raid of a relative device',
    storage(4, { raid: [{ name: 'r', level: '1', devices: ['x'] }] }),
    ['error storage.raid.0.devices'],
  ],
  ['neither mount nor path', storage(4, { filesystems: [{ name: 'f' }] }), [`error ${FS}`]],
  [
    'mount and path, and nothing below is looked at',
    storage(4, { filesystems: [{ name: 'f', path: 'x', mount: { device: 'x', format: 'x' } }] }),
    [`error ${FS}`],
  ],
  ['a relative path of a file system', storage(4, { filesystems: [{ name: 'f', path: 'x' }] }), [`error ${FS}.path`]],
  ['create is deprecated', mount(4, { create: { force: true } }), [`warning ${FS}`]],
  [
    'create with wipeFilesystem and options',
    mount(4, { create: {}, wipeFilesystem: true, options: ['x'] }),
    [`warning ${FS}`, `error ${FS}`, `error ${FS}`],
  ],
  ['a format of spec 3.3', mount(4, { format: 'none' }), [`error ${FS}.mount.format`]],
  ['a relative mount device', mount(4, { device: 'x' }), [`error ${FS}.mount.device`]],
  ['a long file system label', mount(4, { label: 'x'.repeat(17) }), [`error ${FS}.mount.label`]],
  [
    'one name twice',
    storage(4, { filesystems: [1, 2].map(() => ({ name: 'f', path: '/x' })) }),
    ['warning storage.filesystems.1'],
  ],
  ['a unit extension', unit(4, { name: 'a.x' }), [`error ${UNIT}.name`]],
  ['unit contents', unit(4, { contents: '[A' }), [`error ${UNIT}.contents`]],
  ['no install section', unit(4, { enable: true, contents: '[Unit]\nA=b' }), [`warning ${UNIT}.contents`]],
  [
    'a drop-in',
    unit(4, { dropins: [{ name: 'x', contents: '[A' }] }),
    [`error ${UNIT}.dropins.0.name`, `error ${UNIT}.dropins.0.contents`],
  ],
  [
    'a networkd unit',
    at(4, { networkd: { units: [{ name: 'a.service', contents: '[', dropins: [{ name: 'x', contents: '' }] }] } }),
    ['error networkd.units.0.name', 'error networkd.units.0.contents', 'error networkd.units.0.dropins.0.name'],
  ],
  [
    'networkd drop-ins are unknown to 2.1',
    at(1, { networkd: { units: [{ name: 'a.network', dropins: [] }] } }),
    ['warning networkd.units.0.dropins'],
  ],
  ['create of a user', user(4, { create: { uid: 1 } }), ['warning passwd.users.0.create']],
  [
    'create and the fields that replaced it',
    user(4, { create: {}, uid: 0, groups: ['g'], shell: '/x' }),
    [
      'warning passwd.users.0.create',
      'error passwd.users.0.groups',
      'error passwd.users.0.shell',
      'error passwd.users.0.uid',
    ],
  ],
  ['create in 2.0 is how it was said', user(0, { create: { uid: 1 } }), []],
  [
    'spec 1, at the places where it says it',
    {
      ignitionVersion: 1,
      storage: {
        filesystems: [
          { device: '/dev/a', format: 'ext4', files: [{ path: '/x' }] },
          { device: 'b', format: 'ext4', files: [{ path: '/y' }, { path: 'z' }] },
          { device: '/dev/c', format: 'zfs' },
        ],
      },
      systemd: { units: [{ name: 'x' }] },
    },
    [
      'error storage.filesystems.1.device',
      'error storage.filesystems.2.format',
      'error storage.filesystems.1.files.1.path',
      'error systemd.units.0.name',
    ],
  ],
];

describe('spec 1 and 2, rule by rule', () => {
  it.each(ROWS)('%s', (_name, config, expected) => {
    expect(said(config)).toEqual(expected);
  });
});

describe('versions before 3', () => {
  it.each([
    ['2.0.0', 0, { major: 2, minor: 0 }],
    ['2.4.0', 1, { major: 2, minor: 4 }],
    ['', 1, { major: 1 }],
    ['1.0.0', 1, { major: 1 }],
  ])('%s with ignitionVersion %i', (text, number, spec) => {
    expect(parseSpec(text, number)).toEqual({ ok: true, value: spec });
  });
  it.each([
    ['2.5.0', 0, 'unsupported-version'],
    ['2.4.0-experimental', 0, 'unsupported-version'],
    ['', 0, 'unsupported-version'],
    ['', 2, 'unsupported-version'],
    ['', 3, 'unparsable-version'],
    ['1.0.0', 0, 'unsupported-version'],
  ])('%j with ignitionVersion %i: %s', (text, number, error) => {
    expect(parseSpec(text, number)).toEqual({ ok: false, error });
  });
  it('a text for ignitionVersion is a type error', () => {
    expect(said({ ignitionVersion: '1' })).toEqual(['error $']);
  });
});
