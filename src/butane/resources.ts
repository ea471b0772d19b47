/** Inline contents as data URLs, by the shortest of three forms (base/v0_5/translate.go and baseutil of Butane). No I/O. */
import { toBase64Text, toBinaryText } from './base64.ts';

/** Handed in: this room does not compress by itself. */
export type Gzip = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;

interface DataUrl {
  readonly source: string;
  /** `''` says that nothing is compressed, so that nothing is inherited. */
  readonly compression: '' | 'gzip';
}

/** What the reference asks of gzip before it takes it: its own name in the config. */
const GZIP_COSTS = 4;

/** The shortest data URL of `bytes`, or the plain one; gzip only where the user has not said how they are compressed. */
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

/** Percent-encoded but for RFC 2396's unreserved characters. */
const escaped = (bytes: Uint8Array): string => toBinaryText(bytes).replace(RESERVED, percent);
