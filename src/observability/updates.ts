/** Counts what machines tell of their updates, by release. */
import type { Pair, Version } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Counters } from './counters.ts';
import { labelsOf, seriesName } from './prometheus.ts';

export const UPDATES = 'flatcar_edge_updates_total';

interface Told extends Pair {
  readonly version: Version | undefined;
  readonly told: string;
}

/** How long an isolate goes by the releases that it has read: a new one may count as `other` for so long. */
const KNOWN_MS = 60_000;

interface Known {
  readonly until: number;
  readonly versions: ReadonlySet<string>;
}

/**
 * Returns a function that counts. Anybody may tell anything, so a release that is not published here counts as `other`, and a count
 * causes no write of its own, and for each pair about one read a minute.
 */
export function updateCounter(
  counters: Counters,
  releases: Pick<ReleaseStore, 'index'>,
  { now, waitUntil }: Pick<Platform, 'now' | 'waitUntil'>,
): (told: Told) => void {
  /** By pair, of which the catalogue has few. What is being read is not shared: its reader may be dropped. */
  const known = new Map<string, Known>();
  const versionsOf = async (pair: Pair): Promise<ReadonlySet<string>> => {
    const key = `${pair.channel}/${pair.board}`;
    const before = known.get(key);
    if (before !== undefined && now() < before.until) return before.versions;
    const index = await releases.index(pair);
    if (!index.ok) return new Set();
    const versions = new Set<string>(index.value.releases.map(({ version }) => version));
    known.set(key, { until: now() + KNOWN_MS, versions });
    return versions;
  };
  return ({ channel, board, version, told }) => {
    const count = async () => {
      const isKnown = version !== undefined && (await versionsOf({ channel, board })).has(version);
      counters.add(seriesName(UPDATES, { channel, board, version: isKnown ? version : 'other', told }), 1);
    };
    waitUntil(count());
  };
}

export interface UpdateCounts {
  readonly channel: string;
  readonly board: string;
  /** What the machines run that told it; `other` for a release that is not published here. */
  readonly version: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Returns the counts by channel, board and release, in that order. */
export async function updateCounts(counters: Counters): Promise<Result<readonly UpdateCounts[], StoreFault>> {
  const totals = await counters.totals();
  if (!totals.ok) return totals;
  const found = new Map<string, { channel: string; board: string; version: string; counts: Record<string, number> }>();
  for (const [series, value] of Object.entries(totals.value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const labels = labelsOf(series, UPDATES);
    if (labels === undefined) continue;
    const { channel = '', board = '', version = '', told = '' } = labels;
    const key = `${channel}/${board}/${version}`;
    const row = found.get(key) ?? { channel, board, version, counts: {} };
    row.counts[told] = (row.counts[told] ?? 0) + value;
    found.set(key, row);
  }
  return ok([...found.values()]);
}
