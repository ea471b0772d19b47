/**
 * Parses and prints URLs as Go's `net/url` does (Parse, URL.String), which accepts some texts that the WHATWG parser
 * refuses, and refuses others. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { escapedForm, escapeUrl, unescapeUrl } from './go-escapes.ts';
import { goQuote, goQuoteBytes } from './go-quote.ts';

export interface GoUrl {
  /** The scheme in lower case; empty for a relative reference. */
  readonly scheme: string;
  /** Without its question mark. */
  readonly query: string;
  /** True for a URL with a user name, even an empty one. */
  readonly hasUser: boolean;
  /** The URL as Go prints it. */
  readonly text: string;
}

/** What stands between the scheme and the query. */
interface Middle {
  readonly text: string;
  readonly hasUser: boolean;
}

interface Authority {
  readonly user: string | undefined;
  readonly host: string;
}

const USER_CHARACTERS = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const PORT = /^(:\d*)?$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/** Returns the URL, or the message of Go's error, such as `parse ":x": missing protocol scheme`. */
export function parseGoUrl(text: string): Result<GoUrl, string> {
  const hash = text.indexOf('#');
  const whole = hash === -1 ? text : text.slice(0, hash);
  const fragment = hash === -1 ? '' : binary(text.slice(hash + 1));
  const parsed = parseWhole(binary(whole));
  if (!parsed.ok) return err(`parse ${goQuote(whole)}: ${parsed.error}`);
  if (fragment === '') return parsed;
  const unescaped = unescapeUrl(fragment, 'fragment');
  if (!unescaped.ok) return err(`parse ${goQuote(text)}: ${unescaped.error}`);
  const printed = unescaped.value === '' ? '' : `#${escapedForm(fragment, unescaped.value, 'fragment')}`;
  return ok(parsed.value.withFragment(printed));
}

class ParsedUrl implements GoUrl {
  readonly scheme: string;
  readonly query: string;
  readonly hasUser: boolean;
  readonly #middle: string;
  readonly #end: string;

  /** `middle` and `end` are printed, with a character for each byte. */
  constructor(scheme: string, query: string, hasUser: boolean, middle: string, end: string) {
    this.scheme = scheme;
    this.query = query;
    this.hasUser = hasUser;
    this.#middle = middle;
    this.#end = end;
  }

  /** It is made when somebody asks for it: it may be as long as a file. */
  get text(): string {
    return plain(`${this.scheme === '' ? '' : `${this.scheme}:`}${this.#middle}${this.#end}`);
  }

  withFragment(fragment: string): ParsedUrl {
    return new ParsedUrl(this.scheme, this.query, this.hasUser, this.#middle, `${this.#end}${fragment}`);
  }
}

function parseWhole(whole: string): Result<ParsedUrl, string> {
  if (hasControl(whole)) return err('net/url: invalid control character in URL');
  const written = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(whole)?.[1] ?? '';
  if (written === '' && whole.startsWith(':')) return err('missing protocol scheme');
  const afterScheme = written === '' ? whole : whole.slice(written.length + 1);
  const scheme = written.toLowerCase();
  const mark = afterScheme.indexOf('?');
  const rest = mark === -1 ? afterScheme : afterScheme.slice(0, mark);
  const query = mark === -1 ? '' : afterScheme.slice(mark + 1);
  const printed = printWhole(scheme, rest);
  if (!printed.ok) return printed;
  const { text: middle, hasUser } = printed.value;
  return ok(new ParsedUrl(scheme, plain(query), hasUser, middle, mark === -1 ? '' : `?${query}`));
}

/** Returns what stands between the scheme and the query, as Go prints it. */
function printWhole(scheme: string, rest: string): Result<Middle, string> {
  if (!rest.startsWith('/')) {
    if (scheme !== '') return ok({ text: rest, hasUser: false });
    if (rest.split('/', 1)[0]?.includes(':') === true) return err('first path segment in URL cannot contain colon');
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'));
  const slash = hasAuthority ? rest.indexOf('/', 2) : 0;
  const path = slash === -1 ? '' : rest.slice(slash);
  const printedPath = printPath(path);
  if (!hasAuthority) return printedPath.ok ? ok({ text: printedPath.value, hasUser: false }) : printedPath;
  const authority = parseAuthority(rest.slice(2, slash === -1 ? undefined : slash));
  if (!authority.ok) return authority;
  if (!printedPath.ok) return printedPath;
  const { user, host } = authority.value;
  const isEmpty = host === '' && path === '' && user === undefined;
  const userText = user === undefined ? '' : `${user}@`;
  const text = `${isEmpty ? '' : '//'}${userText}${escapeUrl(host, 'host')}${printedPath.value}`;
  return ok({ text, hasUser: user !== undefined });
}

function printPath(path: string): Result<string, string> {
  const unescaped = unescapeUrl(path, 'path');
  return unescaped.ok ? ok(escapedForm(path, unescaped.value, 'path')) : unescaped;
}

function parseAuthority(authority: string): Result<Authority, string> {
  const at = authority.lastIndexOf('@');
  const host = parseHost(authority.slice(at + 1));
  if (!host.ok) return host;
  if (at === -1) return ok({ user: undefined, host: host.value });
  const written = authority.slice(0, at);
  if (!USER_CHARACTERS.test(written)) return err('net/url: invalid userinfo');
  const colon = written.indexOf(':');
  const parts: string[] = [];
  for (const part of colon === -1 ? [written] : [written.slice(0, colon), written.slice(colon + 1)]) {
    const unescaped = unescapeUrl(part, 'user');
    if (!unescaped.ok) return unescaped;
    parts.push(escapeUrl(unescaped.value, 'user'));
  }
  return ok({ user: parts.join(':'), host: host.value });
}

function parseHost(host: string): Result<string, string> {
  const end = host.startsWith('[') ? host.lastIndexOf(']') : -1;
  if (host.startsWith('[') && end === -1) return err("missing ']' in host");
  const colon = end === -1 ? host.lastIndexOf(':') : end + 1;
  const port = colon === -1 ? '' : host.slice(colon);
  if (!PORT.test(port)) return err(`invalid port ${goQuoteBytes(port)} after host`);
  const zone = end === -1 ? -1 : host.slice(0, end).indexOf('%25');
  if (zone === -1) return unescapeUrl(host, 'host');
  let unescapedHost = '';
  for (const [part, kind] of [
    [host.slice(0, zone), 'host'],
    [host.slice(zone, end), 'zone'],
    [host.slice(end), 'host'],
  ] as const) {
    const unescaped = unescapeUrl(part, kind);
    if (!unescaped.ok) return unescaped;
    unescapedHost += unescaped.value;
  }
  return ok(unescapedHost);
}

/** Returns the first value of a key in a query, decoded. Go ignores pairs that it cannot decode, and so does this. */
export function queryValue(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    if (pair.includes(';') || BAD_ESCAPE.test(pair)) continue;
    const equals = pair.indexOf('=');
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (decodeQuery(key) === name) return equals === -1 ? '' : decodeQuery(pair.slice(equals + 1));
  }
  return undefined;
}

/** Decodes byte by byte, because a key need not be valid UTF-8 to be compared. */
const decodeQuery = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

const BEYOND_ASCII = /[^\0-\x7f]/;
const BYTES_PER_CALL = 8192;

/** Returns a text with a character for each byte of its UTF-8. A text in ASCII is that already. */
function binary(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  const bytes = new TextEncoder().encode(text);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_CALL)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_CALL)));
  return pieces.join('');
}

/** Undoes `binary`. */
function plain(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(
    Uint8Array.from(text, (one) => one.charCodeAt(0)),
  );
}
