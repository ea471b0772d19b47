/** The readers of YAML: its syntax, its scalars, and what Butane and ct make of it. */

import { unitPath } from '../../src/butane/butane/mount-units.ts';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { checkCt } from '../../src/butane/ct/rules.ts';
import { mebibytes } from '../../src/butane/ct/sizes.ts';
import { isGoDuration, windowStartFault } from '../../src/butane/ct/times.ts';
import { transpileCt } from '../../src/butane/ct/transpile.ts';
import { parseVersion } from '../../src/butane/ct/version.ts';
import type { ScalarNode } from '../../src/butane/yaml/node.ts';
import { readYaml } from '../../src/butane/yaml/read-yaml.ts';
import { asBytes, asFlag, asInteger, asText, tagFault } from '../../src/butane/yaml/scalar.ts';
import { YamlReport } from '../../src/butane/yaml/yaml-report.ts';
import { readFormat } from '../../src/configs/formats.ts';
import { kindOf } from '../../src/configs/machine-kind.ts';
import type { Reader } from './growth.ts';

/** A little more than the limit of the readers. */
const MOST = 320 * 1024;
const SYNTAX = [
  ...[
    '- ',
    ': ',
    '{',
    '[',
    '}',
    ']',
    ',',
    '&a ',
    '*a',
    '<<: ',
    '!!str ',
    '!a ',
    '"',
    "'",
    '|\n',
    '>\n',
    '#',
    '\n',
    ' ',
    '\t',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    'a: 1\n',
    'a',
    '? ',
    '- a\n',
    '[1,',
    '1,',
    '{a: ',
    '\\',
    '\r',
    '- - ',
    'a:\n ',
    '\u00e9',
  ],
];
const HEAD = 'variant: flatcar\nversion: 1.1.0\n';
const butane = (text: string) => transpileButane(text, { strict: false, gzip: 'plain' });
const ct = (text: string) => transpileCt(text, { strict: false, platform: '' });
const scalar = (text: string, isPlain: boolean, tag: string): ScalarNode => ({
  kind: 'scalar',
  text,
  isPlain,
  tag,
  at: { line: 1, column: 1 },
  isAlias: false,
});
const SCALAR_ATOMS = ['0', '_', '.', 'e', '+', '-', 'x', 'a', '1_', ' ', '=', 'A', '0.', 'i'];

const lines = (text: string, line: (index: number) => string) => Array.from(text, (_, index) => line(index)).join('');
/** A source of as many lines as the text has characters. */
const source = (name: string, made: (text: string) => string, most = 8 * 1024): Reader[] => [
  { name: `Butane: ${name}`, read: (text) => butane(HEAD + made(text)), atoms: ['x'], least: 1024, most },
  { name: `ct: ${name}`, read: (text) => ct(made(text)), atoms: ['x'], least: 1024, most },
];

/** Maps that each merge the one before, so often as a text of this size can say. */
const chain = (depth: number, times: number) =>
  Array.from({ length: depth }, (_, at) =>
    at === 0
      ? 'm0: &m0 {a: 1}\n'
      : `m${at}: &m${at}\n  <<: [${Array.from({ length: times }, () => `*m${at - 1}`).join()}]\n`,
  ).join('');

