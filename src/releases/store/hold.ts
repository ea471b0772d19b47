/** Why an alias does not move onto a release: the holds in its record. No I/O. */
import * as z from 'zod';
import { storedObject } from '../../shared/stored-json.ts';
import { compareVersions, type Version } from '../model.ts';
import { momentField, versionField } from './stored-fields.ts';

/** The reasons of a hold, the ones that an operator can mend first. */
export const HOLD_REASONS = ['files', 'machines', 'looking', 'boots'] as const;

export const holdSchema = storedObject({
  version: versionField,
  /** Since when. */
  at: momentField,
  /**
   * `files`: a boot needs files that the release lacks; `machines`: some would not boot it; `looking`: the machines are being looked at;
   * `boots`: too few machines of the ring before have booted it.
   */
  why: z.enum(HOLD_REASONS),
  files: z.array(z.string()).optional(),
  /** Machines and fleets that would not boot, and the causes, the most frequent one first. */
  broken: z.int().optional(),
  causes: z.array(z.object({ cause: z.string(), count: z.int(), examples: z.array(z.string()) })).optional(),
  /** Machines that have been looked at. */
  looked: z.int().optional(),
  /** Of a ring whose alias has gone back to `version`: the release that it goes on naming instead. */
  stays: versionField.optional(),
  /** Boots that are needed. */
  needs: z.int().optional(),
  /** Boots that were seen. */
  seen: z.int().optional(),
});

export type Hold = Readonly<z.output<typeof holdSchema>>;

/** More than the releases that a ring may come to (`NAMES_KEPT`), for a hold that is dropped holds nothing. */
const HOLDS_KEPT = 16;

/** What a hold says, without since when. */
const said = ({ at: _at, ...hold }: Hold): string => JSON.stringify(hold);

/**
 * Returns the holds with `hold` in the place of the one for the same version; the same object where it says the same. With
 * `undefined`, the version is held no more.
 */
export function withHold(holds: readonly Hold[], version: Version, hold: Hold | undefined): readonly Hold[] {
  const before = holds.find((one) => one.version === version);
  if (before === undefined && hold === undefined) return holds;
  if (before !== undefined && hold !== undefined && said(before) === said(hold)) return holds;
  const others = holds.filter((one) => one.version !== version);
  const kept = hold === undefined ? others : [{ ...hold, at: before?.at ?? hold.at }, ...others];
  return kept.toSorted((a, b) => compareVersions(b.version, a.version)).slice(0, HOLDS_KEPT);
}

/** Returns the holds of what is above `version`: an alias that names it has no use for the others. */
export const holdsAbove = (holds: readonly Hold[], version: Version): readonly Hold[] =>
  holds.some((hold) => compareVersions(hold.version, version) <= 0)
    ? holds.filter((hold) => compareVersions(hold.version, version) > 0)
    : holds;
