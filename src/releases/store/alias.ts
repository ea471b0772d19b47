/** Which release an alias means. No I/O. */
import type * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { compareVersions, type Version } from '../model.ts';
import { momentField, versionField } from './stored-fields.ts';

const version = versionField.nullable().default(null);

const aliasSchema = storedObject({
  /** The highest release published here for this stream. */
  version,
  /** Nothing below this is taken from upstream again. */
  floor: version,
  /** What an operator fixed the alias to. */
  pin: version,
  /** The moment at which it began to name what it names now. */
  since: momentField.optional(),
});

export type AliasRecord = Readonly<z.output<typeof aliasSchema>>;

export const NO_ALIAS: AliasRecord = { version: null, floor: null, pin: null };

/** A stored alias object; an unreadable one is an error: guessing could move `current`. */
export const parseAlias = (text: string): Result<AliasRecord, Malformed> => parseStored(aliasSchema, text);

export type AliasMeaning =
  | { readonly kind: 'release'; readonly version: Version; readonly pinned: boolean }
  | { readonly kind: 'upstream'; readonly floor: Version | null };

/** The pin, else our own publication where the stream is ours to mirror, else upstream's alias from the floor up. */
export function aliasMeaning(record: AliasRecord, isMirrored: boolean): AliasMeaning {
  if (record.pin !== null) return { kind: 'release', version: record.pin, pinned: true };
  const isHeld =
    record.version !== null && (record.floor === null || compareVersions(record.version, record.floor) >= 0);
  if (isMirrored && isHeld && record.version !== null) {
    return { kind: 'release', version: record.version, pinned: false };
  }
  return { kind: 'upstream', floor: record.floor };
}

/** The record with a floor of at least `seen`. */
export function raiseFloor(record: AliasRecord, seen: Version): AliasRecord {
  const isHigher = record.floor === null || compareVersions(seen, record.floor) > 0;
  return isHigher ? { ...record, floor: seen } : record;
}
