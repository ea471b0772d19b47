/** How work over many records goes on when one of them cannot be read. No I/O. */

import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';

/** Hears of a record that cannot be read, and that the work therefore leaves out. */
export type Tell = (fault: StoreFault) => void;

/** Returns `undefined` for a record that cannot be read, after telling of it. Another fault of the store stays one. */
export function readableOf<T>(read: Result<T | undefined, StoreFault>, tell: Tell): Result<T | undefined, StoreFault> {
  if (read.ok || read.error.reason !== 'stored-malformed') return read;
  tell(read.error);
  return ok(undefined);
}
