/** Finds what an alias falls to when the release that it names is withdrawn. */

import { type Alias, compareVersions, type Version } from '../../releases/model.ts';
import { type AliasRecord, type Heirs, highestOf } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { isOnlyAMark, isWithdrawn } from '../../releases/store/manifest.ts';
import type { ReleaseIndex } from '../../releases/store/release-index.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';

export interface HeirPorts {
  readonly platform: Platform;
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
}

/**
 * Returns the version and the floor that the record of `alias` falls to, all of them below the withdrawn `release` and not
 * withdrawn themselves. The version is the highest one of the stream that `index` lists. The floor is the highest of the
 * floors that the record remembers. A record of an earlier version remembers none; then the floor is the highest release of
 * the stream that was ever published here, as far as any record tells. With neither there is nothing to be below: `null`.
 */
export async function findHeirs(
  ports: HeirPorts,
  release: Release,
  alias: Alias,
  record: AliasRecord,
  index: ReleaseIndex,
): Promise<Result<Heirs, StoreFault>> {
  const fits = (version: Version) => alias === 'current' || majorOf(version) === majorOf(release.version);
  const listed = await highestStanding(ports, release, index.releases.map(({ version }) => version).filter(fits));
  if (!listed.ok) return listed;
  const followed = await highestStanding(
    ports,
    release,
    record.floors.map(({ version }) => version),
  );
  if (!followed.ok) return followed;
  let known = followed.value;
  if (known === null) {
    const published = await oncePublished(ports, release, index);
    if (!published.ok) return published;
    const before = await highestStanding(ports, release, published.value.filter(fits));
    if (!before.ok) return before;
    known = before.value;
  }
  const floors = [known, listed.value].filter((version) => version !== null);
  return ok({ version: listed.value, floor: highestOf(floors) });
}

/** The first number of a version, which the releases of a stream of LTS have in common. */
export const majorOf = (version: Version | null): string | undefined => version?.split('.')[0];

/** The highest of `versions` that is below `release` and not withdrawn. */
async function highestStanding(
  { releases }: HeirPorts,
  release: Release,
  versions: readonly Version[],
): Promise<Result<Version | null, StoreFault>> {
  const below = [...new Set(versions)]
    .filter((version) => compareVersions(version, release.version) < 0)
    .sort((a, b) => compareVersions(b, a));
  for (const version of below) {
    const manifest = await releases.manifest({ ...release, version });
    // Nobody can tell whether an unreadable one is withdrawn. As a floor it is the safe choice, and as a version it is 503.
    if (!manifest.ok && manifest.error.reason !== 'stored-malformed') return manifest;
    const { value } = manifest.ok ? manifest : {};
    if (value === undefined || (!isWithdrawn(value) && !isOnlyAMark(value))) return ok(version);
  }
  return ok(null);
}

/** Every version of the pair that index, jobs or manifests tell of as published here once. */
async function oncePublished(
  { store, releases }: HeirPorts,
  release: Release,
  index: ReleaseIndex,
): Promise<Result<Version[], StoreFault>> {
  const manifests = await releases.manifestVersions(release);
  if (!manifests.ok) return manifests;
  const jobs = await store.jobs(release);
  if (!jobs.ok) return jobs;
  return ok([
    ...index.releases.map(({ version }) => version),
    ...index.left.map(({ version }) => version),
    ...jobs.value.found.filter(({ state }) => state === 'complete').map(({ version }) => version),
    ...manifests.value,
  ]);
}
