/** What stands behind a fault: told apart from our own mistakes, and written into the log. No I/O. */
import type { LogValue } from './log.ts';

/** What the language itself throws: no store and no network fails with one of these, so somebody here made a mistake. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError] as const;

/** True for an error that is a bug of our own, and for whatever was thrown without being an error at all. */
export const isBug = (cause: unknown): boolean =>
  !(cause instanceof Error) || MISTAKES.some((mistake) => cause instanceof mistake);

/** An error as the log shows it: its stack, or whatever was thrown in its place. */
export const stackOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? `${cause.name}: ${cause.message}`) : String(cause);

/** A store's or a network's own words. */
const wordsOf = (cause: unknown): string =>
  cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);

/** R2 ends its messages with its code (developers.cloudflare.com/r2/api/error-codes), and may carry it beside them. */
function codeOf(cause: unknown): string | undefined {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number' || typeof code === 'string') return String(code);
  return cause instanceof Error ? /\((\d{4,5})\)$/.exec(cause.message)?.[1] : undefined;
}

/** Fields for the event of whoever met the fault: what was said, its code, and where it was thrown. */
export function causeFields(fault: object): Readonly<Record<string, LogValue>> {
  const cause = 'cause' in fault ? fault.cause : undefined;
  if (cause === undefined) return {};
  return { cause: wordsOf(cause), causeCode: codeOf(cause), causeStack: stackOf(cause) };
}
