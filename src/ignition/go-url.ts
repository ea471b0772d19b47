/**
 * URLs as Go's net/url takes them (`url.Parse`), which is laxer than WHATWG in some places and stricter in others. Only what a
 * rule asks for is kept. No I/O.
 */

export interface GoUrl {
  /** In lower case; empty for a relative reference. */
  readonly scheme: string;
  readonly query: string;
}

/** What may stand in a host besides letters, digits and bytes beyond ASCII. */
const HOST_CHARACTERS = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]*$/;
const USER_CHARACTERS = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const PORT = /^(:\d*)?$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** In a host only bytes beyond ASCII, and the percent sign itself, may be escaped. */
const BAD_HOST_ESCAPE = /%(?!25|[89A-Fa-f][0-9A-Fa-f])/;

/** The parts of a URL, or `undefined` for what Go cannot parse. */
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

/** The first value of a query's key, decoded; pairs that cannot be decoded are passed over, as Go does. */
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

/** A zone, from `%25` on inside the brackets, may escape what it likes. */
function zoneless(host: string, end: number): string {
  const zone = end === -1 ? -1 : host.slice(0, end).indexOf('%25');
  return zone === -1 ? host : host.slice(0, zone) + host.slice(end);
}

/** Byte by byte: what is no UTF-8 is still a key that differs from ours. */
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
