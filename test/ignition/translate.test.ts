/** Spec 2 to 3.1: the reference's answers where they are, and rows of our own. */
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { type ParsedConfig, parseConfig } from '../../src/ignition/parse.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import type { ConfigV2 } from '../../src/ignition/spec/v2.ts';
import { SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV2 } from '../../src/ignition/translate-v2.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { vectorsIn } from '../support/reference-vectors.ts';

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: object;
  readonly user: object;
  readonly expected: { ignition: object };
}

const vectors = vectorsIn<Vector>('ignition/vectors.json', 'ignition/edge-vectors.json').filter(
  ({ kind }) => kind === 'flatcarMerge',
);

function read(config: object): ParsedConfig {
  const parsed = parseConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function readV2(config: object): ConfigV2 {
  const parsed = read(config);
  if (parsed.major !== 2) throw new Error('not spec 2');
  return parsed.config;
}

describe.skipIf(vectors.length === 0)('the reference on spec 1 and 2 beside spec 3', () => {
  it.each(vectors)('$name', ({ base, user, expected }) => {
    const combined = combine([read(base), read(user)], 'ignition');
    if (!combined.ok) throw new Error(JSON.stringify(combined.error));
    const { config } = combined.value;
    const { version: _newest, ...ignition } = expected.ignition as { version: string };
    const own = { ...config, ignition: { ...(config['ignition'] as object), version: undefined } };
    // The reference numbers its mount paths over all the configs that a process reads, and ran over these twice.
    const unnumbered = (value: object) =>
      JSON.parse(JSON.stringify(withoutEmptyObjects(value)).replace(/-ign\d+/g, '-ign')) as object;
    expect(unnumbered(own)).toEqual(unnumbered({ ...expected, ignition }));
  });
});

const v2 = (rest: object) => ({ ignition: { version: '2.4.0' }, ...rest });
const root = (more: object) => ({ filesystem: 'root', path: '/a', ...more });
const storage = (lists: object) => v2({ storage: lists });

describe('what spec 3 has other words for', () => {
  const shown = (config: object) => {
    const translated = translateV2(readV2(config));
    if (!translated.ok) throw new Error(JSON.stringify(translated.error));
    const text = JSON.stringify(plainConfig(SCHEMAS_V3[1], translated.value.config));
    // What comes out must be a valid config of its new version.
    expect(parseConfig(text)).toMatchObject({ ok: true });
    const { ignition: _version, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return rest;
  };

  it.each([
    [
      'a file overwrites unless it says otherwise',
      storage({ files: [root({ mode: 420, contents: { source: 'data:,1' } })] }),
      { storage: { files: [{ path: '/a', overwrite: true, mode: 420, contents: { source: 'data:,1' } }] } },
    ],
    [
      'overwrite: false stays',
      storage({ files: [root({ overwrite: false, contents: { source: 'data:,1' } })] }),
      { storage: { files: [{ path: '/a', overwrite: false, contents: { source: 'data:,1' } }] } },
    ],
    [
      'a file of no contents is an empty file',
      storage({ files: [root({})] }),
      { storage: { files: [{ path: '/a', overwrite: true, contents: { source: '' } }] } },
    ],
    [
      'append becomes an append',
      storage({ files: [root({ append: true, contents: { source: 'data:,1' } })] }),
      { storage: { files: [{ path: '/a', overwrite: false, append: [{ source: 'data:,1' }] }] } },
    ],
    [
      'enabled: false wins over enable',
      v2({ systemd: { units: [{ name: 'a.service', enable: true, enabled: false }] } }),
      { systemd: { units: [{ name: 'a.service', enabled: false }] } },
    ],
    [
      'units of one name become one',
      v2({
        systemd: {
          units: [
            { name: 'a.service', enable: true },
            { name: 'a.service', mask: true, dropins: [{ name: 'x.conf' }] },
          ],
        },
      }),
      { systemd: { units: [{ name: 'a.service', enabled: true, mask: true, dropins: [{ name: 'x.conf' }] }] } },
    ],
    [
      'of units of one name the later one wins',
      v2({
        systemd: {
          units: [
            { name: 'a.service', enabled: false, dropins: [{ name: 'x.conf', contents: '[A]\nB=1' }] },
            { name: 'a.service', enabled: true, dropins: [{ name: 'x.conf', contents: '[A]\nB=2' }] },
          ],
        },
      }),
      {
        systemd: {
          units: [{ name: 'a.service', enabled: true, dropins: [{ name: 'x.conf', contents: '[A]\nB=2' }] }],
        },
      },
    ],
    [
      'paths are made clean',
      storage({ files: [root({ path: '//b/./c/', contents: { source: 'data:,1' } })] }),
      { storage: { files: [{ path: '/b/c', overwrite: true, contents: { source: 'data:,1' } }] } },
    ],
    [
      'a file system gets a mount path, and its nodes lie below it',
      storage({
        filesystems: [
          { name: 'root', mount: { device: '/dev/r', format: 'ext4' } },
          { name: 'data', mount: { device: '/dev/d', format: 'xfs', wipeFilesystem: true, options: ['-f'] } },
        ],
        files: [{ filesystem: 'data', path: '/x', mode: 420 }],
        directories: [{ filesystem: 'elsewhere', path: '/y', mode: 493 }],
      }),
      {
        storage: {
          filesystems: [
            { device: '/dev/d', format: 'xfs', path: '/tmp/data-ign1', wipeFilesystem: true, options: ['-f'] },
          ],
          files: [{ path: '/tmp/data-ign1/x', overwrite: true, mode: 420, contents: { source: '' } }],
          directories: [{ path: '/y', mode: 493 }],
        },
      },
    ],
    [
      'the OEM partition has its own place, and is btrfs unless wiped',
      storage({ filesystems: [{ name: 'oem', mount: { device: '/dev/o', format: 'ext4' } }] }),
      { storage: { filesystems: [{ device: '/dev/o', format: 'btrfs', path: '/oem' }] } },
    ],
    [
      'a forced create becomes options and a wipe',
      storage({
        filesystems: [
          { name: 'OEM', mount: { device: '/dev/o', format: 'ext4', create: { force: true, options: ['-L', 'X'] } } },
        ],
      }),
      {
        storage: {
          filesystems: [
            { device: '/dev/o', format: 'ext4', path: '/tmp/OEM-ign1', wipeFilesystem: true, options: ['-L', 'X'] },
          ],
        },
      },
    ],
    [
      'what was plain in 2.0 stays said',
      { ignition: { version: '2.0.0' }, storage: { files: [root({ contents: { source: 'data:,1' } })] } },
      {
        storage: {
          files: [
            {
              path: '/a',
              overwrite: true,
              user: { id: 0 },
              group: { id: 0 },
              mode: 0,
              contents: { source: 'data:,1' },
            },
          ],
        },
      },
    ],
    [
      'spec 1 names its file systems by their number',
      {
        ignitionVersion: 1,
        storage: {
          filesystems: [
            {
              device: '/dev/a',
              format: 'ext4',
              create: { force: true },
              files: [{ path: '/x', contents: 'a b', mode: 420, uid: 5 }],
            },
          ],
        },
      },
      {
        storage: {
          filesystems: [
            { device: '/dev/a', format: 'ext4', path: '/tmp/_translate-filesystem-0-ign1', wipeFilesystem: true },
          ],
          files: [
            {
              path: '/tmp/_translate-filesystem-0-ign1/x',
              overwrite: true,
              user: { id: 5 },
              group: { id: 0 },
              mode: 420,
              contents: { source: 'data:,a%20b' },
            },
          ],
        },
      },
    ],
    [
      'create becomes the account',
      v2({ passwd: { users: [{ name: 'u', create: { uid: 5, system: true, groups: ['g'] } }] } }),
      { passwd: { users: [{ name: 'u', uid: 5, groups: ['g'], system: true }] } },
    ],
    [
      'networkd units become files',
      v2({ networkd: { units: [{ name: 'a.network', contents: '[Match]\nName=é\n' }] } }),
      {
        storage: {
          files: [
            {
              path: '/etc/systemd/network/a.network',
              overwrite: true,
              mode: 420,
              contents: { source: 'data:,%5BMatch%5D%0AName=%C3%A9%0A' },
            },
          ],
        },
      },
    ],
    [
      'partitions in mebibytes',
      storage({ disks: [{ device: '/dev/a', wipeTable: true, partitions: [{ number: 1, sizeMiB: 5, guid: '' }] }] }),
      { storage: { disks: [{ device: '/dev/a', wipeTable: true, partitions: [{ number: 1, sizeMiB: 5 }] }] } },
    ],
  ])('%s', (_name, config, expected) => {
    expect(shown(config)).toEqual(expected);
  });

  it('append and replace of configs become merge and replace', () => {
    const config = {
      ignition: { version: '2.4.0', config: { append: [{ source: 'http://a' }], replace: { source: 'http://r' } } },
    };
    const translated = translateV2(readV2(config));
    expect(translated.ok && plainConfig(SCHEMAS_V3[1], translated.value.config)['ignition']).toEqual({
      version: '3.1.0',
      config: { merge: [{ source: 'http://a' }], replace: { source: 'http://r' } },
    });
  });

  it.each([
    [
      'sectors',
      storage({ disks: [{ device: '/dev/a', partitions: [{ number: 1, start: 2048 }] }] }),
      'storage.disks.0.partitions.0',
    ],
    ['a path twice', storage({ files: [root({}), root({})] }), 'storage.files.1'],
    ['a path twice across lists', storage({ files: [root({})], directories: [root({})] }), 'storage.directories.0'],
    [
      'a node below a link',
      storage({ links: [{ filesystem: 'root', path: '/l', target: '/t' }], files: [root({ path: '/l/x' })] }),
      'storage.files.0',
    ],
    [
      'a drop-in twice',
      v2({ systemd: { units: [{ name: 'a.service', dropins: [{ name: 'x.conf' }, { name: 'x.conf' }] }] } }),
      'systemd.units.0.dropins.1',
    ],
    [
      'partitions of old specs, which count sectors',
      {
        ignition: { version: '2.2.0' },
        storage: { disks: [{ device: '/dev/a', partitions: [{ number: 1 }] }] },
      },
      'storage.disks.0.partitions.0',
    ],
    ['file systems of a path alone', storage({ filesystems: [{ name: 'f', path: '/x' }] }), 'storage.filesystems.0'],
    [
      'file systems created without force',
      storage({ filesystems: [{ name: 'f', mount: { device: '/dev/a', format: 'ext4', create: {} } }] }),
      'storage.filesystems.0.mount.create',
    ],
    [
      'what spec 3.1 does not take',
      storage({ filesystems: [{ name: 'f', mount: { device: '/dev//a', format: 'ext4' } }] }),
      'storage.filesystems.0.mount.device',
    ],
  ])('%s are refused, by their path', (_name, config, path) => {
    const translated = translateV2(readV2(config));
    expect(!translated.ok && translated.error.map((fault) => fault.path.join('.'))).toEqual([path]);
  });
});

it('counts made-up mount paths over both configs', () => {
  const config = (name: string) =>
    storage({ filesystems: [{ name, mount: { device: `/dev/${name}`, format: 'ext4' } }] });
  const combined = combine([read(config('a')), read(config('b'))], 'ignition');
  expect(combined.ok && combined.value.config['storage']).toEqual({
    filesystems: [
      { device: '/dev/a', format: 'ext4', path: '/tmp/a-ign1' },
      { device: '/dev/b', format: 'ext4', path: '/tmp/b-ign2' },
    ],
  });
});
