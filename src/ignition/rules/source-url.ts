/** The rules for the URL of a resource, by spec version. No I/O. */
import { parseGoUrl, queryValue } from '../go-url.ts';

/** The minor version of spec 3 since which each scheme is allowed. */
const SCHEMES: Readonly<Record<string, number>> = { http: 0, https: 0, tftp: 0, s3: 0, data: 0, oem: 0, gs: 2, arn: 4 };

const UNPARSABLE = 'unable to parse url';

/** A character of a token of RFC 2045. Media types and parameters of a data URL consist of tokens. */
const TOKEN_CHARACTER = /[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]/;
const LINE_END = /[\n\r\u2028\u2029]/;
/** A character that the body of a data URL may not hold. A percent sign stands before two hex digits. */
const NOT_IN_BODY = /[^A-Za-z0-9\-_.!~*'();/?:@&=+$,%]|%(?![0-9A-Fa-f]{2})/;
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

/**
 * Returns a message about an invalid source URL in spec 3.`minor`, or `undefined`. An empty URL means an empty file.
 */
export function sourceFault(source: string, minor: number): string | undefined {
  if (source === '') return undefined;
  const url = parseGoUrl(source);
  if (url === undefined) return UNPARSABLE;
  const since = Object.hasOwn(SCHEMES, url.scheme) ? SCHEMES[url.scheme] : undefined;
  if (since === undefined || minor < since) return 'invalid url scheme';
  if (url.scheme === 'data') return dataFault(source);
  if (url.scheme === 'arn') return arnFault(source, url.query);
  return url.scheme === 's3' ? versionIdFault(url.query) : undefined;
}

/** Tells whether requests for a source can carry HTTP headers; `unparsable` for a text that is no URL. */
export function headersOf(source: string): 'taken' | 'refused' | 'unparsable' {
  const url = parseGoUrl(source);
  if (url === undefined) return 'unparsable';
  return url.scheme === 'http' || url.scheme === 'https' ? 'taken' : 'refused';
}

function dataFault(source: string): string | undefined {
  const head = endOfHead(source);
  if (head === undefined) return UNPARSABLE;
  const body = source.slice(head.end);
  const isGood = head.isBase64 ? isBase64(body) : !NOT_IN_BODY.test(body);
  return isGood ? undefined : UNPARSABLE;
}

/**
 * Returns where the body of a data URL (RFC 2397) begins, as Go's `dataurl` reads it: a media type has a slash, parameters
 * follow it, and `;base64` comes last. The result is `undefined` for a text that does not begin so.
 */
function endOfHead(source: string): { readonly end: number; readonly isBase64: boolean } | undefined {
  const scheme = 'data:';
  if (!source.startsWith(scheme)) return undefined;
  let at = scheme.length;
  const slash = endOfToken(source, at);
  const type = source[slash] === '/' ? endOfToken(source, slash + 1) : slash;
  if (slash > at && type > slash + 1) at = type;
  for (let end = endOfParameter(source, at); end !== undefined; end = endOfParameter(source, at)) at = end;
  const marksBase64 = source.startsWith(';base64', at);
  if (marksBase64) at += ';base64'.length;
  return source[at] === ',' ? { end: at + 1, isBase64: marksBase64 } : undefined;
}

/** Returns where the parameter ends that begins at `from`, such as `;charset=utf-8`, or `undefined` without one. */
function endOfParameter(source: string, from: number): number | undefined {
  if (source[from] !== ';') return undefined;
  const equals = endOfToken(source, from + 1);
  if (equals === from + 1 || source[equals] !== '=') return undefined;
  if (source[equals + 1] === '"') return endOfQuoted(source, equals + 2);
  const end = endOfToken(source, equals + 1);
  return end === equals + 1 ? undefined : end;
}

/** Returns the offset after the quote that ends a quoted value, or `undefined` when nothing ends it. */
function endOfQuoted(source: string, from: number): number | undefined {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '"') return at + 1;
    if (source[at] !== '\\') continue;
    at += 1;
    if (LINE_END.test(source[at] ?? '\n')) return undefined;
  }
  return undefined;
}

function endOfToken(source: string, from: number): number {
  let at = from;
  while (TOKEN_CHARACTER.test(source[at] ?? '')) at += 1;
  return at;
}

/**
 * True for base64 with its padding (RFC 4648 section 4). A group in a regular expression, repeated for each four
 * characters, would overflow the stack for some megabytes.
 */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  return !NOT_BASE64.test(text.slice(0, end));
}

/**
 * Returns a message about an invalid ARN of an S3 object. The forms are `arn:PARTITION:s3:…:BUCKET/KEY` and, for an
 * access point, `arn:PARTITION:s3:…:accesspoint/NAME/object/KEY`.
 */
function arnFault(source: string, query: string): string | undefined {
  const [arn = ''] = source.split('?');
  const fields = arn.split(':');
  if (fields.length < 6 || fields[2] !== 's3') return 'invalid s3 ARN format';
  const isAccessPoint = fields.slice(5).join(':').startsWith('accesspoint');
  if (arn.split('/').length < (isAccessPoint ? 3 : 2)) return 'object key required in s3 ARN';
  return versionIdFault(query);
}

const versionIdFault = (query: string): string | undefined =>
  queryValue(query, 'versionId') === '' ? 'versionId is empty' : undefined;
