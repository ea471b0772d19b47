/** Notes how far the counters are, and tells what happened in each hour. I/O: the counters and `activity.json`. */
import { change, type Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { activityOf, isHourOpen, type Span, spansOf, withNote } from './activity.ts';
import type { ActivityNotes } from './bucket.ts';
import type { Counters } from './counters.ts';

export interface ActivityPorts {
  readonly platform: Platform;
  readonly counters: Pick<Counters, 'totals'>;
  readonly activity: Document<ActivityNotes>;
}

/** Makes the note of this hour, if there is none yet. The poll calls it. */
export async function noteHour({
  platform,
  counters,
  activity,
}: ActivityPorts): Promise<Result<undefined, StoreFault>> {
  const now = platform.now();
  const noted = await change<ActivityNotes, StoreFault>(platform, activity, async (current) => {
    const hours = current?.value.hours ?? [];
    if (!isHourOpen(hours, now)) return ok(undefined);
    const totals = await counters.totals();
    return totals.ok ? ok({ ...current?.value, hours: withNote(hours, now, activityOf(totals.value)) }) : totals;
  });
  // Whoever was first has noted the same hour.
  return noted.ok || noted.error.reason === 'conflict' ? ok(undefined) : { ok: false, error: noted.error };
}

/** Returns the last two weeks by hour. */
export async function recentActivity({
  platform,
  counters,
  activity,
}: ActivityPorts): Promise<Result<Span[], StoreFault>> {
  const [notes, totals] = await Promise.all([activity.read(), counters.totals()]);
  if (!notes.ok) return notes;
  if (!totals.ok) return totals;
  return ok(spansOf(notes.value?.value.hours ?? [], platform.now(), activityOf(totals.value)));
}
