/** The readers of Ignition configs: each field that a rule reads, and each list that a rule walks. */
import { gzipSync } from 'node:zlib';
import { merge, validate } from '../../src/configs/inspect.ts';
import { kindOf } from '../../src/configs/machine-kind.ts';
import { readUserData } from '../../src/configs/user-data.ts';
import { compose } from '../../src/ignition/compose.ts';
import { placesIn, readJson } from '../../src/ignition/json-source.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { sourceFault } from '../../src/ignition/rules/source-url.ts';
import { parseGoUrl, queryValue } from '../../src/ignition/urls/go-url.ts';
import { parseSpec } from '../../src/ignition/version.ts';
import { render } from '../../src/machines/layers/render.ts';
import { knownUrls } from '../../src/machines/layers/variables.ts';
import type { Reader } from './growth.ts';

const JSON_ATOMS = [
  '{',
  '[',
  '{"a":',
  '[[',
  '"',
  '"a",',
  '\\',
  '\\u0041',
  '0',
  '1e',
  '-',
  '.',
  ' ',
  '\n',
  'null,',
  '1,',
];
const URL_ATOMS = ['/', ':', '@', '%', '%41', '%25', '[', ']', '?', '&', 'a=', ';', '#', '.', 'a', '+', ',', '=', '"'];
const NAME_ATOMS = ['a', '@', 'a@', '/', '.', '..', '/.', '/..', '-', ':', '\\', '%', '\u00e9', '\ud83d', '0', '='];
const UNIT_ATOMS = ['\n', '[', ']', '[U]\n', 'A=b\n', '\\', '\\\n', '#', ';', ' ', '=', 'a', '# a\\\n'];

const inV3 = (rest: object, minor = 4) => JSON.stringify({ ignition: { version: `3.${minor}.0` }, ...rest });
const inV2 = (rest: object) => JSON.stringify({ ignition: { version: '2.4.0' }, ...rest });
const inV1 = (rest: object) => JSON.stringify({ ignitionVersion: 1, ...rest });

type Made = (text: string) => object;

/** A field of spec 3, read alone and as the child of a merge. */
const field = (name: string, atoms: readonly string[], made: Made, frames: Reader['frames'] = []): Reader => ({
  name: `spec 3: ${name}`,
  read: (text) => compose({ base: inV3({}), user: inV3(made(text)) }, 'ignition'),
  atoms,
  frames,
});
const oldField = (name: string, atoms: readonly string[], made: Made, frames: Reader['frames'] = []): Reader => ({
  name: `spec 2: ${name}`,
  read: (text) => {
    compose({ base: inV2({}), user: inV2(made(text)) }, 'ignition');
    compose({ base: inV2({}), user: inV2(made(text)) }, 'legacy');
  },
  atoms,
  frames,
});

const file = (fields: object) => ({ storage: { files: [{ path: '/a', ...fields }] } });
const unit = (fields: object) => ({ systemd: { units: [{ name: 'a.service', enabled: true, ...fields }] } });

const children = <T>(text: string, made: (index: number) => T): T[] =>
  Array.from({ length: text.length }, (_, at) => made(at));
const V2 = { ignition: { version: '2.4.0' } };
const V3 = { ignition: { version: '3.4.0' } };
const CROSSED: readonly (readonly [string, Made])[] = [
  [
    'drop-ins of a unit',
    (text) => ({
      ...V3,
      ...unit({ name: `${text}.service`, dropins: children(text, (at) => ({ name: `${at}.conf` })) }),
    }),
  ],
  [
    'drop-ins of a networkd unit',
    (text) => ({
      ...V2,
      networkd: { units: [{ name: `${text}.network`, dropins: children(text, (at) => ({ name: `${at}.conf` })) }] },
    }),
  ],
  ['groups of a user', (text) => ({ ...V3, passwd: { users: [{ name: text, groups: children(text, String) }] } })],
  [
    'files of a filesystem',
    (text) => ({
      ...V2,
      storage: {
        filesystems: [{ name: text, path: '/a' }],
        files: children(text, (at) => ({ filesystem: text.slice(0, 99), path: `/${at}` })),
      },
    }),
  ],
  [
    'partitions of a disk',
    (text) => ({
      ...V3,
      storage: { disks: [{ device: `/${text}`, partitions: children(text, (at) => ({ number: at + 1 })) }] },
    }),
  ],
  ['unknown keys', (text) => ({ ...V3, [text]: children(text, (at) => ({ [at]: 1 })) })],
  [
    'headers of a file',
    (text) => ({
      ...V3,
      ...file({
        path: `/${text}`,
        contents: { source: 'http://h', httpHeaders: children(text, (at) => ({ name: `${at}` })) },
      }),
    }),
  ],
];