export const yamlReaders: readonly Reader[] = [
  {
    name: 'YAML',
    read: readYaml,
    atoms: SYNTAX,
    frames: [
      ['a: ', ''],
      ['a: &a 1\nb: ', ''],
      ['"', '!'],
      ['[', ']'],
      ['- &a x\n- [', '*b]'],
    ],
    most: MOST,
  },
  {
    name: 'Butane',
    read: butane,
    atoms: SYNTAX,
    frames: [
      [HEAD, ''],
      [`${HEAD}storage: `, ''],
    ],
    most: MOST,
  },
  { name: 'Container Linux Config', read: ct, atoms: SYNTAX, frames: [['storage:\n  files:\n', '']], most: MOST },
  {
    name: 'format of user data',
    read: (text) =>
      readFormat({ text, kind: kindOf(text), notes: [] }, { format: undefined, platform: '', lenient: true }),
    atoms: [...SYNTAX, 'variant', '"variant"', 'variant:', 'variant '],
    most: MOST,
  },
  ...(
    [
      ['', true],
      ['', false],
      ['!!int', false],
      ['!!float', true],
      ['!!binary', false],
    ] as const
  ).map(
    ([tag, isPlain]): Reader => ({
      name: `scalar ${tag}${isPlain ? '' : ' in quotes'}`,
      read: (text) => {
        const node = scalar(text, isPlain, tag);
        for (const reader of [asText, asBytes, asInteger, asFlag, tagFault]) reader(node);
      },
      atoms: SCALAR_ATOMS,
      frames: [
        ['', 'x'],
        ['0x', ''],
        ['1', 'e'],
      ],
    }),
  ),
  {
    name: 'size',
    read: mebibytes,
    atoms: ['0', '.', 'G', 'GiB', '1GiB', '1.', '.1', '-', 'B', '1B'],
    frames: [
      ['', '!'],
      ['1', 'B'],
    ],
  },
  { name: 'version of etcd', read: parseVersion, atoms: ['0', '.', '-', '+', 'a', '1.'], frames: [['1.2.3-', '!']] },
  { name: 'length of a window', read: isGoDuration, atoms: ['0', '.', 'h', '1h', '.1', 's', 'ns', 'µ', '+'] },
  { name: 'start of a window', read: windowStartFault, atoms: [' ', '\t', '\n', 'a', 'sun ', '0', ':'] },
  { name: 'path of a mount unit', read: unitPath, atoms: ['/', '.', 'a', '\u00e9', '-', '//'], frames: [['a', '']] },
  ...(['window_length', 'window_start', 'reboot_strategy'] as const).map(
    (name): Reader => ({
      name: `locksmith: ${name}`,
      read: (text) => {
        const report = new YamlReport(scalar('', true, ''));
        checkCt(
          {
            locksmith: { window_start: '00:00', window_length: '1h', [name]: text },
            update: { server: text },
            etcd: { version: text },
            flannel: { network_config: text },
          },
          report,
        );
      },
      atoms: ['0', '.', 'h', '1h', '1.', '.1', 's', 'm', 'ns', 'µ', '+', ' ', ':', 'x', '%', '?', '{'],
      frames: [
        ['', 'x'],
        ['0', 's'],
        ['Sun ', ''],
      ],
    }),
  ),
  ...source('unknown keys', (text) => lines(text, (at) => `k${at}: 1\n`)),
  ...source('aliases', (text) => `k: &a 1\n${lines(text, (at) => `k${at}: *a\n`)}`),
  ...source('anchors', (text) => lines(text, (at) => `k${at}: &a${at} 1\n`)),
  ...source(
    'maps that merge another',
    (text) => `z: &z {a: 1, b: 2, c: 3}\n${lines(text, (at) => `k${at}: {<<: *z}\n`)}`,
  ),
  ...source('a chain of merges', (text) => chain(Math.min(text.length, 4000), 2)),
  ...source(
    'files that merge another',
    (text) => `z: &z {path: /a, mode: 420}\nstorage:\n  files:\n${lines(text, () => '    - <<: *z\n')}`,
  ),
  ...source('files without a mode', (text) => `storage:\n  files:\n${lines(text, (at) => `    - path: /a${at}\n`)}`),
  ...source(
    'files with a doubtful mode',
    (text) => `storage:\n  files:\n${lines(text, (at) => `    - {path: /a${at}, mode: 644}\n`)}`,
  ),
  ...source(
    'files in one line',
    (text) => `storage: {files: [${lines(text, (at) => `{path: é${at}, mode: 644},`)}]}\n`,
  ),
  ...source(
    'files with contents',
    (text) => `storage:\n  files:\n${lines(text, (at) => `    - {path: /a${at}, contents: {inline: é}}\n`)}`,
  ),
  ...source(
    'units that are wrong',
    (text) =>
      `storage:\n  filesystems:\n    - {device: /d, format: ext4, path: /m, with_mount_unit: true}\nsystemd:\n  units:\n${lines(text, (at) => `    - name: a${at}\n`)}`,
  ),
  ...source(
    'mounted file systems',
    (text) =>
      `storage:\n  filesystems:\n${lines(text, (at) => `    - {device: /d${at}, format: ext4, path: /m${at}, with_mount_unit: true}\n`)}`,
    4096,
  ),
  ...source('nulls in a list', (text) => `storage:\n  files:\n${lines(text, () => '    -\n')}`),
  ...source('keys below one another', (text) => lines(text.slice(0, 1000), (at) => `${' '.repeat(at)}a:\n`)),
  ...source('documents', (text) => lines(text, () => '---\na: 1\n')),
  ...source(
    'flags of docker',
    (text) =>
      `docker:\n  flags: [${lines(text, () => '"{a}",')}]\netcd:\n  name: "${'{HOSTNAME}'.repeat(text.length)}"\n`,
  ),
];
