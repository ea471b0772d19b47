/** The terms of Flatcar's release buckets: channel, board, version, alias, file. No I/O. */

import { isUpdate, plainName } from './companions.ts';

/** MAJOR.CHANNEL.PATCH, where MAJOR counts days since 2013-07-01. */
export type Version = string & { readonly __kind: 'version' };
/** `current`, `current-YYYY` for an LTS stream, or the name of a ring. */
export type Alias = string & { readonly __kind: 'alias' };

/** A channel and a board that the configuration names. */
export interface Pair {
  readonly channel: string;
  readonly board: string;
}

/** One file of one numbered release. */
export interface ReleaseFile extends Pair {
  readonly version: Version;
  readonly file: string;
}

/** A number with a leading zero would be a second name of the same release. */
export const VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/;
export const ALIAS = /^current(-\d{4})?$/;
const FILE = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}$/;

export const isVersion = (text: string): text is Version => VERSION.test(text);
export const isAlias = (text: string): text is Alias => ALIAS.test(text);
/** The name of a ring, which an operator chooses; names that begin with `current` are upstream's. */
const RING = /^(?!current)[a-z][a-z0-9-]{0,31}$/;
export const isRing = (text: string): text is Alias => RING.test(text);
/** True for what a path may have in the place of a number: upstream's aliases and the operator's rings. */
export const isAliasName = (text: string): text is Alias => isAlias(text) || isRing(text);
export const isFileName = (text: string): boolean => FILE.test(text);

/** Returns a negative number when `a` is older than `b`, and 0 when they are equal. 9.0.0 is older than 10.0.0. */
export function compareVersions(a: Version, b: Version): number {
  const numbersOfA = a.split('.').map(Number);
  const numbersOfB = b.split('.').map(Number);
  for (const [index, number] of numbersOfA.entries()) {
    const difference = number - (numbersOfB[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The middle number of a version names its channel. A channel that is not listed here is not checked. */
const CHANNEL_DIGITS: Readonly<Record<string, string>> = {
  alpha: '0',
  beta: '1',
  stable: '2',
  lts: '3',
  edge: '99',
};

/** False when the middle number of `version` belongs to another channel than `channel`. */
export function fitsChannel(channel: string, version: Version): boolean {
  const digit = Object.hasOwn(CHANNEL_DIGITS, channel) ? CHANNEL_DIGITS[channel] : undefined;
  return digit === undefined || version.split('.')[1] === digit;
}

/** Returns which of `channels` a version is of: the one that its middle number names, or else one whose number is not known. */
export const channelOf = (channels: readonly string[], version: Version): string | undefined => {
  const fitting = channels.filter((channel) => fitsChannel(channel, version));
  return fitting.find((channel) => Object.hasOwn(CHANNEL_DIGITS, channel)) ?? fitting[0];
};

/** Returns the URL path of a file of a numbered release. The paths of update payloads have no channel, as those of upstream. */
export const filePath = ({ channel, board, version, file }: ReleaseFile): string =>
  isUpdate(file) ? `/update/${board}/${version}/${plainName(file)}` : `/${channel}/${board}/${version}/${file}`;

/** Returns the Content-Type for a file name; it is application/octet-stream for every unknown ending. */
export function contentTypeOf(file: string): string {
  if (/\.(asc)$/.test(file)) return 'text/plain; charset=utf-8';
  if (/\.(sig)$/.test(file)) return 'application/pgp-signature';
  if (/\.(txt|DIGESTS|README|sh)$/.test(file)) return 'text/plain; charset=utf-8';
  if (/\.json$/.test(file)) return 'application/json';
  return 'application/octet-stream';
}
