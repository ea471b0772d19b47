/**
 * Parses URLs as Go's `url.Parse` does, which accepts some texts that the WHATWG parser refuses, and refuses others.
 * The result holds only what the rules need. No I/O.
 */

export interface GoUrl {
  /** The scheme in lower case; empty for a relative reference. */
  readonly scheme: string;
  readonly query: string;
}

/** Matches a host of allowed characters. Go allows more of them than RFC 3986, and every byte beyond ASCII. */
const HOST_CHARACTERS = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]*$/;
const USER_CHARACTERS = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const PORT = /^(:\d*)?$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** In a host, only bytes beyond ASCII and the percent sign may be escaped (RFC 6874, `unescape` of net/url). */
const BAD_HOST_ESCAPE = /%(?!25|[89A-Fa-f][0-9A-Fa-f])/;

/** Returns the scheme and the query of a URL, or `undefined` when Go cannot parse it. */
export function parseGoUrl(text: string): GoUrl | undefined {
  const hash = text.indexOf('#');
  const [whole, fragment] = hash === -1 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)];
  if (hasControl(whole) || BAD_ESCAPE.test(fragment)) return undefined;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(whole)?.[1] ?? '';
  if (scheme === '' && whole.startsWith(':')) return undefined;
  const afterScheme = scheme === '' ? whole : whole.slice(scheme.length + 1);
  const mark = afterScheme.indexOf('?');
  const [rest, query] = mark === -1 ? [afterScheme, ''] : [afterScheme.slice(0, mark), afterScheme.slice(mark + 1)];
  const url = { scheme: scheme.toLowerCase(), query };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return url;
    return rest.split('/', 1)[0]?.includes(':') || BAD_ESCAPE.test(rest) ? undefined : url;
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'));
  const slash = hasAuthority ? rest.indexOf('/', 2) : 0;
  const authority = hasAuthority ? rest.slice(2, slash === -1 ? undefined : slash) : '';
  const path = slash === -1 ? '' : rest.slice(slash);
  return isAuthority(authority) && !BAD_ESCAPE.test(path) ? url : undefined;
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

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  const host = authority.slice(at + 1);
  if (!USER_CHARACTERS.test(user) || BAD_ESCAPE.test(user)) return false;
  const end = host.startsWith('[') ? host.lastIndexOf(']') : -1;
  if (host.startsWith('[') && end === -1) return false;
  const colon = end === -1 ? host.lastIndexOf(':') : end + 1;
  if (colon !== -1 && !PORT.test(host.slice(colon))) return false;
  if (BAD_HOST_ESCAPE.test(zoneless(host, end))) return false;
  return HOST_CHARACTERS.test(host.replace(/%[0-9A-Fa-f]{2}/g, ''));
}

/** Removes the zone of an IPv6 address (from `%25` to the bracket), in which every byte may be escaped. */
function zoneless(host: string, end: number): string {
  const zone = end === -1 ? -1 : host.slice(0, end).indexOf('%25');
  return zone === -1 ? host : host.slice(0, zone) + host.slice(end);
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
