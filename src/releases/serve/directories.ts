/** Answers a directory path from the index, the alias records and the manifests; it never lists files in the bucket. */
import { CACHE } from '../../shared/http/cache.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { Catalogue } from '../catalogue.ts';
import { compareVersions, isAliasName, type Pair } from '../model.ts';
import type { ReleasePath } from '../path.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { VersionFiles } from '../upstream/version-files.ts';
import type { VersionFault } from '../upstream/version-source.ts';
import { currentRelease } from './current.ts';
import { directoryEntry, type ListingEntry, listingHtml, prefersJson, releaseEntries } from './listing.ts';
import type { MirroredFault, MirroredFiles } from './mirrored.ts';

export interface DirectoryPorts {
  readonly catalogue: Catalogue;
  readonly store: ReleaseStore;
  readonly mirrored: MirroredFiles;
  readonly versionFiles: VersionFiles;
}

type DirectoryPath = Exclude<ReleasePath, { kind: 'file' }>;

/** Returns the entries of a directory, or `undefined` when the release is not published here. */
export async function listDirectory(
  ports: DirectoryPorts,
  { kind, channel, board, version }: DirectoryPath,
): Promise<Result<ListingEntry[] | undefined, VersionFault | MirroredFault>> {
  const { catalogue, store } = ports;
  if (board === undefined) return ok(catalogue.boards.toSorted().map((name) => directoryEntry(name, `/${channel}/`)));
  const pair: Pair = { channel, board };
  if (version === undefined) return await listPair(ports, pair);
  const release = isAliasName(version)
    ? await currentRelease(store, ports.versionFiles, catalogue, pair, version)
    : ok({ version });
  if (!release.ok) return release;
  const manifest = await ports.mirrored.manifest({ ...pair, version: release.value.version });
  if (!manifest.ok) return manifest;
  if (manifest.value === undefined) return ok(undefined);
  const entries = releaseEntries(manifest.value, pair, version, kind === 'updates');
  return ok(entries.length === 0 ? undefined : entries);
}

async function listPair(ports: DirectoryPorts, pair: Pair): Promise<Result<ListingEntry[], VersionFault>> {
  const { store } = ports;
  const [index, aliases, rings] = await Promise.all([store.index(pair), store.aliases(pair), store.rings(pair)]);
  if (!rings.ok) return rings;
  const shown: ListingEntry[] = [];
  if (!index.ok) return index;
  if (!aliases.ok) return aliases;
  const parent = `/${pair.channel}/${pair.board}/`;
  for (const ring of rings.value.toSorted()) {
    const named = await currentRelease(store, ports.versionFiles, ports.catalogue, pair, ring);
    if (named.ok) shown.push(directoryEntry(ring, parent, named.value.movedAt ?? null));
    else if (named.error.reason !== 'absent') return named;
  }
  const aliasesWithRelease = aliases.value.found.filter(({ record }) => (record.pin ?? record.version) !== null);
  // Importers take the last version that they see. As on Flatcar's own servers, it is the newest, and aliases follow.
  const releases = index.value.releases.toSorted((a, b) => compareVersions(a.version, b.version));
  return ok([
    ...releases.map(({ version, publishedAt }) => directoryEntry(version, parent, publishedAt)),
    ...aliasesWithRelease
      .toSorted((a, b) => (a.alias < b.alias ? -1 : 1))
      .map(({ alias, record }) => directoryEntry(alias, parent, record.since ?? null)),
    ...shown,
  ]);
}

/** A listing has links and the style of the other pages: no script, no picture, no form, and no frame around it. */
const NO_CONTENT = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Returns the listing as HTML, or as JSON if the client prefers that. */
export function listingResponse(path: string, entries: readonly ListingEntry[], request: Request): Response {
  const asJson = prefersJson(request.headers.get('accept'));
  const body = asJson ? JSON.stringify(entries) : listingHtml(path, entries);
  return new Response(request.method === 'HEAD' ? null : body, {
    headers: {
      'content-type': asJson ? 'application/json' : 'text/html; charset=utf-8',
      'cache-control': CACHE.alias,
      vary: 'accept',
      ...(asJson ? {} : { 'content-security-policy': NO_CONTENT }),
    },
  });
}
