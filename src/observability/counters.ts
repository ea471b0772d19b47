/**
 * Counters that only grow, over all isolates. An isolate gathers counts for a few seconds and then adds them to a
 * stored object by compare-and-set. If the isolate ends before that, the counts of those seconds are lost.
 */
import { type Document, update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';

/** Counts by series. A series is written as Prometheus writes it: `name{label="value"}`. */
export type Counts = Readonly<Record<string, number>>;

export const COUNTER_SHARDS = 8;
/** Cloudflare lets work continue for 30 s after an answer. The write needs some of that time. */
const GATHER_MS = 10_000;
/** Counts of requests alone cause no write sooner after the last one. */
const QUIET_MS = 60_000;

export class Counters {
  readonly #pending = new Map<string, number>();
  #isGathering = false;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly platform: Platform,
    private readonly documents: readonly Document<Counts>[],
    private readonly gatherMs = GATHER_MS,
  ) {}

  /** Adds one to a series. */
  count(series: string): void {
    this.#pending.set(series, (this.#pending.get(series) ?? 0) + 1);
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.platform.waitUntil(this.#gather());
  }

  /**
   * Adds to a series that every request counts in. It waits for a write that happens anyway, or makes one in a minute, so
   * that an isolate under load writes no more often.
   */
  add(series: string, amount: number): void {
    this.#pending.set(series, (this.#pending.get(series) ?? 0) + amount);
    if (this.#isGathering || this.platform.now() - this.#writtenAt < QUIET_MS) return;
    this.#isGathering = true;
    this.platform.waitUntil(this.#gather());
  }

  /** Returns the sums of all stored counts. */
  async totals(): Promise<Result<Counts, StoreFault>> {
    const totals: Record<string, number> = {};
    for (const stored of await Promise.all(this.documents.map((document) => document.read()))) {
      if (!stored.ok) return stored;
      addTo(totals, Object.entries(stored.value?.value ?? {}));
    }
    return ok(totals);
  }

  async #gather(): Promise<void> {
    await this.platform.timer(this.gatherMs).elapsed;
    this.#isGathering = false;
    this.#writtenAt = this.platform.now();
    const added = [...this.#pending];
    this.#pending.clear();
    const document = this.documents[Math.floor(this.platform.random() * this.documents.length)];
    if (document === undefined) return;
    const stored = await update(this.platform, document, (current = {}) => {
      const next = { ...current };
      addTo(next, added);
      return next;
    });
    // Counts that could not be written wait for the next event. If only the answer was lost, they count twice.
    if (!stored.ok)
      for (const [series, times] of added) this.#pending.set(series, (this.#pending.get(series) ?? 0) + times);
  }
}

function addTo(totals: Record<string, number>, counts: readonly (readonly [series: string, times: number])[]): void {
  for (const [series, times] of counts) totals[series] = (totals[series] ?? 0) + times;
}
