/**
 * What import tools read: CoreOS stream metadata (https://github.com/coreos/stream-metadata-go) of what `current` names, and
 * simplestreams (https://git.launchpad.net/simplestreams/tree/doc) of all releases. Both are made of what is published here. No I/O.
 */
import { filePath, isVersion, type Pair, type Version } from '../model.ts';
import { isProved, type PublicFile } from '../store/manifest.ts';
import type { PublicIndex } from '../store/release-index.ts';
import { artifactOf } from './artifacts.ts';

/** As programs of the respective world call them. */
const COREOS_NAMES: Readonly<Record<string, string>> = { 'amd64-usr': 'x86_64', 'arm64-usr': 'aarch64' };
const architectureOf = (board: string): string => board.replace(/-usr$/, '');

export interface StreamRelease extends Pair {
  readonly version: Version;
  readonly publishedAt: string;
  readonly files: Readonly<Record<string, PublicFile>>;
}

interface Location {
  readonly location: string;
  readonly signature?: string;
  readonly sha256: string;
  readonly 'uncompressed-sha256'?: string;
}

/** True for a file that was proved, or made of one that was, and whose SHA-256 is known. */
const isImported = (entry: PublicFile): boolean =>
  (isProved(entry) || entry.madeOf !== undefined) && entry.sha256 !== undefined;

/** Returns the SHA-256 of the plain bytes of a packed file, where they are here too. */
function plainOf(files: StreamRelease['files'], file: string): string | undefined {
  const plain = file.replace(/\.(?:bz2|gz)$/, '');
  return plain !== file && Object.hasOwn(files, plain) ? files[plain]?.sha256 : undefined;
}

type Formats = Record<string, Partial<Record<'disk' | 'kernel' | 'initramfs', Location>>>;

/**
 * Returns the stream of a channel: what `releases` hold, one for each board. `origin` stands before the paths of files. A file
 * whose SHA-256 is not known is left out, for the format demands it.
 */
export function coreosStream(
  channel: string,
  releases: readonly StreamRelease[],
  origin: string,
  software: string,
): object {
  const architectures = releases.map((release) => {
    const platforms: Record<string, { release: string; formats: Formats }> = {};
    for (const [file, entry] of Object.entries(release.files)) {
      const artifact = artifactOf(file);
      if (artifact === undefined || !isImported(entry)) continue;
      const location = `${origin}${filePath({ ...release, file })}`;
      const platform = platforms[artifact.platform] ?? { release: release.version, formats: {} };
      platforms[artifact.platform] = platform;
      const format = platform.formats[artifact.format] ?? {};
      platform.formats[artifact.format] = format;
      // What was made here has no signature of Flatcar's; its provenance stands beside it.
      const signature = isProved(entry) ? { signature: `${location}.sig` } : {};
      const plain = plainOf(release.files, file);
      const unpacked = plain === undefined ? {} : { 'uncompressed-sha256': plain };
      format[artifact.part] = { location, ...signature, sha256: entry.sha256 ?? '', ...unpacked };
    }
    return [
      COREOS_NAMES[release.board] ?? architectureOf(release.board),
      { artifacts: platforms, images: {} },
    ] as const;
  });
  const newest = releases.map(({ publishedAt }) => publishedAt).toSorted();
  return {
    stream: channel,
    metadata: { 'last-modified': newest.at(-1) ?? '', generator: `flatcar-edge ${software}` },
    architectures: Object.fromEntries(architectures),
  };
}

/** Identifies the list of downloads among those of other publishers; the name of its file as well. */
export const CONTENT_ID = 'org.flatcar:download';

/** Returns the index of simplestreams: one list, of what can be downloaded. */
export const simplestreamsIndex = (index: PublicIndex): object => ({
  format: 'index:1.0',
  updated: rfc2822(index.updatedAt),
  index: {
    [CONTENT_ID]: {
      format: 'products:1.0',
      datatype: 'image-downloads',
      path: `streams/v1/${CONTENT_ID}.json`,
      products: Object.keys(productsOf(index)),
      updated: rfc2822(index.updatedAt),
    },
  },
});

/** Returns the list of simplestreams: a product a channel and architecture, with its releases. Its paths begin at the origin. */
export const simplestreamsProducts = (index: PublicIndex): object => ({
  format: 'products:1.0',
  content_id: CONTENT_ID,
  datatype: 'image-downloads',
  updated: rfc2822(index.updatedAt),
  products: productsOf(index),
});

function productsOf(index: PublicIndex): Record<string, object> {
  const products: Record<string, object> = {};
  for (const [channel, boards] of Object.entries(index.channels)) {
    for (const [board, releases] of Object.entries(boards)) {
      const arch = architectureOf(board);
      const versions = Object.entries(releases).flatMap(([version, { files }]) => {
        const items = isVersion(version) ? itemsOf({ channel, board }, version, files) : {};
        return Object.keys(items).length === 0
          ? []
          : [
              [
                sortable(version),
                { label: 'release', pubname: `flatcar-${channel}-${version}-${arch}`, version, items },
              ],
            ];
      });
      if (versions.length === 0) continue;
      const shown = { arch, os: 'flatcar', release: channel, release_title: `Flatcar Container Linux ${channel}` };
      products[`org.flatcar:${channel}:${arch}`] = { ...shown, versions: Object.fromEntries(versions) };
    }
  }
  return products;
}

function itemsOf(pair: Pair, version: Version, files: Readonly<Record<string, PublicFile>>): Record<string, object> {
  const proved = Object.entries(files).filter(([, entry]) => isImported(entry));
  return Object.fromEntries(
    proved.map(([file, { size, sha256, sha512 }]) => {
      const ftype = file.replace(/^flatcar_production_/, '');
      return [ftype, { ftype, path: filePath({ ...pair, version, file }).slice(1), size, sha256, sha512 }];
    }),
  );
}

/** Readers take the greatest text for the newest version, so numbers have leading zeros: 4593.2.10 is newer than 4593.2.9. */
const sortable = (version: string): string =>
  version
    .split('.')
    .map((number, index) => number.padStart(index === 0 ? 6 : 4, '0'))
    .join('.');

const rfc2822 = (at: string): string => new Date(at).toUTCString().replace('GMT', '+0000');
