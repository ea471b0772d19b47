/** A document is a small object in a strongly consistent store. Every change of it is a compare-and-set. */
import type { Platform } from './platform.ts';
import { err, ok, type Result } from './result.ts';
import { isStoreFault, type StoreFault } from './store.ts';

export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

export interface Document<T> {
  read(): Promise<Result<Stored<T> | undefined, StoreFault>>;
  /**
   * Writes `value` if the stored object still has the etag `replacing`. With `replacing` undefined, there must be no
   * object yet. Returns the new etag, or `undefined` when another writer was first.
   */
  write(value: T, replacing: string | undefined): Promise<Result<string | undefined, StoreFault>>;
}

/** How often a change is tried, and how long it waits before each new attempt. */
export interface Patience {
  readonly attempts: number;
  /** Milliseconds before attempt 1, 2, …; attempt 0 does not wait. `random` returns a number in [0, 1). */
  readonly delay: (attempt: number, random: () => number) => number;
  /** If false, a failed read ends the change at once; if true, the read is tried again. */
  readonly readsAgain: boolean;
}

/** For work in the background. R2 refuses a second write to the same key within a second, so the delays grow. */
const PATIENT: Patience = {
  attempts: 8,
  delay: (attempt, random) => Math.min(40 * 2 ** attempt, 1500) * (0.5 + random()),
  readsAgain: true,
};

/** Another writer was first in the last attempt. */
export interface Conflict {
  readonly reason: 'conflict';
}

/** What is stored after a change, with its etag; `undefined` when there is no object. */
export type Updated<T> = Stored<T> | undefined;

/**
 * Reads, changes and writes a document until no other writer comes in between. `nextValue` returns the new value,
 * `undefined` to leave the document as it is, or an error that ends the change. If every attempt fails, the result is
 * the last fault of the store, or `conflict`.
 */
export async function change<T, E>(
  platform: Pick<Platform, 'timer' | 'random'>,
  document: Document<T>,
  nextValue: (current: Stored<T> | undefined) => Promise<Result<T | undefined, E>>,
  patience: Patience = PATIENT,
): Promise<Result<Updated<T>, E | StoreFault | Conflict>> {
  let lastFault: StoreFault | Conflict = { reason: 'conflict' };
  for (let attempt = 0; attempt < patience.attempts; attempt += 1) {
    if (attempt > 0) await platform.timer(patience.delay(attempt, platform.random)).elapsed;
    const current = await document.read();
    if (!current.ok) {
      // Another read would find the same malformed object.
      if (!patience.readsAgain || current.error.reason === 'stored-malformed') return current;
      lastFault = current.error;
      continue;
    }
    const changed = await nextValue(current.value);
    if (!changed.ok) return changed;
    if (changed.value === undefined) return ok(current.value);
    const written = await document.write(changed.value, current.value?.etag);
    if (written.ok && written.value !== undefined) return ok({ value: changed.value, etag: written.value });
    lastFault = written.ok ? { reason: 'conflict' } : written.error;
  }
  return err(lastFault);
}

/** Like `change`, for a change that cannot fail. Returns what is stored afterwards, or `undefined` for no object. */
export async function update<T>(
  platform: Pick<Platform, 'timer' | 'random'>,
  document: Document<T>,
  nextValue: (current: T | undefined) => T | undefined,
): Promise<Result<T | undefined, StoreFault>> {
  const changed = await change<T, never>(platform, document, async (current) => ok(nextValue(current?.value)));
  if (changed.ok) return ok(changed.value?.value);
  return err(
    isStoreFault(changed.error) ? changed.error : { reason: 'store-unreachable', operation: 'compare and set' },
  );
}
