/** The readers of what strangers send without a token: paths, headers, capabilities, webhooks. */
import { isOperator, tokenIn } from '../../src/access/operator.ts';
import { ignitionVersion } from '../../src/machines/boot/boots.ts';
import { Capabilities } from '../../src/machines/boot/capability.ts';
import { readGithub, readRelease } from '../../src/mirror/webhook.ts';
import { makeCatalogue } from '../../src/releases/catalogue.ts';
import { contentTypeOf, isAlias, isFileName, isVersion } from '../../src/releases/model.ts';
import { channelOfHost, parseReleasePath, rawPath } from '../../src/releases/path.ts';
import { listingHtml, prefersJson } from '../../src/releases/serve/listing.ts';
import { evaluatePreconditions, rangeApplies } from '../../src/shared/http/conditional.ts';
import { parseHttpDate } from '../../src/shared/http/date.ts';
import { parseEntityTag, parseEntityTagList } from '../../src/shared/http/entity-tag.ts';
import { decideRange } from '../../src/shared/http/range.ts';
import { problemLine } from '../../src/shared/problem.ts';
import { redactPath } from '../../src/shared/redact-path.ts';
import type { Reader } from './growth.ts';

const CATALOGUE = makeCatalogue(['stable'], ['amd64-usr'], []);
const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const RULES = { catalogue: CATALOGUE, webhookSecrets: [SECRET] };
const capabilities = new Capabilities([SECRET]);
const current = { etag: '"a"', lastModified: 0 };

const PATH_ATOMS = ['/', '.', '/.', '//', 'boot', 'boot/', '/boot/a', 'a', '%', '%2f', '%25', '\\', ';', ':', '?', '#'];
const PATH_FRAMES = [
  ['/', '/'],
  ['/boot', ''],
  ['/boot', 'x/ignition'],
  ['/stable/amd64-usr/', '!'],
] as const;
const HEADER_ATOMS = [' ', '\t', ',', ';', '"', '"a",', 'W/"a", ', 'a', '=', '-', '0', 'q=', '*', '\u00e9'];
const HEADER_FRAMES = [
  ['a', 'b'],
  ['"', 'x'],
  ['*', '!'],
] as const;

const path = (name: string, read: Reader['read']): Reader => ({ name, read, atoms: PATH_ATOMS, frames: PATH_FRAMES });
const header = (name: string, read: Reader['read'], frames: Reader['frames'] = []): Reader => ({
  name,
  read,
  atoms: HEADER_ATOMS,
  frames: [...HEADER_FRAMES, ...frames],
});
/** What a Headers object takes: no control characters, no space at an end. */
const headersOf = (name: string, value: string) => new Headers({ [name]: value.replace(/[\r\n\0]/g, '') });

export const httpReaders: readonly Reader[] = [
  path('path in the log', redactPath),
  path('path of a URL', (text) => rawPath(`https://edge.test${text}`)),
  path('release path', (text) => parseReleasePath(text, CATALOGUE)),
  path('host', (text) => channelOfHost(text, CATALOGUE, 'release.example')),
  path('title of a listing', (text) => listingHtml(text, [])),
  { name: 'version', read: isVersion, atoms: ['0', '1', '.', '1.'], frames: [['1.2.', 'x']] },
  { name: 'alias', read: isAlias, atoms: ['current', '-', '2'], frames: [['current-', 'x']] },
  { name: 'file name', read: isFileName, atoms: ['a', '.', '_', '+'], frames: [['a', '/']] },
  { name: 'content type', read: contentTypeOf, atoms: ['.', '.txt', 'a', 'DIGESTS'], frames: [['a', '!']] },
  header('Accept', prefersJson, [['application/json', 'q=1']]),
  header('Range', (text) => decideRange(text, 1000), [
    ['bytes=', 'x'],
    ['bytes=0-', ''],
  ]),
  header('entity tag', parseEntityTag),
  header('list of entity tags', parseEntityTagList),
  header('date', (text) => parseHttpDate(text, 0), [['Sun, 06 Nov 1994 ', ' GMT']]),
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].map((name) =>
    header(name, (text) => evaluatePreconditions(headersOf(name, text), current, 0)),
  ),
  header('if-range', (text) => rangeApplies(headersOf('if-range', text), current, 0)),
  header('Authorization', async (text) => await isOperator(tokenIn(text) ?? '', [SECRET]), [['Bearer ', ' ']]),
  header('User-Agent', ignitionVersion, [['Ignition/', '']]),
  {
    name: 'line of a problem',
    read: (text) => problemLine({ code: 'not-found', detail: text }),
    atoms: ['\r', '\n', ' ', 'a'],
  },
  {
    name: 'capability',
    read: async (text) => await capabilities.read(text),
    atoms: ['.', 'a', 'a.', '0', '-', '='],
    frames: [['vm.e.n.0.', '']],
  },
  {
    name: 'body of a GitHub webhook',
    read: async (text) => await readGithub(text, headersOf('x-hub-signature-256', 'sha256=00'), RULES),
    atoms: ['{', '[', 'a', '"a":', ' '],
  },
  header('signature of a GitHub webhook', async (text) => {
    await readGithub('{}', headersOf('x-hub-signature-256', `sha256=${text}`), RULES);
  }),
  header('signature of a webhook', async (text) => {
    const headers = new Headers({ 'webhook-id': 'i', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) });
    headers.set('webhook-signature', text.replace(/[\r\n\0]/g, ''));
    await readRelease('{}', headers, RULES);
  }),
];
