/**
 * The gate: no name moves onto a release that would break those who boot by it. What holds a name stands in its record, so every
 * reader of an alias or a ring knows it without another read.
 */
import { type Alias, compareVersions, type Pair, type Version } from '../../releases/model.ts';
import { changeAlias } from '../../releases/serve/current.ts';
import { ringName } from '../../releases/serve/ring.ts';
import { type AliasRecord, historyOf, LIFTED_KEPT } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { type Hold, withHold } from '../../releases/store/hold.ts';
import { isPublished } from '../../releases/store/manifest.ts';
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

/** Returns what a decision about a release goes by; `undefined` for a release that is not published. */
export async function groundsFor(
  { platform, releases, mirrorFiles, lookFor }: GatePorts,
  release: Release,
): Promise<Result<Grounds | undefined, StoreFault>> {
  const manifest = await releases.manifest(release);
  if (!manifest.ok) return manifest;
  if (manifest.value === undefined || !isPublished(manifest.value)) return ok(undefined);
  const looked = await lookFor(release);
  if (!looked.ok) return looked;
  const now = new Date(platform.now()).toISOString();
  return ok({ manifest: manifest.value, wanted: mirrorFiles, looked: looked.value, now });
}

/**
 * Writes into the records of a pair's rings what holds each of them back from a release, or that nothing does any more. It comes before
 * an alias moves: a ring that follows the alias must not come to the release before it is known what it does. `moving` are the
 * aliases that move onto the release now; a ring that follows none of these, and whose alias never named the release, has nothing to do with it.
 */
export async function holdRings(
  ports: GatePorts,
  release: Release,
  grounds: Grounds,
  moving: readonly string[],
): Promise<Result<undefined, StoreFault>> {
  const rings = await ringsOf(ports, release);
  if (!rings.ok) return rings;
  const histories = new Map<string, readonly Version[]>();
  for (const { ring, record } of rings.value) {
    const follows = record.ring?.follows ?? '';
    const known = histories.get(follows) ?? (await namesOf(ports, release, follows));
    if ('ok' in known) return known;
    histories.set(follows, known);
    const may = moving.includes(follows) ? [...known, release.version] : known;
    const isItsOwn = may.includes(release.version);
    const hold = isItsOwn ? await holdForRing(ports, release, { ring, record }, rings.value, grounds) : ok(undefined);
    if (!hold.ok) return hold;
    const written = await writeHold(ports, release, ring, release.version, hold.value, may);
    if (!written.ok) return written;
  }
  return ok(undefined);
}

/** Returns what an alias has named, or the fault of the store. One that cannot be read names nothing. */
async function namesOf(
  { releases }: Pick<GatePorts, 'releases'>,
  pair: Pair,
  alias: string,
): Promise<readonly Version[] | { readonly ok: false; readonly error: StoreFault }> {
  const record = await releases.alias(pair, alias as Alias);
  if (record.ok) return historyOf(record.value).map(({ version }) => version);
  return record.error.reason === 'stored-malformed' ? [] : record;
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
  const records = await releases.ringRecords(pair);
  if (!records.ok) return records;
  return ok(
    records.value.found
      .filter(({ record }) => record.ring !== undefined)
      .map(({ alias, record }) => ({ ring: alias, record })),
  );
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
  // Its alias goes back to a release that the ring must not take: then the ring stays where it is.
  const staysAt = named.value !== undefined && compareVersions(named.value.version, release.version) > 0;
  if (hold !== undefined && staysAt) return ok({ ...hold, stays: named.value.version });
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

/**
 * Writes the hold of a version into a record, or takes it out. Nothing is written where the record says so already. `may` are the
 * releases that a ring may come to: it needs no hold for others.
 */
export async function writeHold(
  { platform, releases }: Pick<GatePorts, 'platform' | 'releases'>,
  pair: Pair,
  alias: Alias,
  version: Version,
  hold: Hold | undefined,
  may?: readonly Version[],
): Promise<Result<AliasRecord, StoreFault>> {
  return await changeAlias(platform, releases, pair, alias, (record) => {
    const holds = withHold(record.holds, version, hold);
    const needed = holds.filter((one) => may === undefined || may.includes(one.version));
    return holds === record.holds && needed.length === holds.length ? record : { ...record, holds: needed };
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
    const lifts = [version, ...record.lifted.filter((one) => one !== version)].slice(0, LIFTED_KEPT);
    return { ...record, lifted: lifts, holds: [...withHold(record.holds, version, undefined)] };
  });
  return lifted.ok ? ok(wasHeld) : lifted;
}
