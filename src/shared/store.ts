/**
 * Calls to our own stores: a store that fails or stays silent becomes a value, which the edge answers with 503. A mistake of our
 * own in such a call is none of that: it is thrown on, and ends as a bug in the log.
 */
import { isBug } from './cause.ts';
import { type Platform, within } from './platform.ts';
import { err, ok, type Result } from './result.ts';

export type StoreFault =
  /** It failed (`cause` is what it said), or it was silent for too long (no cause). */
  | { readonly reason: 'store-unreachable'; readonly operation: string; readonly cause?: unknown }
  /** It answered with an object that this service cannot have written, or that lies in another's place. */
  | { readonly reason: 'stored-malformed'; readonly what: string; readonly detail: string };

/** R2 answers in tens of milliseconds; a client should hear of a hanging store before its own patience ends. */
const ANSWER_WITHIN_MS = 5_000;

/** Runs one call to a store; `operation` is what the log will say. */
export type Reach = <T>(operation: string, work: () => Promise<T>) => Promise<Result<T, StoreFault>>;

/** A caller for store operations that waits `milliseconds` at most. Rejects only with a bug of our own. */
export function storeCaller(platform: Pick<Platform, 'timer'>, milliseconds = ANSWER_WITHIN_MS): Reach {
  return async (operation, work) => {
    const attempt = work().then(ok, (cause: unknown) => {
      if (isBug(cause)) throw cause;
      return err<StoreFault>({ reason: 'store-unreachable', operation, cause });
    });
    // Once nobody waits any more, a late rejection has nobody to go to.
    attempt.catch(() => undefined);
    const answer = await within(platform, milliseconds, attempt);
    return answer ?? err({ reason: 'store-unreachable', operation });
  };
}

/** Flattens a store call whose work itself gave a result: an object that could be read but not understood. */
export function settled<T>(outcome: Result<Result<T, StoreFault>, StoreFault>): Result<T, StoreFault> {
  return outcome.ok ? outcome.value : outcome;
}

/** One sentence for whoever is answered with 503; never what the store itself said, which is for the log. */
export const storeProblemText = (fault: StoreFault): string =>
  fault.reason === 'store-unreachable'
    ? `our store does not answer (${fault.operation})`
    : `what is stored cannot be read (${fault.what}: ${fault.detail})`;

/** True for faults of our own stores, whatever else a union holds. */
export const isStoreFault = (fault: { readonly reason: string }): fault is StoreFault =>
  fault.reason === 'store-unreachable' || fault.reason === 'stored-malformed';
