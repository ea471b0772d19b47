/** The record of an alias, and which release it means. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { compareVersions, type Version } from '../model.ts';
import { holdSchema, holdsAbove, withHold } from './hold.ts';
import { type Named, withNewName } from './ring.ts';
import { momentField, versionField } from './stored-fields.ts';

const version = versionField.nullable().default(null);

const aliasSchema = storedObject({
  /** The highest release that has been published here for this alias. */
  version,
  /** Upstream cannot move the alias to a release below this one. */
  floor: version,
  /**
   * The last floors, newest first; the first one is `floor` itself, unless an earlier version of this software has moved
   * that. When a release is withdrawn the floor falls to one of them.
   */
  floors: z.array(storedObject({ version: versionField, at: momentField.optional() })).default([]),
  /** What the alias named, newest first, and from when on: rings go by it. Earlier versions kept none. */
  named: z.array(storedObject({ version: versionField, at: momentField, backAt: momentField.optional() })).default([]),
  /** Set for a ring: whose names it takes over, and how long after (ISO 8601). */
  ring: storedObject({ follows: z.string(), after: z.string() }).optional(),
  /** The release that an operator has pinned the alias to. */
  pin: version,
  /** The release that it was pinned to until that was withdrawn. A ring that only had that pin is a ring still, and names nothing. */
  fallen: versionField.optional(),
  /** Releases that the alias does not move onto, and why. Earlier versions held none. */
  holds: z.array(holdSchema).default([]),
  /** The releases for which an operator has lifted the hold, the last one first. */
  lifted: z.array(versionField).default([]),
  /** When the alias last changed because of a publication, a pin or a quarantine. */
  since: momentField.optional(),
  /** When the alias last went from one release to another. A client may hold a part of a file of the earlier one. */
  movedAt: momentField.optional(),
});

export type AliasRecord = Readonly<z.output<typeof aliasSchema>>;

export const NO_ALIAS: AliasRecord = {
  version: null,
  floor: null,
  floors: [],
  named: [],
  pin: null,
  holds: [],
  lifted: [],
};

/** True for a ring that an operator has made and not ended. */
export const isMade = ({ ring, pin, fallen }: AliasRecord): boolean =>
  ring !== undefined || pin !== null || fallen !== undefined;

/** How many lifted holds a record remembers: as many as the names that a ring may come to, and some that come next. */
export const LIFTED_KEPT = 16;

/** How many floors a record keeps. */
export const FLOORS_KEPT = 10;

/** Parses a stored alias record. A malformed one is an error: with a default in its place `current` could move. */
export const parseAlias = (text: string): Result<AliasRecord, Malformed> => parseStored(aliasSchema, text);

export type AliasMeaning =
  | { readonly kind: 'release'; readonly version: Version; readonly pinned: boolean }
  | { readonly kind: 'upstream'; readonly floor: Version | null };

/**
 * Returns which release an alias names: the pinned one, or else the published one if we mirror the alias. Otherwise the
 * alias follows upstream, which must not go below the floor.
 */
export function aliasMeaning(record: AliasRecord, isMirrored: boolean): AliasMeaning {
  if (record.pin !== null) return { kind: 'release', version: record.pin, pinned: true };
  const reachesFloor =
    record.version !== null && (record.floor === null || compareVersions(record.version, record.floor) >= 0);
  if (isMirrored && reachesFloor && record.version !== null) {
    return { kind: 'release', version: record.version, pinned: false };
  }
  return { kind: 'upstream', floor: record.floor };
}

/**
 * Returns the changed record with the date of its move, if it names another release than before, whether the alias is
 * mirrored or not. An alias that named nothing has not moved. `at` is ISO 8601.
 */
export function withMove(before: AliasRecord, after: AliasRecord, at: string): AliasRecord {
  const hasMoved = [true, false].some((isMirrored) => {
    const [from, to] = [namedBy(before, isMirrored), namedBy(after, isMirrored)];
    return from !== null && from !== to;
  });
  const moved = hasMoved ? { ...after, movedAt: at } : after;
  return withName(before, moved, at);
}

/** Returns the changed record with what it names now, if it named something else. What went before is remembered too. */
function withName(before: AliasRecord, after: AliasRecord, at: string): AliasRecord {
  const name = nameOf(after);
  if (name === null || name === nameOf(before)) return after;
  return {
    ...after,
    holds: [...holdsAbove(after.holds, name)],
    named: withNewName(historyOf(before), { version: name, at }),
  };
}

/** Returns what a record names as far as it tells: the pin, or the highest that it has seen; `null` for nothing. A ring tells nothing of it. */
export const nameOf = ({ pin, version, floor }: AliasRecord): Version | null =>
  pin ?? highestOf([version, floor].filter((one) => one !== null));

/** What an alias named, newest first. Of a record of an earlier version only the last name is known, and when it last changed. */
export function historyOf(record: AliasRecord): readonly Named[] {
  if (record.named.length > 0) return record.named;
  const name = nameOf(record);
  const at = record.movedAt ?? record.since ?? record.floors.find(({ version: one }) => one === name)?.at;
  return name === null || at === undefined ? [] : [{ version: name, at }];
}

function namedBy(record: AliasRecord, isMirrored: boolean): Version | null {
  const meaning = aliasMeaning(record, isMirrored);
  return meaning.kind === 'release' ? meaning.version : meaning.floor;
}

/**
 * Returns the record with a floor of at least `minimum`, which it remembers with the date `at` (ISO 8601). It is the same
 * object if the floor is that high already.
 */
export function raiseFloor(record: AliasRecord, minimum: Version, at: string): AliasRecord {
  const { floor, floors } = record;
  if (floor !== null && compareVersions(minimum, floor) <= 0) return record;
  const isKnown = floor === null || floors.some((earlier) => earlier.version === floor);
  const before = floor === null || isKnown ? floors : [{ version: floor }, ...floors];
  const others = before.filter((earlier) => earlier.version !== minimum);
  return { ...record, floor: minimum, floors: [{ version: minimum, at }, ...others].slice(0, FLOORS_KEPT) };
}

/** What an alias falls to when the release that it names is withdrawn. */
export interface Heirs {
  readonly version: Version | null;
  readonly floor: Version | null;
}

/** True when the withdrawal of `release` changes the record. */
export const mentions = ({ version, floor, pin, floors, holds }: AliasRecord, release: Version): boolean =>
  [version, floor, pin].includes(release) || [...floors, ...holds].some((earlier) => earlier.version === release);

/**
 * Returns the record after the withdrawal of `release`: where it names that release, its version and its floor fall to
 * those of `heirs`, its pin is removed, and its floor is never that release again. `now` is ISO 8601.
 */
export function withdrawn(record: AliasRecord, release: Version, heirs: Heirs, now: string): AliasRecord {
  if (!mentions(record, release)) return record;
  const isNamed = [record.version, record.floor, record.pin].includes(release);
  return {
    ...record,
    version: record.version === release ? heirs.version : record.version,
    floor: record.floor === release ? heirs.floor : record.floor,
    floors: record.floors.filter((earlier) => earlier.version !== release),
    ...(record.pin === release ? { pin: null, fallen: release } : {}),
    holds: [...withHold(record.holds, release, undefined)],
    ...(isNamed ? { since: now } : {}),
  };
}

/** Returns the highest of `versions`, or `null` when there is none. */
export const highestOf = (versions: readonly Version[]): Version | null =>
  [...versions].sort((a, b) => compareVersions(b, a))[0] ?? null;
