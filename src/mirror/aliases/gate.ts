/**
 * The gate: no name moves onto a release that would break those who boot by it. What holds a name stands in its record, so every
 * reader of an alias or a ring knows it without another read.
 */
import { type Alias, compareVersions, type Pair, type Version } from '../../releases/model.ts';
import { changeAlias } from '../../releases/serve/current.ts';
import { ringName } from '../../releases/serve/ring.ts';
import type { AliasRecord } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { type Hold, withHold } from '../../releases/store/hold.ts';
import { durationMs } from '../../releases/store/ring.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import { type Grounds, holdFor, type Looked, waitsForBoots } from './hold-for.ts';

export interface GatePorts {
  readonly platform: Platform;
  readonly releases: ReleaseStore;
  readonly store: Pick<MirrorStore, 'booted'>;
  /** The files that a job copies. */
  readonly mirrorFiles: readonly string[];
  /** PROMOTE_AFTER_BOOTS; 0: a ring waits for none. */
  readonly promoteAfterBoots: number;
  /** Returns what a release would do to those that boot by a name of its pair. The machine room implements it. */
  readonly lookFor: (release: Release) => Promise<Result<Looked, StoreFault>>;
}

/** Returns what a decision about a release goes by; `undefined` for a release that has no manifest. */
export async function groundsFor(
  { platform, releases, mirrorFiles, lookFor }: GatePorts,
  release: Release,
): Promise<Result<Grounds | undefined, StoreFault>> {
  const manifest = await releases.manifest(release);
  if (!manifest.ok) return manifest;
  if (manifest.value === undefined) return ok(undefined);
  const looked = await lookFor(release);
  if (!looked.ok) return looked;
  const now = new Date(platform.now()).toISOString();
  return ok({ manifest: manifest.value, wanted: mirrorFiles, looked: looked.value, now });
}

/**
 * Writes into the records of a pair's rings what holds each of them back from a release, or that nothing does any more. It comes before
 * an alias moves: a ring that follows the alias must not come to the release before it is known what it does.
 */
export async function holdRings(
  ports: GatePorts,
  release: Release,
  grounds: Grounds,
): Promise<Result<undefined, StoreFault>> {
  // While the machines are looked at, no alias moves, and so no ring comes to the release.
  if (grounds.looked.state === 'looking') return ok(undefined);
  const rings = await ringsOf(ports, release);
  if (!rings.ok) return rings;
  for (const { ring, record } of rings.value) {
    const hold = await holdForRing(ports, release, { ring, record }, rings.value, grounds);
    if (!hold.ok) return hold;
    const written = await writeHold(ports, release, ring, release.version, hold.value);
    if (!written.ok) return written;
  }
  return ok(undefined);
}

interface Ring {
  readonly ring: Alias;
  readonly record: AliasRecord;
}

/** Returns the rings of a pair that can be read, and that were not ended. */
async function ringsOf(
  { releases }: Pick<GatePorts, 'releases'>,
  pair: Pair,
): Promise<Result<readonly Ring[], StoreFault>> {
  const names = await releases.rings(pair);
  if (!names.ok) return names;
  const rings: Ring[] = [];
  for (const ring of names.value) {
    const record = await releases.alias(pair, ring);
    if (!record.ok && record.error.reason !== 'stored-malformed') return record;
    if (record.ok && record.value.ring !== undefined) rings.push({ ring, record: record.value });
  }
  return ok(rings);
}

async function holdForRing(
  ports: GatePorts,
  release: Release,
  { ring, record }: Ring,
  all: readonly Ring[],
  grounds: Grounds,
): Promise<Result<Hold | undefined, StoreFault>> {
  const named = await ringName({ store: ports.releases, platform: ports.platform }, release, record);
  if (!named.ok) return named;
  const served = await filesOf(ports, release, named.value?.version);
  if (!served.ok) return served;
  const hold = holdFor(ring, record, served.value, grounds);
  if (hold !== undefined || ports.promoteAfterBoots === 0) return ok(hold);
  // Going back, and staying, need no proof.
  if (named.value !== undefined && compareVersions(release.version, named.value.version) <= 0) return ok(undefined);
  const before = ringBefore({ ring, record }, all);
  const booted = await ports.store.booted(release, before, ports.promoteAfterBoots);
  if (!booted.ok) return booted;
  const isProven = booted.value >= ports.promoteAfterBoots;
  const { now } = grounds;
  const boots = { needs: ports.promoteAfterBoots, seen: booted.value };
  return ok(isProven ? undefined : waitsForBoots(record, release.version, boots, now));
}

/** Returns the files of a release that a name serves now; none where it names nothing, or where that cannot be read. */
export async function filesOf(
  { releases }: Pick<GatePorts, 'releases'>,
  pair: Pair,
  version: Version | null | undefined,
): Promise<Result<Readonly<Record<string, unknown>>, StoreFault>> {
  if (version === null || version === undefined) return ok({});
  const manifest = await releases.manifest({ ...pair, version });
  if (!manifest.ok && manifest.error.reason !== 'stored-malformed') return manifest;
  return ok((manifest.ok ? manifest.value?.files : undefined) ?? {});
}

/** Returns the name whose machines boot a release last before those of `ring`: the next faster ring, or the alias that it follows. */
function ringBefore({ ring, record }: Ring, all: readonly Ring[]): string {
  const after = ({ record: { ring: of } }: Ring): number => durationMs(of?.after ?? '') ?? 0;
  const follows = record.ring?.follows ?? 'current';
  const faster = all
    .filter((other) => other.ring !== ring && other.record.ring?.follows === follows)
    .filter((other) => after(other) < after({ ring, record }))
    .toSorted((a, b) => after(b) - after(a));
  return faster[0]?.ring ?? follows;
}

/** Writes the hold of a version into a record, or takes it out. Nothing is written where the record says so already. */
export async function writeHold(
  { platform, releases }: Pick<GatePorts, 'platform' | 'releases'>,
  pair: Pair,
  alias: Alias,
  version: Version,
  hold: Hold | undefined,
): Promise<Result<AliasRecord, StoreFault>> {
  return await changeAlias(platform, releases, pair, alias, (record) => {
    const holds = withHold(record.holds, version, hold);
    return holds === record.holds ? record : { ...record, holds: [...holds] };
  });
}

/** Lifts the hold of a version: the operator has decided. Returns false where nothing holds the name back from it. */
export async function liftHold(
  { platform, releases }: Pick<GatePorts, 'platform' | 'releases'>,
  pair: Pair,
  alias: Alias,
  version: Version,
): Promise<Result<boolean, StoreFault>> {
  let wasHeld = false;
  const lifted = await changeAlias(platform, releases, pair, alias, (record) => {
    wasHeld = record.holds.some((hold) => hold.version === version);
    if (!wasHeld) return record;
    return { ...record, lifted: version, holds: [...withHold(record.holds, version, undefined)] };
  });
  return lifted.ok ? ok(wasHeld) : lifted;
}
