/**
 * Turns inline contents into data URLs, in the shortest of three forms (base/v0_5/translate.go and baseutil of Butane).
 * No I/O.
 */
import { toBase64Text, toBinaryText } from './base64.ts';

/** Compresses bytes. The caller passes it in, because this room cannot compress by itself. */
export type Gzip = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;

interface DataUrl {
  readonly source: string;
  /** `''` states that the data is not compressed, so that a merge does not take the field from the parent config. */
  readonly compression: '' | 'gzip';
}

/** Gzip must save more characters than this: `compression: gzip` puts the word `gzip` into the config (baseutil). */
const GZIP_COSTS = 4;

/**
 * Returns the shortest data URL of `bytes`, and its compression. `gzip` is `undefined` when the user states a
 * compression: then the bytes are not compressed again. With `plain` the URL is always percent-encoded and readable.
 */
export function dataUrlOf(bytes: Uint8Array<ArrayBuffer>, gzip: Gzip | 'plain' | undefined): DataUrl {
  const plain = `,${escaped(bytes)}`;
  if (gzip === 'plain') return { source: `data:${plain}`, compression: '' };
  const base64 = `;base64,${toBase64Text(bytes)}`;
  const shorter = base64.length < plain.length ? base64 : plain;
  const zipped = gzip === undefined ? undefined : `;base64,${toBase64Text(gzip(bytes))}`;
  if (zipped !== undefined && zipped.length + GZIP_COSTS < shorter.length) {
    return { source: `data:${zipped}`, compression: 'gzip' };
  }
  return { source: `data:${shorter}`, compression: '' };
}

const RESERVED = /[^A-Za-z0-9\-_.!~*'()]/g;
const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** Percent-encodes every byte but the unreserved characters of RFC 2396 section 2.3. */
const escaped = (bytes: Uint8Array): string => toBinaryText(bytes).replace(RESERVED, percent);
