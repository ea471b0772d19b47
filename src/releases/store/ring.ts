/**
 * Rings: aliases of the operator's own, which name what another alias has named for a while. Which release that is follows from the
 * history of the other one, so a ring moves by itself at the second, and nobody has to write anything. No I/O, no clock.
 */
import { compareVersions, type Version } from '../model.ts';

/** What an alias named from a moment on. */
export interface Named {
  readonly version: Version;
  /** ISO 8601. */
  readonly at: string;
  /** When the alias last went back to it from a higher one. */
  readonly backAt?: string | undefined;
}

/** A release that a ring may name, and since when it would. */
export interface Candidate {
  readonly version: Version;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const DURATION = /^P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/;
const SECONDS = [7 * 86_400, 86_400, 3600, 60, 1];
const MOST_SECONDS = 90 * 86_400;

/**
 * Returns the milliseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds, at most 90 days; `undefined` for
 * any other text. Months and years have no fixed length, and are none.
 */
export function durationMs(text: string): number | undefined {
  const [, ...numbers] = DURATION.exec(text) ?? [];
  const isNone = numbers.every((number) => number === undefined) || text.endsWith('T');
  if (isNone) return undefined;
  const seconds = numbers.reduce((sum, number, index) => sum + Number(number ?? 0) * (SECONDS[index] ?? 0), 0);
  return seconds <= MOST_SECONDS ? seconds * 1000 : undefined;
}

/**
 * Returns the releases that a ring may name at `now`, the one that it names first: those that `history` (oldest first) has named
 * for at least `afterMs`, and below which it has not gone since. A step back of the other alias is taken at once: what it left
 * was no good. The ones behind the first are for when that one is no longer published.
 */
export function candidatesAt(history: readonly Named[], afterMs: number, now: number): Candidate[] {
  const past = history.filter(({ at }) => Date.parse(at) <= now);
  const found: Candidate[] = [];
  for (const [index, { version, at }] of past.entries()) {
    const since = Date.parse(at) + afterMs;
    const hasGoneBelow = past.slice(index + 1).some((later) => compareVersions(later.version, version) < 0);
    const isKnown = found.some((candidate) => candidate.version === version);
    if (since <= now && !hasGoneBelow && !isKnown) found.push({ version, since });
  }
  return found.sort((a, b) => compareVersions(b.version, a.version));
}

/**
 * How many names a record remembers: more than Flatcar publishes in 90 days. While a pair has rings, none of them leaves by
 * retention, for a ring may come to it.
 */
const NAMES_KEPT = 8;

/**
 * Returns a history, newest first, with one more name. What is higher than that is dropped, for the alias has gone below it: so pins that come
 * and go push nothing out.
 */
export function withNewName(history: readonly Named[], name: Named): Named[] {
  const kept = history.filter(({ version }) => compareVersions(version, name.version) <= 0);
  const wentBack = kept.length < history.length;
  const [last] = kept;
  if (last?.version !== name.version) kept.unshift({ ...name, ...(wentBack ? { backAt: name.at } : {}) });
  else if (wentBack) kept[0] = { ...last, backAt: name.at };
  return kept.slice(0, NAMES_KEPT);
}
