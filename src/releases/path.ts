/** What a request path means. No I/O. */
import type { Catalogue } from './catalogue.ts';
import { type Alias, isAlias, isFileName, isVersion, type Pair, type Version } from './model.ts';

export type ReleasePath =
  | (Pair & { readonly kind: 'file'; readonly version: Version | Alias; readonly file: string })
  /** A listing; `slashed` tells whether the path ends as a directory should. */
  | {
      readonly kind: 'directory';
      readonly channel: string;
      readonly board?: string;
      readonly version?: Version | Alias;
      readonly slashed: boolean;
    };

/**
 * The path of a request URL as the client wrote it, without query: `new URL` would fold `..` and `%2e%2e` away
 * before anybody could refuse them.
 */
export function rawPath(url: string): string {
  const afterScheme = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const slash = afterScheme.indexOf('/');
  const path = slash === -1 ? '/' : afterScheme.slice(slash);
  return path.replace(/[?#].*$/s, '');
}

/**
 * The channel that a host name brings. With `hostSuffix` `release.example.org`, `stable.release.example.org/amd64-usr/…` means
 * `/stable/amd64-usr/…`; an empty suffix switches that off.
 */
export function channelOfHost(host: string, { channels }: Catalogue, hostSuffix: string): string | undefined {
  if (hostSuffix === '' || !host.toLowerCase().endsWith(`.${hostSuffix}`)) return undefined;
  const channel = host.toLowerCase().slice(0, -hostSuffix.length - 1);
  return channels.includes(channel) ? channel : undefined;
}

/**
 * The file or directory that `path` names, or `undefined`: unknown channel or board, a name outside the grammar, and
 * anything percent-encoded, since no name of a release needs it. `.` segments are dropped (the official mirror script
 * sends them), `..` is never followed.
 */
export function parseReleasePath(path: string, catalogue: Catalogue): ReleasePath | undefined {
  if (!path.startsWith('/') || path.length > 1024) return undefined;
  const segments = path
    .slice(1)
    .split('/')
    .filter((segment) => segment !== '.');
  const slashed = segments.at(-1) === '';
  if (slashed) segments.pop();
  const [channel = '', board, version, file, ...others] = segments;
  if (others.length > 0 || !catalogue.channels.includes(channel)) return undefined;
  if (board === undefined) return { kind: 'directory', channel, slashed };
  if (!catalogue.boards.includes(board)) return undefined;
  if (version === undefined) return { kind: 'directory', channel, board, slashed };
  if (!isVersion(version) && !isAlias(version)) return undefined;
  if (file === undefined) return { kind: 'directory', channel, board, version, slashed };
  if (slashed || !isFileName(file)) return undefined;
  return { kind: 'file', channel, board, version, file };
}
