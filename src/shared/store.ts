/** Calls to our own stores: an error or a long silence becomes a value, which the edge answers with 503. */
import { type Platform, within } from './platform.ts';
import { err, ok, type Result } from './result.ts';

export type StoreFault = { readonly reason: 'store-unreachable'; readonly operation: string };

/** R2 answers in tens of milliseconds; a client should hear of a hanging store before its own patience ends. */
const ANSWER_WITHIN_MS = 5_000;

type Reach = <T>(operation: string, work: () => Promise<T>) => Promise<Result<T, StoreFault>>;

/** A caller for store operations; `operation` is what the log will say. */
export function storeCaller(platform: Pick<Platform, 'timer'>, milliseconds = ANSWER_WITHIN_MS): Reach {
  return async (operation, work) => {
    const fault = err<StoreFault>({ reason: 'store-unreachable', operation });
    const attempt = work().then(ok, () => fault);
    return (await within(platform, milliseconds, attempt)) ?? fault;
  };
}

/** Only inside a store call: an object that is not what this service writes is as good as unreadable. */
export function orUnreadable<T>(parsed: Result<T, { readonly reason: string }>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(parsed.error.reason);
}
