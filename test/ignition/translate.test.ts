/** Spec 2 to 3.1: the reference's answers where they are, and rows of our own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/ignition/decode.ts';
import { readJson } from '../../src/ignition/json-source.ts';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { configText, plainConfig } from '../../src/ignition/render.ts';
import { Report } from '../../src/ignition/report.ts';
import { type ConfigV2, SCHEMAS_V2 } from '../../src/ignition/spec/v2.ts';
import { type ConfigV3, SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV2 } from '../../src/ignition/translate-v2.ts';
import { translateV3 } from '../../src/ignition/translate-v3.ts';
import { withoutEmptyObjects } from '../support/json.ts';

interface Config {
  readonly ignition?: { readonly version: string };
}

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: Config;
  readonly user: Config;
  readonly expected: { ignition: object };
}

const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'ignition', 'vectors.json');
const vectors = (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : []).filter(
  ({ kind, base, user }) => kind === 'flatcarMerge' && base.ignition !== undefined && user.ignition !== undefined,
);

function readV2(config: Config): ConfigV2 {
  const json = readJson(JSON.stringify(config));
  const schema = SCHEMAS_V2[Number(config.ignition?.version.split('.')[1])];
  const decoded = json.ok && schema !== undefined ? decode(schema, json.value, new Report(), new Map()) : undefined;
  if (!decoded?.ok) throw new Error('unreadable');
  return decoded.value as ConfigV2;
}

/** Any version, as spec 3, with its minor number. */
function read(config: Config): { config: ConfigV3; minor: number } {
  if (config.ignition?.version.startsWith('2') !== true) {
    const parsed = parseConfig(JSON.stringify(config));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return { config: parsed.value.config, minor: parsed.value.spec.minor };
  }
  const translated = translateV2(readV2(config));
  if (!translated.ok) throw new Error(JSON.stringify(translated.error));
  return { config: translated.value, minor: 1 };
}

describe.skipIf(vectors.length === 0)('the reference on spec 2 beside spec 3', () => {
  it.each(vectors)('$name', ({ base, user, expected }) => {
    const [parent, child] = [read(base), read(user)];
    const minor = Math.max(parent.minor, child.minor);
    const schema = SCHEMAS_V3[minor] as never;
    const [from, to] = [parent, child].map((side) => translateV3(side.config, side.minor, minor)) as [
      ConfigV3,
      ConfigV3,
    ];
    const merged = plainConfig(schema, mergeConfigs<ConfigV3>(schema, from, to).config);
    const { version: _newest, ...ignition } = expected.ignition as { version: string };
    const own = { ...merged, ignition: { ...(merged['ignition'] as object), version: undefined } };
    expect(withoutEmptyObjects(own)).toEqual(withoutEmptyObjects({ ...expected, ignition }));
  });
});

const v2 = (rest: object) => ({ ignition: { version: '2.4.0' }, ...rest });
const root = (more: object) => ({ filesystem: 'root', path: '/a', ...more });
const storage = (lists: object) => v2({ storage: lists });

describe('what spec 3 has other words for', () => {
  const shown = (config: object) => {
    const translated = translateV2(readV2(config as Config));
    if (!translated.ok) throw new Error(JSON.stringify(translated.error));
    const text = configText(SCHEMAS_V3[1], translated.value);
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
    expect(translated.ok && plainConfig(SCHEMAS_V3[1], translated.value)['ignition']).toEqual({
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
      'filesystems',
      storage({ filesystems: [{ name: 'f', mount: { device: '/dev/a', format: 'ext4' } }] }),
      'storage.filesystems',
    ],
  ])('%s are refused, by their path', (_name, config, path) => {
    const translated = translateV2(readV2(config as Config));
    expect(!translated.ok && translated.error.map((fault) => fault.path.join('.'))).toEqual([path]);
  });
});
