/**
 * URLs that a resource may name, by spec version. The reference parses them with Go's net/url, which takes much that
 * WHATWG does not; only what it refuses is refused here. No I/O.
 */

/** Minor versions of spec 3 that a scheme came with. */
const SCHEMES: Readonly<Record<string, number>> = { http: 0, https: 0, tftp: 0, s3: 0, data: 0, oem: 0, gs: 2, arn: 4 };

const UNPARSABLE = 'unable to parse url';
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** What is wrong with a source URL in spec 3.`minor`, or `undefined`; empty is an empty file. */
export function sourceFault(source: string, minor: number): string | undefined {
  if (source === '') return undefined;
  if (hasControl(source) || /%(?![0-9A-Fa-f]{2})/.test(source.split('?')[0] ?? '')) return UNPARSABLE;
  const scheme = SCHEME.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return source.startsWith(':') ? UNPARSABLE : 'invalid url scheme';
  const since = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (since === undefined || minor < since) return 'invalid url scheme';
  if (scheme === 'data') return dataFault(source);
  if (scheme === 'arn') return arnFault(source);
  const authority = /^[^:]*:\/\/([^/?#]*)/.exec(source)?.[1] ?? '';
  if (/[\s<>"{}|\\^`]/.test(authority) || !hasBalancedBrackets(authority)) return UNPARSABLE;
  return scheme === 's3' ? versionIdFault(source) : undefined;
}

/** True for the schemes that take HTTP headers. */
export const takesHeaders = (source: string): boolean => /^https?:/i.test(source);

/** RFC 2397 as the reference reads it: lower-case scheme, a comma, and in the body only URL characters. */
function dataFault(source: string): string | undefined {
  const comma = source.indexOf(',');
  if (!source.startsWith('data:') || comma === -1) return UNPARSABLE;
  const body = source.slice(comma + 1);
  if (!/^(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,#[\]]|%[0-9A-Fa-f]{2})*$/.test(body)) return UNPARSABLE;
  if (!source.slice(0, comma).endsWith(';base64')) return undefined;
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(decodePercent(body));
  return isBase64 ? undefined : UNPARSABLE;
}

/** An S3 object's name: `arn:PARTITION:s3:…:BUCKET/KEY`, or an access point's with `accesspoint/NAME/object/KEY`. */
function arnFault(source: string): string | undefined {
  const [arn = ''] = source.split('?');
  const parts = arn.split(':');
  if (parts.length < 6 || parts[2] !== 's3') return 'invalid s3 ARN format';
  const resource = parts.slice(5).join(':');
  const segments = resource.split('/');
  const isAccessPoint = segments[0] === 'accesspoint';
  if (segments.length < (isAccessPoint ? 3 : 2) || segments.at(-1) === '') return 'object key required in s3 ARN';
  return versionIdFault(source);
}

function versionIdFault(source: string): string | undefined {
  return /[?&]versionId=(&|#|$)/.test(source) ? 'versionId is empty' : undefined;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

const hasBalancedBrackets = (authority: string): boolean =>
  !/[[\]]/.test(authority) || /^([^[\]@]*@)?\[[0-9A-Fa-f:.%]+\](:\d*)?$/.test(authority);

const decodePercent = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
