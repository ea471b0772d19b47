/**
 * What the service did in each hour of the last two weeks. The counters only grow, so the poll notes once an hour how far they are, and
 * an hour is the difference between two notes: no request writes anything for it. No I/O.
 */
import type { Counts } from './counters.ts';
import { BOOTS, REQUESTS, RESPONSE_BYTES, VERIFICATION_FAILURES } from './observe.ts';
import { labelsOf } from './prometheus.ts';
import { UPDATES } from './updates.ts';

/** Sums over some time. Each is a lower bound, as the counters are. */
export interface Activity {
  /** Configs that machines were given. */
  readonly boots: number;
  /** Requests of machines that got none, though their URL was good. */
  readonly failedBoots: number;
  /** Answers with a file of a release, parts of files among them. */
  readonly downloads: number;
  /** Bytes of those. */
  readonly bytes: number;
  /** Files that were refused because they could not be trusted. */
  readonly refusedFiles: number;
  /** What machines asked and told of updates. */
  readonly updates: number;
}

/** How far the counters were at the first poll of an hour. */
export interface HourNote extends Activity {
  /** ISO 8601, of the poll. */
  readonly at: string;
}

export interface Span extends Activity {
  /** ISO 8601. It is an hour, or longer where the poll has not run. */
  readonly from: string;
  readonly to: string;
}

const HOUR_MS = 3_600_000;
const MOST_NOTES = 15 * 24;
/** The route of every path that no other route names. */
const DOWNLOADS = '/*';
/** These answers hand over a config. */
const CONFIGS: ReadonlySet<string> = new Set(['ignition', 'frozen']);

/** Sums up the counters. */
export function activityOf(totals: Counts): Activity {
  const sums = { boots: 0, failedBoots: 0, downloads: 0, bytes: 0, refusedFiles: 0, updates: 0 };
  for (const [series, value] of Object.entries(totals)) {
    const boot = labelsOf(series, BOOTS);
    if (boot !== undefined && CONFIGS.has(boot['what'] ?? ''))
      sums[boot['outcome'] === 'served' ? 'boots' : 'failedBoots'] += value;
    const request = labelsOf(series, REQUESTS);
    if (request?.['route'] === DOWNLOADS && request['method'] === 'GET' && request['status'] === '2xx')
      sums.downloads += value;
    if (labelsOf(series, RESPONSE_BYTES)?.['route'] === DOWNLOADS) sums.bytes += value;
    if (labelsOf(series, VERIFICATION_FAILURES) !== undefined) sums.refusedFiles += value;
    if (labelsOf(series, UPDATES) !== undefined) sums.updates += value;
  }
  return sums;
}

/** True when the hour of `now` has no note yet. */
export const isHourOpen = (notes: readonly HourNote[], now: number): boolean => {
  const last = notes.at(-1);
  return last === undefined || Math.floor(Date.parse(last.at) / HOUR_MS) < Math.floor(now / HOUR_MS);
};

/** Returns the notes with one more, without the oldest beyond two weeks. */
export const withNote = (notes: readonly HourNote[], now: number, activity: Activity): readonly HourNote[] =>
  [...notes, { at: new Date(now).toISOString(), ...activity }].slice(-MOST_NOTES);

/** Returns what happened between the notes, and since the last one. */
export function spansOf(notes: readonly HourNote[], now: number, activity: Activity): Span[] {
  const ends = [...notes.slice(1), { at: new Date(now).toISOString(), ...activity }];
  return ends.slice(-MOST_NOTES).map((end, index) => {
    const begin = notes[index + Math.max(0, ends.length - MOST_NOTES)] ?? end;
    // Counters of an object that was lost begin anew: what was counted before is not taken off.
    const grown = (name: keyof Activity) => Math.max(0, end[name] - begin[name]);
    return {
      ...{ from: begin.at, to: end.at, boots: grown('boots'), failedBoots: grown('failedBoots') },
      ...{ downloads: grown('downloads'), bytes: grown('bytes') },
      ...{ refusedFiles: grown('refusedFiles'), updates: grown('updates') },
    };
  });
}
