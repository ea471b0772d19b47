/** How publication, pins and quarantine change what an alias names. */

import { type Alias, compareVersions, type Pair, type Version } from '../releases/model.ts';
import { changeAlias } from '../releases/serve/current.ts';
import { type AliasRecord, raiseFloor } from '../releases/store/alias.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { highest, type ReleaseIndex } from '../releases/store/release-index.ts';
import type { Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';

/**
 * Lets `alias` name the release if that is higher than what it names. `current-YYYY` takes only releases of its stream:
 * those that upstream named by that alias, and later ones of the same major number.
 */
export function moveAlias(
  platform: Platform,
  releases: ReleaseStore,
  pair: Pair,
  alias: Alias,
  release: { readonly version: Version; readonly alias?: string | undefined },
): Promise<Result<AliasRecord, StoreFault>> {
  const now = new Date(platform.now()).toISOString();
  return changeAlias(platform, releases, pair, alias, (record) => moved(record, alias, release, now));
}

/** The record after a publication. */
function moved(
  record: AliasRecord,
  alias: Alias,
  { version, alias: named }: { readonly version: Version; readonly alias?: string | undefined },
  now: string,
): AliasRecord {
  const isItsStream =
    alias === 'current' || named === alias || majorOf(record.version ?? record.floor) === majorOf(version);
  if (!isItsStream) return record;
  const isHigher = record.version === null || compareVersions(version, record.version) > 0;
  const isBelowFloor = record.floor !== null && compareVersions(version, record.floor) < 0;
  if (!isHigher || isBelowFloor) return record;
  return { ...raiseFloor(record, version), version, since: now };
}

/** The record without `gone`: its floor falls to the highest release of the stream that remains. */
export function withdrawn(
  record: AliasRecord,
  alias: Alias,
  gone: Version,
  remaining: ReleaseIndex,
  now: string,
): AliasRecord {
  const names = [record.version, record.floor, record.pin];
  if (!names.includes(gone)) return record;
  const next = highest(remaining, (version) => alias === 'current' || majorOf(version) === majorOf(gone));
  return {
    ...record,
    version: record.version === gone ? next : record.version,
    floor: record.floor === gone ? next : record.floor,
    pin: record.pin === gone ? null : record.pin,
    since: now,
  };
}

const majorOf = (version: Version | null): string | undefined => version?.split('.')[0];
