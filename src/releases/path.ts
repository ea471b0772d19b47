/** Parses the path of a request for a release. No I/O. */
import { oneSlash } from '../shared/http/one-slash.ts';
import type { Catalogue } from './catalogue.ts';
import { updateFile } from './companions.ts';
import { type Alias, channelOf, isAliasName, isFileName, isVersion, type Pair, type Version } from './model.ts';

export type ReleasePath =
  | (Pair & { readonly kind: 'file'; readonly version: Version | Alias; readonly file: string })
  /** A listing; `slashed` is true when the path ends with a slash, as the path of a directory should. */
  | {
      readonly kind: 'directory';
      readonly channel: string;
      readonly board?: string;
      readonly version?: Version | Alias;
      readonly slashed: boolean;
    }
  /** The directory of a release's update payloads. */
  | (Pair & { readonly kind: 'updates'; readonly version: Version; readonly slashed: boolean });

/** The first segment of the paths of update payloads, and the first label of their host name: no channel has this name. */
export const UPDATE_ROOT = 'update';

/**
 * Returns the path of a request URL as the client wrote it, without the query; several slashes are one, because a base URL that
 * ends in a slash makes two. `new URL` is of no use here: it resolves `..` and `%2e%2e`, and then they could not be refused any
 * more.
 */
export function rawPath(url: string): string {
  const afterScheme = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const slash = afterScheme.indexOf('/');
  const path = slash === -1 ? '/' : afterScheme.slice(slash);
  return oneSlash(path.replace(/[?#].*$/s, ''));
}

/**
 * Returns the channel that a host name contains, or `undefined`. With the suffix `release.example.org`,
 * `stable.release.example.org/amd64-usr/…` means `/stable/amd64-usr/…`. An empty suffix switches this off.
 */
export function channelOfHost(host: string, { channels }: Catalogue, hostSuffix: string): string | undefined {
  if (hostSuffix === '' || !host.toLowerCase().endsWith(`.${hostSuffix}`)) return undefined;
  const channel = host.toLowerCase().slice(0, -hostSuffix.length - 1);
  return channel === UPDATE_ROOT || channels.includes(channel) ? channel : undefined;
}

/** Some clients, apt among them, write a plus sign as `%2B` in every path: both spellings are one file. */
const unescaped = (path: string): string => path.replace(/%2b/gi, '+');

/**
 * Returns the file or directory that `path` names. It returns `undefined` for an unknown channel or board, for an
 * illegal file name, for `..`, and for every other percent-encoded character, since no file of a release needs one. It drops `.` segments, which the official mirror script sends.
 */
export function parseReleasePath(path: string, catalogue: Catalogue): ReleasePath | undefined {
  if (!path.startsWith('/') || path.length > 1024) return undefined;
  const segments = unescaped(path)
    .slice(1)
    .split('/')
    .filter((segment) => segment !== '.');
  const slashed = segments.at(-1) === '';
  if (slashed) segments.pop();
  if (segments[0] === UPDATE_ROOT) return updatePath(segments.slice(1), slashed, catalogue);
  const [channel = '', board, version, file, ...others] = segments;
  if (others.length > 0 || !catalogue.channels.includes(channel)) return undefined;
  if (board === undefined) return { kind: 'directory', channel, slashed };
  if (!catalogue.boards.includes(board)) return undefined;
  if (version === undefined) return { kind: 'directory', channel, board, slashed };
  if (!isVersion(version) && !isAliasName(version)) return undefined;
  if (file === undefined) return { kind: 'directory', channel, board, version, slashed };
  if (slashed || !isFileName(file)) return undefined;
  return { kind: 'file', channel, board, version, file };
}

/** The path of an update payload has no channel: the number of the release tells it. */
function updatePath(
  [board = '', version = '', file, ...others]: readonly string[],
  slashed: boolean,
  { boards, channels }: Catalogue,
): ReleasePath | undefined {
  if (others.length > 0 || !boards.includes(board) || !isVersion(version)) return undefined;
  const channel = channelOf(channels, version);
  if (channel === undefined) return undefined;
  if (file === undefined) return { kind: 'updates', channel, board, version, slashed };
  if (slashed || !isFileName(file)) return undefined;
  return { kind: 'file', channel, board, version, file: updateFile(file) };
}
