/** Counts what machines tell of their updates, by release. */
import type { Pair, Version } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Counters } from './counters.ts';
import { labelsOf, seriesName } from './prometheus.ts';

export const UPDATES = 'flatcar_edge_updates_total';

interface Told extends Pair {
  readonly version: Version | undefined;
  readonly told: string;
}

/**
 * Returns a function that counts. Anybody may tell anything, so a release that is not published here counts as `other`, and a count
 * causes no write of its own.
 */
export const updateCounter =
  (counters: Counters, releases: Pick<ReleaseStore, 'index'>, waitUntil: (work: Promise<unknown>) => void) =>
  (told: Told): void => {
    waitUntil(
      (async () => {
        const index = await releases.index(told);
        const isKnown = index.ok && index.value.releases.some(({ version }) => version === told.version);
        const { channel, board } = told;
        const version = isKnown ? (told.version ?? '') : 'other';
        counters.add(seriesName(UPDATES, { channel, board, version, told: told.told }), 1);
      })(),
    );
  };

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
