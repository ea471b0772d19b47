/** The log of a file of a job: how each of the last tries at it has ended. No I/O, no clock. */
import type { FileStatus, FileTry } from './job.ts';

/** A file that fails for days is tried again and again; the record must not grow with it. */
const KEPT = 20;

/**
 * Returns the tries of a file that have ended, as its last record tells them. A record that was being copied then is of a run that
 * was killed, which could not say so itself.
 */
export function triesOf(status: FileStatus | undefined): readonly FileTry[] {
  if (status === undefined) return [];
  const { attempt, state, bytes, startedAt, heartbeatAt, tries = [] } = status;
  if (state !== 'copying') return tries;
  const stopped = {
    attempt,
    startedAt: startedAt ?? heartbeatAt,
    endedAt: heartbeatAt,
    state: 'stopped',
    bytes,
  } as const;
  return withTry(tries, stopped);
}

/** Returns the tries with one more, without the oldest where there are too many. */
export const withTry = (tries: readonly FileTry[], one: FileTry): FileTry[] => [...tries, one].slice(-KEPT);
