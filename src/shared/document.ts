/** A small object in a strongly consistent store, changed by compare-and-set alone. */
import type { Platform } from './platform.ts';
import { err, ok, type Result } from './result.ts';
import { isStoreFault, type StoreFault } from './store.ts';

export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

export interface Document<T> {
  read(): Promise<Result<Stored<T> | undefined, StoreFault>>;
  /** The new etag, or `undefined` when somebody else wrote first (`replacing` undefined: when there is one already). */
  write(value: T, replacing: string | undefined): Promise<Result<string | undefined, StoreFault>>;
}

/** How often a change is tried, and how long it waits before it is tried again. */
export interface Patience {
  readonly attempts: number;
  /** Milliseconds before attempt 1, 2, …; `random` is in [0, 1). */
  readonly delay: (attempt: number, random: () => number) => number;
  /** False: a store that does not even give the object ends the change at once. */
  readonly readsAgain: boolean;
}

/** For work that nobody waits for on a line: R2 refuses a second write to one key within a second. */
const PATIENT: Patience = {
  attempts: 8,
  delay: (attempt, random) => Math.min(40 * 2 ** attempt, 1500) * (0.5 + random()),
  readsAgain: true,
};

/** Every attempt was lost to another writer. */
export interface Conflict {
  readonly reason: 'conflict';
}

/** The object that is stored afterwards, with its etag; `undefined` when there is none. */
export type Updated<T> = Stored<T> | undefined;

/**
 * Reads, changes and writes until nobody came in between. `change` gives the new value, `undefined` to leave it, or an error that
 * ends it all. Whoever loses every attempt gets the store's last fault, or `conflict` where the store was well.
 */
export async function change<T, E>(
  platform: Pick<Platform, 'timer' | 'random'>,
  document: Document<T>,
  how: (current: Stored<T> | undefined) => Promise<Result<T | undefined, E>>,
  patience: Patience = PATIENT,
): Promise<Result<Updated<T>, E | StoreFault | Conflict>> {
  let last: StoreFault | Conflict = { reason: 'conflict' };
  for (let attempt = 0; attempt < patience.attempts; attempt += 1) {
    if (attempt > 0) await platform.timer(patience.delay(attempt, platform.random)).elapsed;
    const current = await document.read();
    if (!current.ok) {
      // An object that cannot be understood will not become any clearer.
      if (!patience.readsAgain || current.error.reason === 'stored-malformed') return current;
      last = current.error;
      continue;
    }
    const changed = await how(current.value);
    if (!changed.ok) return changed;
    if (changed.value === undefined) return ok(current.value);
    const written = await document.write(changed.value, current.value?.etag);
    if (written.ok && written.value !== undefined) return ok({ value: changed.value, etag: written.value });
    last = written.ok ? { reason: 'conflict' } : written.error;
  }
  return err(last);
}

/** The same for a change that cannot fail and needs nothing else: what is stored afterwards, `undefined` when there is nothing. */
export async function update<T>(
  platform: Pick<Platform, 'timer' | 'random'>,
  document: Document<T>,
  how: (current: T | undefined) => T | undefined,
): Promise<Result<T | undefined, StoreFault>> {
  const changed = await change<T, never>(platform, document, async (current) => ok(how(current?.value)));
  if (changed.ok) return ok(changed.value?.value);
  return err(
    isStoreFault(changed.error) ? changed.error : { reason: 'store-unreachable', operation: 'compare and set' },
  );
}
