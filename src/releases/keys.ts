/** Where the objects of releases lie in R2 (docs/storage.md): every key is made here and nowhere else. No I/O. */
import { type Alias, isAlias, isVersion, type Pair, type ReleaseFile, type Version } from './model.ts';

type Release = Pair & { readonly version: Version };

const pairPath = ({ channel, board }: Pair): string => `${channel}/${board}`;
const releasePath = ({ version, ...pair }: Release): string => `${pairPath(pair)}/${version}`;

/** The public index of everything that is published. */
export const PUBLIC_INDEX_KEY = 'releases.json';

/** What publish says of a release. */
export const manifestKey = (release: Release): string => `manifests/${releasePath(release)}.json`;
/** The published releases of a pair. */
export const indexKey = (pair: Pair): string => `index/${pairPath(pair)}.json`;

/** All alias objects of a pair lie below this. */
export const aliasPrefix = (pair: Pair): string => `alias/${pairPath(pair)}/`;
/** What an alias names. */
export const aliasKey = (pair: Pair, alias: Alias): string => `${aliasPrefix(pair)}${alias}.json`;
/** The alias whose object lies at `key`; `undefined` for a stranger's object. */
export function aliasAt(pair: Pair, key: string): Alias | undefined {
  const name = key.slice(aliasPrefix(pair).length).replace(/\.json$/, '');
  return isAlias(name) ? name : undefined;
}

/** What pass-through found of a file of upstream. */
export const verdictKey = ({ file, ...release }: ReleaseFile): string => `verdicts/${releasePath(release)}/${file}`;
/** The last good version.txt of an alias of upstream; its signature lies beside it. */
export const lastGoodKey = (pair: Pair, alias: Alias): string => `upstream/${pairPath(pair)}/${alias}/version.txt`;

/** Where an attempt puts a file: never where another attempt could overwrite it. */
export const fileKey = (release: Release, file: string, attempt: number): string =>
  `files/${releasePath(release)}/${file}/${attempt}`;
/** All files of a pair lie below this. */
export const filesPrefix = (pair: Pair): string => `files/${pairPath(pair)}/`;
/** Whose file lies at `key`; `undefined` for a key of another kind. */
export function releaseOfFile(key: string): Release | undefined {
  const [kind, channel = '', board = '', version = '', ...rest] = key.split('/');
  return kind === 'files' && rest.length > 0 && isVersion(version) ? { channel, board, version } : undefined;
}

/** All jobs of a pair lie right below this. */
export const jobsPrefix = (pair: Pair): string => `status/${pairPath(pair)}/`;
/** The job of a release. */
export const jobKey = (release: Release): string => `status/${releasePath(release)}.json`;
/** How a file of a job gets on. */
export const fileStatusKey = (release: Release, name: string): string => `status/${releasePath(release)}/${name}.json`;
/** The multipart upload of a file that is under way, or was. */
export const uploadKey = (release: Release, name: string): string => fileStatusKey(release, `${name}.upload`);

/** Everything of a release that goes with it when it is swept: all but its manifest and its job. */
export const sweptPrefixes = (release: Release): string[] =>
  ['files', 'status', 'verdicts'].map((kind) => `${kind}/${releasePath(release)}/`);
