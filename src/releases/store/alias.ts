/** The record of an alias, and which release it means. No I/O. */
import type * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { compareVersions, type Version } from '../model.ts';
import { momentField, versionField } from './stored-fields.ts';

const version = versionField.nullable().default(null);

const aliasSchema = storedObject({
  /** The highest release that has been published here for this alias. */
  version,
  /** Upstream cannot move the alias to a release below this one. */
  floor: version,
  /** The release that an operator has pinned the alias to. */
  pin: version,
  /** When the alias last changed because of a publication, a pin or a quarantine. */
  since: momentField.optional(),
});

export type AliasRecord = Readonly<z.output<typeof aliasSchema>>;

export const NO_ALIAS: AliasRecord = { version: null, floor: null, pin: null };

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

/** Returns the record with a floor of at least `minimum`; it is the same object if the floor is that high already. */
export function raiseFloor(record: AliasRecord, minimum: Version): AliasRecord {
  const isHigher = record.floor === null || compareVersions(minimum, record.floor) > 0;
  return isHigher ? { ...record, floor: minimum } : record;
}
