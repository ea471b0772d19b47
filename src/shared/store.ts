/**
 * Calls our own stores. A store that fails or does not answer in time becomes a `StoreFault`, and the client gets 503.
 * A bug of our own in such a call is thrown on, and the log gets its stack.
 */
import { isBug } from './cause.ts';
import { type Platform, within } from './platform.ts';
import { err, ok, type Result } from './result.ts';

export type StoreFault =
  /** The store failed, and `cause` is its error; or it did not answer in time, and there is no `cause`. */
  | { readonly reason: 'store-unreachable'; readonly operation: string; readonly cause?: unknown }
  /** The store returned an object that this service cannot have written, or that belongs under another key. */
  | { readonly reason: 'stored-malformed'; readonly what: string; readonly detail: string };

/** R2 normally answers in tens of milliseconds. A client must get an answer before its own timeout. */
const ANSWER_WITHIN_MS = 5_000;

/** Runs one call to a store. `operation` names the call in the log. */
export type Reach = <T>(operation: string, work: () => Promise<T>) => Promise<Result<T, StoreFault>>;

/** Returns a function that runs store calls and waits `milliseconds` at most. It rejects only on a bug of our own. */
export function storeCaller(platform: Pick<Platform, 'timer'>, milliseconds = ANSWER_WITHIN_MS): Reach {
  return async (operation, work) => {
    // An asynchronous function turns what a store throws at once into a rejection.
    const attempt = (async () => await work())().then(ok, (cause: unknown) => {
      if (isBug(cause)) throw cause;
      return err<StoreFault>({ reason: 'store-unreachable', operation, cause });
    });
    // After the timeout nobody awaits the call. Without this, a late rejection would be unhandled.
    attempt.catch(() => undefined);
    const answer = await within(platform, milliseconds, attempt);
    return answer ?? err({ reason: 'store-unreachable', operation });
  };
}

/** Flattens the result of a store call whose work returned a result itself, such as that of parsing an object. */
export function settled<T>(outcome: Result<Result<T, StoreFault>, StoreFault>): Result<T, StoreFault> {
  return outcome.ok ? outcome.value : outcome;
}

/** Returns one sentence for a client that gets 503. The store's own error is for the log and is left out. */
export const storeProblemText = (fault: StoreFault): string =>
  fault.reason === 'store-unreachable'
    ? `our store does not answer (${fault.operation})`
    : `what is stored cannot be read (${fault.what}: ${fault.detail})`;

/** Returns true for a fault of our own stores. */
export const isStoreFault = (fault: { readonly reason: string }): fault is StoreFault =>
  fault.reason === 'store-unreachable' || fault.reason === 'stored-malformed';
