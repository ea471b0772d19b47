/** Finds the release that an alias names now: the pinned one, the published one, or the one that upstream names. */
import { update } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type Catalogue, isMirrored } from '../catalogue.ts';
import { type Alias, isRing, type Pair, type Version } from '../model.ts';
import {
  type AliasRecord,
  aliasMeaning,
  highestOf,
  NO_ALIAS,
  raiseFloor,
  withdrawn,
  withMove,
} from '../store/alias.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ServedVersionFile, VersionFiles } from '../upstream/version-files.ts';
import type { VersionFault } from '../upstream/version-source.ts';
import { ringName } from './ring.ts';

export interface CurrentRelease {
  readonly version: Version;
  /** When the alias last went from one release to another (ISO 8601), if it did. */
  readonly movedAt: string | undefined;
  /**
   * Set when the alias follows upstream: the version.txt and the signature that were verified together. Serving these
   * two ensures that they belong together.
   */
  readonly versionFile?: ServedVersionFile;
}

/** Returns the release that `alias` names. It reads the alias record on every call, so a new pin counts at once. */
export async function currentRelease(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  catalogue: Catalogue,
  pair: Pair,
  alias: Alias,
): Promise<Result<CurrentRelease, VersionFault>> {
  const stored = await store.alias(pair, alias);
  if (!stored.ok) return stored;
  if (isRing(alias)) {
    const named = await ringName({ store, platform: versionFiles.platform }, pair, stored.value);
    if (!named.ok) return named;
    return named.value === undefined ? err({ reason: 'absent' }) : ok(named.value);
  }
  const meaning = aliasMeaning(stored.value, isMirrored(catalogue, pair, alias));
  const { movedAt } = stored.value;
  if (meaning.kind === 'release') return ok({ version: meaning.version, movedAt });
  const versionFile = await versionFiles.get(pair, alias, meaning.floor);
  if (!versionFile.ok) return versionFile;
  const { version } = versionFile.value;
  if (version === meaning.floor) return ok({ version, movedAt, versionFile: versionFile.value });
  // Upstream has just moved the alias, and the record that was read is older than that.
  const moved = await store.alias(pair, alias);
  return moved.ok ? ok({ version, movedAt: moved.value.movedAt, versionFile: versionFile.value }) : moved;
}

/** The release that an alias would name is quarantined: nothing is served under that name. */
export interface NamesQuarantined {
  readonly reason: 'quarantined';
  readonly version: Version;
}

/**
 * Returns the release that is served under an alias. Upstream may name one that is quarantined here, of which nothing is
 * served; a mirrored alias and a pin leave such a release at once.
 */
export async function servedRelease(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  catalogue: Catalogue,
  pair: Pair,
  alias: Alias,
): Promise<Result<CurrentRelease, VersionFault | NamesQuarantined>> {
  const current = await currentRelease(store, versionFiles, catalogue, pair, alias);
  if (!current.ok || current.value.versionFile === undefined) return current;
  const { version } = current.value;
  const manifest = await store.manifest({ ...pair, version });
  if (!manifest.ok) return manifest;
  return manifest.value?.quarantinedAt === undefined ? current : err({ reason: 'quarantined', version });
}

/**
 * Changes an alias record by compare-and-set and returns the record that is stored afterwards. If `change` returns the
 * same object, nothing is written.
 */
export async function changeAlias(
  platform: Platform,
  store: ReleaseStore,
  pair: Pair,
  alias: Alias,
  change: (record: AliasRecord) => AliasRecord,
): Promise<Result<AliasRecord, StoreFault>> {
  const changed = await update(platform, store.aliasDocument(pair, alias), (current = NO_ALIAS) => {
    const next = change(current);
    return next === current ? undefined : withMove(current, next, new Date(platform.now()).toISOString());
  });
  return changed.ok ? ok(changed.value ?? NO_ALIAS) : changed;
}

/**
 * Raises the floor of an alias to `version`, so that upstream cannot move the alias back to an older release. It does
 * not do so for a quarantined release: there upstream may go back. It returns the floor that is in force afterwards,
 * which is higher than `version` if another isolate has seen a newer release. It returns `null` for a quarantined
 * release.
 */
export async function rememberFloor(
  platform: Platform,
  store: ReleaseStore,
  pair: Pair,
  alias: Alias,
  version: Version,
): Promise<Result<Version | null, StoreFault>> {
  const before = await store.manifest({ ...pair, version });
  if (!before.ok) return before;
  if (before.value?.quarantinedAt !== undefined) return ok(null);
  const now = new Date(platform.now()).toISOString();
  let hasRaised = false;
  const raised = await changeAlias(platform, store, pair, alias, (record) => {
    const next = raiseFloor(record, version, now);
    hasRaised = next !== record;
    return next;
  });
  if (!raised.ok) return raised;
  if (!hasRaised) return ok(raised.value.floor);
  // A quarantine between the two calls has looked at an alias that did not have this floor yet. So look again.
  const after = await store.manifest({ ...pair, version });
  if (!after.ok) return after;
  if (after.value?.quarantinedAt === undefined) return ok(raised.value.floor);
  const lowered = await changeAlias(platform, store, pair, alias, (record) => {
    const floors = record.floors.map((earlier) => earlier.version).filter((earlier) => earlier !== version);
    return withdrawn(record, version, { version: null, floor: highestOf(floors) }, now);
  });
  return lowered.ok ? ok(null) : lowered;
}
