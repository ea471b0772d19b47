/** Changes alias records after a publication and after a withdrawal. */

import { type Alias, compareVersions, type Pair, type Version } from '../releases/model.ts';
import { changeAlias } from '../releases/serve/current.ts';
import { type AliasRecord, raiseFloor } from '../releases/store/alias.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { highest, type ReleaseIndex } from '../releases/store/release-index.ts';
import type { Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';

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
  return changeAlias(platform, releases, pair, alias, (record) => moved(record, alias, release, now));
}

/** The record after a publication; the same object if the alias does not move. */
function moved(
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
  return { ...raiseFloor(record, version), version, since: now };
}

/**
 * Returns the record after the withdrawal of `release`. Where the record names that release, its version and its floor
 * fall to the highest release of the stream in `remaining`, and its pin is removed. `now` is ISO 8601.
 */
export function withdrawn(
  record: AliasRecord,
  alias: Alias,
  release: Version,
  remaining: ReleaseIndex,
  now: string,
): AliasRecord {
  if (![record.version, record.floor, record.pin].includes(release)) return record;
  const next = highest(remaining, (version) => alias === 'current' || majorOf(version) === majorOf(release));
  return {
    ...record,
    version: record.version === release ? next : record.version,
    floor: record.floor === release ? next : record.floor,
    pin: record.pin === release ? null : record.pin,
    since: now,
  };
}

const majorOf = (version: Version | null): string | undefined => version?.split('.')[0];
