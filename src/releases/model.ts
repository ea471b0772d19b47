/** The terms of Flatcar's release buckets: channel, board, version, alias, file. No I/O. */

/** MAJOR.CHANNEL.PATCH; MAJOR counts days since 2013-07-01. */
export type Version = string & { readonly __kind: 'version' };
/** `current`, or `current-YYYY` for an LTS stream. */
export type Alias = string & { readonly __kind: 'alias' };

/** A channel and board that this service is configured for. */
export interface Pair {
  readonly channel: string;
  readonly board: string;
}

/** One file of one numbered release. */
export interface ReleaseFile extends Pair {
  readonly version: Version;
  readonly file: string;
}

export const VERSION = /^\d{1,6}(\.\d{1,4}){2}$/;
export const ALIAS = /^current(-\d{4})?$/;
const FILE = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}$/;

export const isVersion = (text: string): text is Version => VERSION.test(text);
export const isAlias = (text: string): text is Alias => ALIAS.test(text);
export const isFileName = (text: string): boolean => FILE.test(text);

/** Negative when `a` is the older release. Numbers, not text: 9.0.0 is older than 10.0.0. */
export function compareVersions(a: Version, b: Version): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The middle number of a version says its channel. Only these names are bound to one; others are not checked. */
const CHANNEL_DIGITS: Readonly<Record<string, string>> = {
  alpha: '0',
  beta: '1',
  stable: '2',
  lts: '3',
  edge: '99',
};

/** False when `version` belongs to another channel than its name says. */
export function fitsChannel(channel: string, version: Version): boolean {
  const digit = Object.hasOwn(CHANNEL_DIGITS, channel) ? CHANNEL_DIGITS[channel] : undefined;
  return digit === undefined || version.split('.')[1] === digit;
}

export const filePath = ({ channel, board, version, file }: ReleaseFile): string =>
  `/${channel}/${board}/${version}/${file}`;

/** What a file is, for clients that show it; everything unknown is bytes. */
export function contentTypeOf(file: string): string {
  if (/\.(asc)$/.test(file)) return 'text/plain; charset=utf-8';
  if (/\.(sig)$/.test(file)) return 'application/pgp-signature';
  if (/\.(txt|DIGESTS|README|sh)$/.test(file)) return 'text/plain; charset=utf-8';
  if (/\.json$/.test(file)) return 'application/json';
  return 'application/octet-stream';
}
