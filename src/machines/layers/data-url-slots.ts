/** Replaces texts in what a data URL (RFC 2397) holds, and leaves every other character of the URL as it is. No I/O. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { fromBase64, toBase64 } from '../../shared/bytes.ts';
import { type Encoding, latin1 } from './encoding.ts';

/** Replaces what it knows in a text, and returns the text; the same one where there is nothing. */
export type Replacer = (text: string, encoding: Encoding) => string;

/** More than this is no text that somebody has written. */
const MOST_UNPACKED = 8 * 1024 * 1024;
const PLACEHOLDER = /(?:\{|%7B)(?:\{|%7B)([a-z][a-z0-9_.]{0,127})(?:\}|%7D)(?:\}|%7D)/gi;

/** Returns the URL with `replace` applied to its content; the same URL where that changes nothing, or cannot be read. */
export function replaceInDataUrl(source: string, isGzip: boolean, replace: Replacer): string {
  // A quoted parameter may hold a comma.
  const comma = source.includes('"') ? -1 : source.indexOf(',');
  if (comma === -1) return source;
  const [head, body] = [source.slice(0, comma + 1), source.slice(comma + 1)];
  if (head.endsWith(';base64,')) return replaceInBase64(head, body, isGzip, replace) ?? source;
  // Gzip that is escaped byte for byte is written by nobody.
  return isGzip ? source : head + replaceEscaped(body, replace);
}

function replaceInBase64(head: string, body: string, isGzip: boolean, replace: Replacer): string | undefined {
  let bytes: Uint8Array;
  try {
    const packed = fromBase64(decodeURIComponent(body));
    bytes = isGzip ? gunzipSync(packed, { maxOutputLength: MOST_UNPACKED }) : packed;
  } catch {
    // It is no base64 or no gzip, which whoever reads the config says.
    return undefined;
  }
  const before = latin1(bytes);
  const after = replace(before, 'bytes');
  if (after === before) return undefined;
  const replaced = Uint8Array.from(after, (character) => character.charCodeAt(0));
  return head + toBase64(isGzip ? gzipSync(replaced) : replaced);
}

/** Braces may be escaped or not. What is no placeholder stays as it is written. */
const replaceEscaped = (body: string, replace: Replacer): string =>
  body.replaceAll(PLACEHOLDER, (written, name: string) => {
    const placeholder = `{{${name}}}`;
    const value = replace(placeholder, 'percent');
    return value === placeholder ? written : value;
  });
