/** Examines the error behind a fault: it recognizes bugs of our own, and turns errors into log fields. No I/O. */
import type { LogValue } from './log.ts';

/** JavaScript itself throws these. No store and no network does, so one of them means a bug in our code. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError] as const;

/** Returns true for an error that is a bug of our own, and for a thrown value that is not an `Error`. */
export const isBug = (cause: unknown): boolean =>
  !(cause instanceof Error) || MISTAKES.some((mistake) => cause instanceof mistake);

/** Returns the stack of an error for the log. A thrown value that is not an `Error` becomes text. */
export const stackOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? `${cause.name}: ${cause.message}`) : String(cause);

/** Returns the name and message of an error of a store or the network. */
const messageOf = (cause: unknown): string =>
  cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);

/** R2 puts its error code at the end of a message (developers.cloudflare.com/r2/api/error-codes), or beside it. */
function codeOf(cause: unknown): string | undefined {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number' || typeof code === 'string') return String(code);
  return cause instanceof Error ? /\((\d{4,5})\)$/.exec(cause.message)?.[1] : undefined;
}

/** Returns log fields for the cause of a fault: its message, its code and its stack; none when there is no cause. */
export function causeFields(fault: object): Readonly<Record<string, LogValue>> {
  const cause = 'cause' in fault ? fault.cause : undefined;
  if (cause === undefined) return {};
  return { cause: messageOf(cause), causeCode: codeOf(cause), causeStack: stackOf(cause) };
}
