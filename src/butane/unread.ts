/** The fault of a source that cannot be read: no YAML, or values of wrong types. No I/O. */
import type { Entry } from '../ignition/report.ts';
import { err, type Result } from '../shared/result.ts';
import type { Place } from './yaml/node.ts';

interface Problem {
  readonly at: Place;
  /** The message of go-yaml without a line. */
  readonly problem?: string;
  readonly message?: string;
}

/**
 * Returns a fault with an entry for each problem, at the line that a person has to look at. `error` is the message of
 * the tool: for a token in a wrong place, go-yaml names the line before the block that the token stands in.
 */
export function unread(
  error: string,
  problems: readonly Problem[],
): Result<never, { readonly error: string; readonly entries: readonly Entry[] }> {
  const entries = problems.map(
    ({ at, problem, message }): Entry => ({
      severity: 'error',
      path: '$',
      message: problem ?? message ?? error,
      ...at,
    }),
  );
  return err({ error, entries });
}
