/** A small JSON object in a strongly consistent store, changed by compare-and-set alone. */
import type { Platform } from './platform.ts';
import { err, ok, type Result } from './result.ts';
import type { StoreFault } from './store.ts';

interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

export interface Document<T> {
  read(): Promise<Result<Stored<T> | undefined, StoreFault>>;
  /** The new etag, or `undefined` when somebody else wrote first (`replacing` undefined: when there is one already). */
  write(value: T, replacing: string | undefined): Promise<Result<string | undefined, StoreFault>>;
}

const ATTEMPTS = 8;
const FIRST_DELAY_MS = 40;

/**
 * Reads, changes and writes until nobody came in between. `change` gives the new value, or `undefined` to leave it; the
 * result is what is stored afterwards (`undefined`: nothing). A store that fails for a moment is asked again: R2 refuses a
 * second write to one key within a second.
 */
export async function update<T>(
  platform: Pick<Platform, 'timer' | 'random'>,
  document: Document<T>,
  change: (current: T | undefined) => T | undefined,
): Promise<Result<T | undefined, StoreFault>> {
  let last: StoreFault = { reason: 'store-unreachable', operation: 'compare and set' };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) {
      await platform.timer(Math.min(FIRST_DELAY_MS * 2 ** attempt, 1500) * (0.5 + platform.random())).elapsed;
    }
    const current = await document.read();
    if (!current.ok) {
      last = current.error;
      continue;
    }
    const changed = change(current.value?.value);
    if (changed === undefined) return ok(current.value?.value);
    const written = await document.write(changed, current.value?.etag);
    if (written.ok && written.value !== undefined) return ok(changed);
    if (!written.ok) last = written.error;
  }
  return err(last);
}
