/** Changes alias records after a publication and after a withdrawal. */

import { type Alias, compareVersions, type Pair, type Version } from '../../releases/model.ts';
import { changeAlias } from '../../releases/serve/current.ts';
import { type AliasRecord, mentions, raiseFloor, withdrawn, withMove } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { ReleaseIndex } from '../../releases/store/release-index.ts';
import { change } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isStoreFault, type StoreFault } from '../../shared/store.ts';
import type { Release } from '../store/bucket.ts';
import { findHeirs, type HeirPorts, majorOf } from './heirs.ts';

/**
 * Moves `alias` to a published release if that is higher than the one it names, and returns the record that is stored
 * afterwards. `current-YYYY` moves only to releases of its own stream: those that upstream named by this alias, and
 * those with the same major number.
 */
export function moveAlias(
  platform: Platform,
  releases: ReleaseStore,
  pair: Pair,
  alias: Alias,
  release: { readonly version: Version; readonly alias?: string | undefined },
): Promise<Result<AliasRecord, StoreFault>> {
  const now = new Date(platform.now()).toISOString();
  return changeAlias(platform, releases, pair, alias, (record) => movedRecord(record, alias, release, now));
}

/** Returns the record after a publication; the same object if the alias does not move. `now` is ISO 8601. */
export function movedRecord(
  record: AliasRecord,
  alias: Alias,
  release: { readonly version: Version; readonly alias?: string | undefined },
  now: string,
): AliasRecord {
  const { version } = release;
  const isOfItsStream =
    alias === 'current' || release.alias === alias || majorOf(record.version ?? record.floor) === majorOf(version);
  if (!isOfItsStream) return record;
  const isHigher = record.version === null || compareVersions(version, record.version) > 0;
  const isBelowFloor = record.floor !== null && compareVersions(version, record.floor) < 0;
  if (!isHigher || isBelowFloor) return record;
  return { ...raiseFloor(record, version, now), version, since: now };
}

/**
 * Takes a withdrawn release out of the record of an alias. Version and floor fall to what stands below it (`findHeirs`),
 * of which `index` lists what is published. The caller has marked the manifest before.
 */
export async function withdrawFromAlias(
  ports: HeirPorts,
  release: Release,
  alias: Alias,
  index: ReleaseIndex,
): Promise<Result<undefined, StoreFault>> {
  const now = new Date(ports.platform.now()).toISOString();
  const { version } = release;
  const changed = await change(ports.platform, ports.releases.aliasDocument(release, alias), async (stored) => {
    const record = stored?.value;
    if (record === undefined || !mentions(record, version)) return ok(undefined);
    const falls = record.version === version || record.floor === version;
    const heirs = falls ? await findHeirs(ports, release, alias, record, index) : ok({ version: null, floor: null });
    return heirs.ok ? ok(withMove(record, withdrawn(record, version, heirs.value, now), now)) : heirs;
  });
  if (changed.ok) return ok(undefined);
  return err(isStoreFault(changed.error) ? changed.error : { reason: 'store-unreachable', operation: 'lower alias' });
}
