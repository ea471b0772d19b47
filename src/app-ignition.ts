/** Finds the version of Ignition that a release has, for the machine room, which knows no release. */
import { lesser, type Reader, readerInPackages, readerOfChannel, readerOfRelease } from './ignition/reader.ts';
import type { MachinePorts } from './machines/issue.ts';
import { badField, type OperatorFault } from './machines/problems.ts';
import { type Alias, isAlias, isRing, isVersion, type Pair, type Version } from './releases/model.ts';
import { historyOf, isMade } from './releases/store/alias.ts';
import type { ReleaseStore } from './releases/store/bucket.ts';
import { isPublished } from './releases/store/manifest.ts';
import type { Platform } from './shared/platform.ts';
import { err, ok, type Result } from './shared/result.ts';
import type { StoreFault } from './shared/store.ts';

type Store = Pick<ReleaseStore, 'alias' | 'manifest' | 'open'>;
type Release = Pair & { readonly version: Version };

/** The signed list of what is in the image. */
const PACKAGES = 'flatcar_production_image_packages.txt';
/** The lists of 2026 have some 40 KB. */
const MOST_BYTES = 1024 * 1024;
/** An import writes hundreds of machines of one release in one call. */
const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 100;

/**
 * Returns a function that says which Ignition a release has. For an alias it is the lowest of those that the alias may
 * name: the pinned release, or the published one and the floor. Later releases do not read less.
 */
export function ignitionOf(store: Store, { now }: Pick<Platform, 'now'>): MachinePorts['ignitionOf'] {
  const remembered = new Map<string, { readonly ignition: string; readonly at: number }>();
  return async (place) => {
    const key = `${place.channel}/${place.board}/${place.version}`;
    const known = remembered.get(key);
    if (known !== undefined && now() - known.at < REMEMBERED_MS) return ok(known.ignition);
    const found = await leastOf(store, place, place.version);
    if (!found.ok) return found;
    const { ignition } = found.value ?? readerOfChannel(place.channel);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(key, { ignition, at: now() });
    return ok(ignition);
  };
}

/** Returns the one that reads least of what a version or an alias may name; `undefined` where no release is known. */
async function leastOf(store: Store, pair: Pair, version: string): Promise<Result<Reader | undefined, OperatorFault>> {
  const releases = await releasesNamed(store, pair, version);
  if (!releases.ok) return releases;
  let least: Reader | undefined;
  for (const release of releases.value) {
    const reader = await readerOf(store, { channel: pair.channel, board: pair.board, version: release });
    if (!reader.ok) return reader;
    least = least === undefined ? reader.value : lesser(least, reader.value);
  }
  return ok(least);
}

/** A ring may name any of these before long, so a config has to be for the least of them. */
async function releasesOfRing(store: Store, pair: Pair, ring: Alias): Promise<Result<Version[], OperatorFault>> {
  const stored = await store.alias(pair, ring);
  if (!stored.ok) return stored;
  const { pin, ring: follows } = stored.value;
  if (pin !== null) return ok([pin]);
  if (follows === undefined && isMade(stored.value)) return ok([]);
  if (follows === undefined)
    return err(
      badField(
        'version',
        `must be MAJOR.CHANNEL.PATCH, current, current-YYYY or a ring of ${pair.channel} ${pair.board}, and ${ring} is none`,
      ),
    );
  const followed = await store.alias(pair, follows.follows as Alias);
  return followed.ok ? ok([...new Set(historyOf(followed.value).map(({ version }) => version))]) : followed;
}

async function releasesNamed(store: Store, pair: Pair, version: string): Promise<Result<Version[], OperatorFault>> {
  if (isVersion(version)) return ok([version]);
  if (isRing(version)) return await releasesOfRing(store, pair, version);
  if (!isAlias(version)) return ok([]);
  const stored = await store.alias(pair, version);
  if (!stored.ok) return stored;
  const { pin, version: published, floor } = stored.value;
  const named = (pin === null ? [published, floor] : [pin]).filter((release) => release !== null);
  return ok([...new Set(named)]);
}

/** Returns what the release's own list of packages names, if it is mirrored; otherwise what its number tells. */
async function readerOf(store: Store, release: Release): Promise<Result<Reader, StoreFault>> {
  const manifest = await store.manifest(release);
  if (!manifest.ok) return manifest;
  const { value } = manifest;
  const entry = value !== undefined && isPublished(value) ? value.files[PACKAGES] : undefined;
  const known = readerOfRelease(release.version);
  if (entry?.signedBy === undefined || entry.size > MOST_BYTES) return ok(known);
  const body = await store.open(entry, undefined);
  if (!body.ok) return body;
  if (body.value === undefined) return ok(known);
  try {
    return ok(readerInPackages(await new Response(body.value).text()) ?? known);
  } catch (cause) {
    return err({ reason: 'store-unreachable', operation: `read ${PACKAGES}`, cause });
  }
}