const UNIT_FRAMES = [
  ['', '.service'],
  ['', '.socket'],
  ['a@', '.service'],
  ['@', '@.service'],
] as const;

export const ignitionReaders: readonly Reader[] = [
  { name: 'JSON', read: readJson, atoms: JSON_ATOMS, frames: [['"', '']] },
  { name: 'lines of a text', read: (text) => placesIn(text)(text.length - 1), atoms: ['\n', 'a'] },
  { name: 'config', read: parseConfig, atoms: JSON_ATOMS, frames: [['{"ignition":{"version":"3.4.0"},"a":', '']] },
  { name: 'a config to validate', read: (text) => validate(text, 'legacy'), atoms: JSON_ATOMS },
  { name: 'two configs to merge', read: merge, atoms: JSON_ATOMS, frames: [['{"parent":', ',"child":{}}']] },
  {
    name: 'kind of user data',
    read: kindOf,
    atoms: [
      '\n',
      '\r\n',
      '\r',
      ' ',
      '#',
      '#!',
      'a:',
      'content-type:',
      'multipart',
      'multipart/mixed',
      'a: b\n',
      '\n\r',
    ],
    frames: [
      ['content-type:', ''],
      ['#cloud-config', 'x'],
      ['a:\n', '\n\nx'],
    ],
  },
  {
    name: 'gzipped user data',
    read: async (text) => await readUserData(new Uint8Array(gzipSync(text)), 1024 * 1024),
    atoms: ['a', '{}', '\u0000'],
  },
  {
    name: 'the gzip itself',
    read: async (text) =>
      await readUserData(
        Uint8Array.from(`\u001f\u008b${text}`, (c) => c.charCodeAt(0) & 0xff),
        1024 * 1024,
      ),
    atoms: ['\u0008', '\u0000', '\u001f\u008b\u0008\u0000', 'a'],
  },
  {
    name: 'URL as Go reads it',
    read: parseGoUrl,
    atoms: URL_ATOMS,
    frames: [
      ['http://', ''],
      ['http://h/', '%'],
      ['data:', ''],
    ],
  },
  {
    name: 'value in a query',
    read: (text) => queryValue(text, 'versionId'),
    atoms: URL_ATOMS,
    frames: [['versionId=', '&']],
  },
  {
    name: 'source',
    read: (text) => sourceFault(text, 6),
    atoms: [...URL_ATOMS, ';a=b', ';a="', '\\', '\\"', '"\\', ';base64', 'AAAA', 'A', 'text/', ';base64,'],
    frames: [
      ['data:', ''],
      ['data:,', '!'],
      ['data:a/b', ',x'],
      ['data:;base64,', '='],
      ['data:;base64,', '!'],
      ['data:;a="', '"x,'],
      ['data:a', '/b,'],
      ['arn:aws:s3:', ''],
      ['arn:aws:s3:::accesspoint', ''],
      ['s3://b/k?versionId=', ''],
      ['http://', '@h'],
      ['http://[', ']:0'],
    ],
  },
  {
    name: 'spec version',
    read: (text) => parseSpec(text, 0),
    atoms: ['0', '.', '-', '+', 'a', '3.'],
    frames: [
      ['3.4.0-', '!'],
      ['3.', ''],
    ],
  },
  field(
    'path',
    NAME_ATOMS,
    (text) => ({ storage: { files: [{ path: text }], links: [{ path: '/x', target: text }] } }),
    [['/', '']],
  ),
  field('hard link', NAME_ATOMS, (text) => ({
    storage: { directories: [{ path: '/x' }], links: [{ path: '/a', target: text, hard: true }] },
  })),
  field('source', URL_ATOMS, (text) => file({ contents: { source: text } }), [
    ['data:,', ''],
    ['http://', ''],
  ]),
  field(
    'hash',
    ['-', 'a', 'sha512-', '0'],
    (text) => file({ contents: { source: 'data:,', verification: { hash: text } } }),
    [['sha512-', '']],
  ),
  field('header', ['a', ':', '\n', ' '], (text) =>
    file({ contents: { source: 'http://h', httpHeaders: [{ name: text, value: text }] } }),
  ),
  field('label', NAME_ATOMS, (text) => ({
    storage: {
      disks: [{ device: '/d', partitions: [{ label: text, guid: text, number: 1 }] }],
      filesystems: [{ device: '/d', format: 'ext4', label: text, path: text }],
    },
  })),
  field('name of a unit', NAME_ATOMS, (text) => unit({ name: text, contents: '[Install]\nA=b\n' }), UNIT_FRAMES),
  field('name of a drop-in', NAME_ATOMS, (text) => unit({ dropins: [{ name: text, contents: '[A]\n' }] }), [
    ['', '.conf'],
  ]),
  field('unit', UNIT_ATOMS, (text) => unit({ contents: text }), [
    ['[A]\n', '!'],
    ['[A]\nB=', ''],
  ]),
  field('user', NAME_ATOMS, (text) => ({
    passwd: { users: [{ name: text, passwordHash: text, sshAuthorizedKeys: [text] }] },
  })),
  field('tang', URL_ATOMS, (text) => ({
    storage: {
      luks: [{ name: text, device: '/d', clevis: { tang: [{ url: text, thumbprint: text, advertisement: text }] } }],
    },
  })),
  oldField('path', NAME_ATOMS, (text) => ({ storage: { files: [{ filesystem: 'root', path: text }] } }), [['/', '']]),
  oldField('file system', NAME_ATOMS, (text) => ({
    storage: { filesystems: [{ name: text, path: '/a' }], files: [{ filesystem: text, path: '/a' }] },
  })),
  oldField(
    'source',
    URL_ATOMS,
    (text) => ({ storage: { files: [{ filesystem: 'root', path: '/a', contents: { source: text } }] } }),
    [['data:,', '']],
  ),
  oldField('name of a unit', NAME_ATOMS, (text) => unit({ name: text, contents: '[A]\n' }), UNIT_FRAMES),
  oldField('networkd unit', UNIT_ATOMS, (text) => ({ networkd: { units: [{ name: 'a.network', contents: text }] } })),
  // One text is a name and the number of its children, so that nothing may read the name once for each child.
  ...CROSSED.map(
    ([name, made]): Reader => ({
      name: `crossed: ${name}`,
      read: (text) => {
        for (const engine of ['ignition', 'legacy'] as const) validate(JSON.stringify(made(text)), engine);
      },
      atoms: ['a', '\u00e9', '@'],
    }),
  ),
  {
    name: 'spec 1',
    read: (text) =>
      parseConfig(
        inV1({
          storage: { filesystems: [{ device: '/d', format: 'ext4', files: [{ path: text, contents: text }] }] },
          systemd: { units: [{ name: text, contents: text }] },
        }),
      ),
    atoms: NAME_ATOMS,
    frames: UNIT_FRAMES,
  },
  {
    name: 'default layer with a placeholder',
    read: (text) =>
      render(
        {
          ...{ machine: undefined, user: undefined, reader: undefined },
          profiles: [
            {
              ...{ name: 'p', engine: 'ignition', base: undefined, vars: {} },
              default: inV3(file({ contents: { source: `data:,${text}` } })),
            },
          ],
        },
        knownUrls('https://h/$&', ''),
      ),
    atoms: ['{', '{{', '%7B', '{{cloud_config_url}}', '%7B%7Bcloud_config_url', 'cloud_config_url', '}}'],
  },
];
