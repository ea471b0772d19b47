/** The readers of what upstream, the key host, the operator and our own stores hold. */
import { parseConfig } from '../../src/config.ts';
import { machineParams, machineQuery, tokenBody } from '../../src/machines/api/call-requests.ts';
import { readFormatQuery, readMachineQuery } from '../../src/machines/api/machine-request.ts';
import { mirrorParams, pinBody } from '../../src/mirror/api/call-shapes.ts';
import { parseDigests } from '../../src/mirror/copy/digests.ts';
import { builtAt } from '../../src/mirror/store/job.ts';
import { labelsOf } from '../../src/observability/prometheus.ts';
import { parseStream } from '../../src/releases/catalogue.ts';
import { parseUpstreamTemplate } from '../../src/releases/upstream/url-template.ts';
import { parseVersionTxt } from '../../src/releases/upstream/version-txt.ts';
import { checkShape } from '../../src/shared/http/api.ts';
import { readDetachedSignature } from '../../src/signing/detached-signature.ts';
import { readKeyring } from '../../src/signing/keyring.ts';
import { requireOneSignaturePacket } from '../../src/signing/signature-packet.ts';
import { parseRequest } from '../../src/updates/omaha-request.ts';
import type { Reader } from './growth.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const rawBytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
const KEY_BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const KEY_END = '-----END PGP PUBLIC KEY BLOCK-----';
const SIGNATURE_BEGIN = '-----BEGIN PGP SIGNATURE-----\n';
const OFFERED = { channels: ['stable'], boards: ['amd64-usr'] };

const NAME_ATOMS = ['a', '/', '.', '-', '0', ' ', ',', ':', '{', '}', '{file}', '%', '"', '='];
const VARIABLES = [
  ...['CHANNELS', 'BOARDS', 'UPSTREAM_URL', 'UPSTREAM_REDIRECT_HOSTS', 'SIGNING_KEY_URL', 'SIGNING_KEY_FINGERPRINTS'],
  ...[
    'MIRROR',
    'MIRROR_FILES',
    'KEEP_RELEASES',
    'RELEASE_HOST_SUFFIX',
    'PUBLIC_URL',
    'OPERATOR_TOKEN',
    'ANNOUNCE_URLS',
    'MIRROR_SETS',
  ],
];

export const releaseReaders: readonly Reader[] = [
  {
    name: 'version.txt',
    read: (text) => parseVersionTxt(bytesOf(text), 'stable'),
    atoms: ['FLATCAR_VERSION=', '1.2.3', '\n', 'A=', '"', "'", 'A="b"\n', 'A=b\n', 'A_'],
    frames: [['FLATCAR_VERSION="', "'"]],
  },
  { name: 'build id', read: builtAt, atoms: ['2026-', '2026-08-11-', '0', '-'], frames: [['', '-2350x']] },
  {
    name: 'DIGESTS',
    read: parseDigests,
    atoms: ['# ', '# SHA512 HASH\n', 'a', 'a ', ' HASH', '\n', ' *', `${'a'.repeat(128)}  f\n`],
    frames: [['# SHA512 HASH\n', '!']],
  },
  {
    name: 'update check',
    read: parseRequest,
    atoms: [
      '<',
      '<a',
      '<a>',
      '<a/>',
      '</a>',
      '<app>',
      ' a="b"',
      '&amp;',
      '&',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      ' ',
      '\n',
      '"',
      '>',
    ],
    frames: [
      ['', ''],
      ['<request>', '</request>'],
      ['<request><app track="', '"/></request>'],
      ['<request><!--', '--></request>'],
    ],
    least: 8 * 1024,
    most: 64 * 1024,
  },
  {
    name: 'keyring',
    read: async (text) => await readKeyring(bytesOf(text)),
    atoms: [KEY_BEGIN, KEY_END, `${KEY_BEGIN}\n`, `${KEY_BEGIN}${KEY_END}`, '-', '\n', 'mDME', '=', ': ', 'A: b\n'],
    frames: [
      [KEY_BEGIN, ''],
      [`${KEY_BEGIN}\n\n`, `\n${KEY_END}`],
      ['', KEY_END],
    ],
    least: 16 * 1024,
    most: 128 * 1024,
  },
  {
    name: 'binary keyring',
    read: async (text) => await readKeyring(rawBytesOf(text)),
    atoms: ['\u0099', '\u00c6\u0001\u0004', '\u00ff', '\u0000', '\u0088\u0001\u0004'],
    most: 128 * 1024,
  },
  {
    name: 'armored signature',
    read: async (text) => await readDetachedSignature(bytesOf(SIGNATURE_BEGIN + text)),
    atoms: ['-', '\n', 'iQ', '=', ': ', 'A: b\n', ' ', '-----END PGP SIGNATURE-----', SIGNATURE_BEGIN],
    frames: [['\n', '\n-----END PGP SIGNATURE-----']],
    most: 64 * 1024,
  },
  {
    name: 'binary signature',
    read: async (text) => await readDetachedSignature(rawBytesOf(text)),
    atoms: ['\u0088', '\u0088\u0001\u0004', '\u00c2\u0001\u0004', '\u00ff', '\u0000'],
    most: 64 * 1024,
  },
  { name: 'framing of a signature', read: (text) => requireOneSignaturePacket(rawBytesOf(text)), atoms: ['\u0088'] },
  { name: 'URL template', read: parseUpstreamTemplate, atoms: NAME_ATOMS, frames: [['https://{version}/{file}/', '']] },
  { name: 'entry of MIRROR', read: parseStream, atoms: NAME_ATOMS, frames: [['stable/', '']] },
  ...VARIABLES.map((variable) => ({
    name: variable,
    read: (text: string) => parseConfig({ [variable]: text }),
    atoms: NAME_ATOMS,
    frames: [['https://h/', '!']] as const,
  })),
  {
    name: 'series of a counter',
    read: (text) => labelsOf(`counter{${text}}`, 'counter'),
    atoms: ['a', '="', '\\', '"', 'a="b",', '\\\\', 'a=', '\\"'],
    frames: [['a="', '']],
  },
  ...[
    ['query of a machine', (text: string) => readMachineQuery({ version: text, profile: text }, OFFERED)] as const,
    ['query of a format', (text: string) => readFormatQuery({ format: text, lenient: text })] as const,
    ['lifetime', (text: string) => checkShape(machineQuery, { expires_in: text })] as const,
    ['id of a machine', (text: string) => checkShape(machineParams, { id: text })] as const,
    ['body of a token', (text: string) => checkShape(tokenBody, { expires_in: text, revoke: text })] as const,
    [
      'version of a call',
      (text: string) => checkShape(mirrorParams, { channel: 'c', board: 'b', version: text }),
    ] as const,
    ['version of a pin', (text: string) => checkShape(pinBody, { version: text })] as const,
  ].map(([name, read]): Reader => ({ name, read, atoms: NAME_ATOMS, frames: [['1.2.', 'x']] })),
];
