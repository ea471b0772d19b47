/** The R2 keys of everything that belongs to releases (docs/storage.md). No other file makes such a key. No I/O. */
import { plainName } from './companions.ts';
import { type Alias, isAlias, isRing, isVersion, type Pair, type ReleaseFile, type Version } from './model.ts';

type Release = Pair & { readonly version: Version };

/** True for the name of one file, which is in the release itself or in its folder of update payloads. */
const isOneFile = (file: string): boolean => plainName(file) !== '' && !plainName(file).includes('/');

const pairPath = ({ channel, board }: Pair): string => `${channel}/${board}`;
const releasePath = ({ version, ...pair }: Release): string => `${pairPath(pair)}/${version}`;

/** The public index of all published releases. */
export const PUBLIC_INDEX_KEY = 'releases.json';

/** The key of a release's manifest. */
export const manifestKey = (release: Release): string => `manifests/${releasePath(release)}.json`;
/** The prefix of all manifests of a pair. */
export const manifestsPrefix = (pair: Pair): string => `manifests/${pairPath(pair)}/`;
/** Returns the version whose manifest has this key, or `undefined` for a key that is not one of a manifest. */
export function manifestAt(pair: Pair, key: string): Version | undefined {
  const name = key.slice(manifestsPrefix(pair).length).replace(/\.json$/, '');
  return isVersion(name) ? name : undefined;
}
/** The key of the index of a pair's published releases. */
export const indexKey = (pair: Pair): string => `index/${pairPath(pair)}.json`;

/** The prefix of all alias records of a pair. */
export const aliasPrefix = (pair: Pair): string => `alias/${pairPath(pair)}/`;
/** The key of an alias record. */
export const aliasKey = (pair: Pair, alias: Alias): string => `${aliasPrefix(pair)}${alias}.json`;
/** Returns the alias whose record has this key, or `undefined` for a key that is not one of an alias record. */
export function aliasAt(pair: Pair, key: string): Alias | undefined {
  const name = aliasNameAt(pair, key);
  return isAlias(name) ? name : undefined;
}
/** Returns the ring whose record has this key, or `undefined` for a key that is not one of a ring. */
export function ringAt(pair: Pair, key: string): Alias | undefined {
  const name = aliasNameAt(pair, key);
  return isRing(name) ? name : undefined;
}
const aliasNameAt = (pair: Pair, key: string): string => key.slice(aliasPrefix(pair).length).replace(/\.json$/, '');

/** The key of the verdict on an upstream file. */
export const verdictKey = ({ file, ...release }: ReleaseFile): string => `verdicts/${releasePath(release)}/${file}`;
/** The prefix of the marks of all streams whose bytes left before the signature of their file had verified. */
export const UNPROVEN_PREFIX = 'unproven/';
/** The prefix of those marks of one pair. */
export const unprovenOfPair = (pair: Pair): string => `${UNPROVEN_PREFIX}${pairPath(pair)}/`;
/** The prefix of the marks of one file. */
export const unprovenPrefix = ({ version, file, ...pair }: ReleaseFile): string =>
  `${unprovenOfPair(pair)}${version}/${file}/`;
/** Returns the file that a mark is about, or `undefined` for a key that is not one of a mark. */
export function unprovenFile(key: string): ReleaseFile | undefined {
  const [kind, channel = '', board = '', version = '', ...rest] = key.split('/');
  const file = rest.slice(0, -1).join('/');
  const isMark = kind === 'unproven' && isOneFile(file) && isVersion(version);
  return isMark ? { channel, board, version, file } : undefined;
}
/** The prefix of the notes on upstream files that were found bad. */
export const REFUSED_PREFIX = 'refused/';
/** The key of the note that a file of upstream was found bad. */
export const refusedKey = ({ file, ...release }: ReleaseFile): string =>
  `${REFUSED_PREFIX}${releasePath(release)}/${file}`;
/** Returns the file that a note is about, or `undefined` for a key that is not one of a note. */
export function refusedFile(key: string): ReleaseFile | undefined {
  const [kind, channel = '', board = '', version = '', ...rest] = key.split('/');
  const file = rest.join('/');
  const isNote = kind === 'refused' && isOneFile(file) && isVersion(version);
  return isNote ? { channel, board, version, file } : undefined;
}
/** The key of the last good version.txt of an alias that follows upstream. */
export const lastGoodKey = (pair: Pair, alias: Alias): string => `upstream/${pairPath(pair)}/${alias}/version.txt`;

/** The key for a file of one attempt. The attempt is part of the key, so no attempt overwrites the file of another. */
export const fileKey = (release: Release, file: string, attempt: number): string =>
  `files/${releasePath(release)}/${file}/${attempt}`;
/** The prefix of all mirrored files of a pair. */
export const filesPrefix = (pair: Pair): string => `files/${pairPath(pair)}/`;
/** Returns the release that the file at `key` belongs to, or `undefined` for a key that is not one of a file. */
export function releaseOfFile(key: string): Release | undefined {
  const [kind, channel = '', board = '', version = '', ...rest] = key.split('/');
  return kind === 'files' && rest.length > 0 && isVersion(version) ? { channel, board, version } : undefined;
}

/** The prefix of a pair's job records. Keys with a further slash below it belong to the files of a job. */
export const jobsPrefix = (pair: Pair): string => `status/${pairPath(pair)}/`;
/** Returns the version whose job record has this key, or `undefined` for a key that is not one of a job. */
export function jobAt(pair: Pair, key: string): Version | undefined {
  const name = key.slice(jobsPrefix(pair).length).replace(/\.json$/, '');
  return isVersion(name) ? name : undefined;
}
/** The key of a release's job record. */
export const jobKey = (release: Release): string => `status/${releasePath(release)}.json`;
/** The key of the status of one file of a job. */
export const fileStatusKey = (release: Release, name: string): string => `status/${releasePath(release)}/${name}.json`;
/** The key of the record of a file's last multipart upload. */
export const uploadKey = (release: Release, name: string): string => fileStatusKey(release, `${name}.upload`);

/** The prefixes of what the mirror and the gate have written of a release, except its manifest and its job record. */
export const mirroredPrefixes = (release: Release): string[] => [
  ...['files', 'status', 'booted'].map((kind) => `${kind}/${releasePath(release)}/`),
  `gate/looks/${releasePath(release)}.json`,
  `unpack/${releasePath(release)}.json`,
];
/** The prefixes of what pass-through has written of a release. */
export const passedPrefixes = (release: Release): string[] =>
  ['verdicts', 'unproven', 'refused'].map((kind) => `${kind}/${releasePath(release)}/`);
