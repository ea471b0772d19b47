/** The catalogues of system extensions that SYSEXT_URLS names. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

/** A folder of system extensions with a signed SHA256SUMS, as systemd-sysupdate reads it. */
export interface SysextSource {
  /** Where it is served: `/sysext/{name}/`. */
  readonly name: string;
  /** The folder, with a slash at the end. */
  readonly url: string;
  /** Where its key is published. */
  readonly keyUrl: string;
  /** The primary key that is trusted; whatever else the key file holds is ignored. */
  readonly fingerprint: string;
  /** Which files are mirrored; `*` stands for any text. */
  readonly pattern: string;
}

const RULE = 'must be NAME FOLDER-URL KEY-URL FINGERPRINT [PATTERN], by comma';
const MOST_SOURCES = 20;

/** Reads SYSEXT_URLS. The error is a sentence. */
export function parseSources(text: string): Result<readonly SysextSource[], string> {
  const sources: SysextSource[] = [];
  const entries = text.split(',').map((entry) => entry.trim());
  for (const entry of entries.filter((one) => one !== '')) {
    const words = entry.split(' ').filter((word) => word !== '');
    const [name = '', url = '', keyUrl = '', fingerprint = '', pattern = '*.raw*'] = words;
    if (words.length < 4 || words.length > 5) return err(RULE);
    if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return err(`${RULE}; NAME has lower-case letters, digits and -`);
    if (sources.some((source) => source.name === name)) return err(`names ${name} twice`);
    if (!isPlainUrl(url) || !isPlainUrl(keyUrl)) return err(`${RULE}; URLs are http or https, without credentials`);
    if (!/^[0-9A-Fa-f]{40}$/.test(fingerprint)) return err(`${RULE}; FINGERPRINT has 40 hexadecimal digits`);
    if (!/^[A-Za-z0-9._+*-]{1,100}$/.test(pattern)) return err(`${RULE}; PATTERN is a file name with *`);
    const folder = url.endsWith('/') ? url : `${url}/`;
    sources.push({ name, url: folder, keyUrl, fingerprint: fingerprint.toUpperCase(), pattern });
  }
  return sources.length > MOST_SOURCES ? err(`names more than ${MOST_SOURCES} catalogues`) : ok(sources);
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text) || /[{}]/.test(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && search === '' && hash === '';
}

/** True for a name that the pattern means. Each `*` takes as little as it can, in one pass. */
export function fitsPattern(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
