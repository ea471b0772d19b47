/** Pins aliases to published releases, and unpins them. */

import type { Alias, Pair, Version } from '../releases/model.ts';
import { type AliasRecord, isMade, NO_ALIAS, withMove } from '../releases/store/alias.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { type Conflict, change } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Publisher } from './publish.ts';

export interface PinPorts {
  readonly platform: Platform;
  readonly releases: ReleaseStore;
  readonly publisher: Pick<Publisher, 'relist'>;
}

export type PinFault = StoreFault | Conflict | { readonly reason: 'precondition'; readonly is: string };

/** Says why the record must not be changed, if it must not. */
export type AliasPrecondition = (record: AliasRecord) => Promise<string | undefined>;

const ALWAYS: AliasPrecondition = async () => undefined;

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
  holds: AliasPrecondition = ALWAYS,
): Promise<Result<AliasRecord, PinFault>> {
  let before: Version | null = null;
  const pinOf = (record: AliasRecord) => {
    if (record.pin !== version) before = record.pin;
    return version;
  };
  const pinned = await setPin(ports, pair, alias, pinOf, holds);
  if (!pinned.ok) return pinned;
  const listed = await ports.publisher.relist({ ...pair, version });
  if (!listed.ok) return listed;
  if (listed.value) return pinned;
  const undone = await setPin(ports, pair, alias, (record) => (record.pin === version ? before : record.pin), ALWAYS);
  return undone.ok ? err({ reason: 'conflict' }) : undone;
}

/** Makes an alias a ring that follows another one, and returns its record. A pin ends with that. */
export async function followAlias(
  { platform, releases }: PinPorts,
  pair: Pair,
  alias: Alias,
  ring: NonNullable<AliasRecord['ring']>,
  holds: AliasPrecondition = ALWAYS,
): Promise<Result<AliasRecord, PinFault>> {
  return await setRecord({ platform, releases }, pair, alias, holds, (record) => {
    const isSame = record.ring?.follows === ring.follows && record.ring.after === ring.after && record.pin === null;
    return isSame ? record : { ...withoutFall(record), ring, pin: null };
  });
}

/** Ends a ring and returns its record: it names nothing from then on. */
export async function endRing(
  ports: PinPorts,
  pair: Pair,
  alias: Alias,
  holds: AliasPrecondition = ALWAYS,
): Promise<Result<AliasRecord, PinFault>> {
  return await setRecord(ports, pair, alias, holds, (record) => {
    const { ring, ...rest } = withoutFall(record);
    return isMade(record) ? { ...rest, pin: null } : record;
  });
}

/** Unpins an alias and returns its record. */
export async function unpinAlias(
  ports: PinPorts,
  pair: Pair,
  alias: Alias,
  holds: AliasPrecondition = ALWAYS,
): Promise<Result<AliasRecord, PinFault>> {
  return await setPin(ports, pair, alias, () => null, holds);
}

async function setPin(
  { platform, releases }: PinPorts,
  pair: Pair,
  alias: Alias,
  pinOf: (record: AliasRecord) => Version | null,
  holds: AliasPrecondition,
): Promise<Result<AliasRecord, PinFault>> {
  return await setRecord({ platform, releases }, pair, alias, holds, (record) => {
    const pin = pinOf(record);
    return record.pin === pin && record.fallen === undefined ? record : { ...withoutFall(record), pin };
  });
}

/** What an operator says of an alias now replaces the note of a pin that fell with its release. */
function withoutFall({ fallen: _fallen, ...rest }: AliasRecord): AliasRecord {
  return rest;
}

/** Changes a record if it may be changed. If `next` returns the same object, nothing is written. */
async function setRecord(
  { platform, releases }: Pick<PinPorts, 'platform' | 'releases'>,
  pair: Pair,
  alias: Alias,
  holds: AliasPrecondition,
  next: (record: AliasRecord) => AliasRecord,
): Promise<Result<AliasRecord, PinFault>> {
  const since = new Date(platform.now()).toISOString();
  const changed = await change<AliasRecord, PinFault>(platform, releases.aliasDocument(pair, alias), async (stored) => {
    const record = stored?.value ?? NO_ALIAS;
    const is = await holds(record);
    if (is !== undefined) return err({ reason: 'precondition', is });
    const after = next(record);
    return ok(after === record ? undefined : withMove(record, { ...after, since }, since));
  });
  return changed.ok ? ok(changed.value?.value ?? NO_ALIAS) : changed;
}
