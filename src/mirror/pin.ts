/** Pins aliases to published releases, and unpins them. */

import type { Alias, Pair, Version } from '../releases/model.ts';
import { changeAlias } from '../releases/serve/current.ts';
import type { AliasRecord } from '../releases/store/alias.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { Conflict } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Publisher } from './publish.ts';

export interface PinPorts {
  readonly platform: Platform;
  readonly releases: ReleaseStore;
  readonly publisher: Pick<Publisher, 'relist'>;
}

/**
 * Pins an alias to a release and returns its record. The pin is written first, and holds the release from then on; if a
 * sweep or a withdrawal has been first, the alias gets its former pin back and the error is `conflict`. A release that
 * retention has just taken out of the lists comes back into them.
 */
export async function pinAlias(
  ports: PinPorts,
  pair: Pair,
  alias: Alias,
  version: Version,
): Promise<Result<AliasRecord, StoreFault | Conflict>> {
  let before: Version | null = null;
  const pinned = await setPin(ports, pair, alias, (record) => {
    if (record.pin !== version) before = record.pin;
    return version;
  });
  if (!pinned.ok) return pinned;
  const listed = await ports.publisher.relist({ ...pair, version });
  if (!listed.ok) return listed;
  if (listed.value) return pinned;
  const undone = await setPin(ports, pair, alias, (record) => (record.pin === version ? before : record.pin));
  return undone.ok ? err({ reason: 'conflict' }) : undone;
}

/** Unpins an alias and returns its record. */
export async function unpinAlias(ports: PinPorts, pair: Pair, alias: Alias): Promise<Result<AliasRecord, StoreFault>> {
  return await setPin(ports, pair, alias, () => null);
}

function setPin(
  { platform, releases }: PinPorts,
  pair: Pair,
  alias: Alias,
  pinOf: (record: AliasRecord) => Version | null,
): Promise<Result<AliasRecord, StoreFault>> {
  const since = new Date(platform.now()).toISOString();
  return changeAlias(platform, releases, pair, alias, (record) => {
    const pin = pinOf(record);
    return record.pin === pin ? record : { ...record, pin, since };
  });
}
