/** How the deliveries to one receiver get on: the record, and when what failed is tried again. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../shared/stored-json.ts';

const outcome = storedObject({
  id: z.string(),
  state: z.enum(['delivered', 'given-up']),
  at: z.iso.datetime(),
  attempts: z.int(),
  /** The status of the last answer; absent where none came. */
  status: z.int().optional(),
  /** Why it failed, in words. */
  detail: z.string().optional(),
});

const record = storedObject({
  /** Counts the runs: each goes on where the one before has ended. */
  run: z.int(),
  isRunning: z.boolean(),
  heartbeatAt: z.iso.datetime(),
  /** While it waits after a failure: until when. */
  wakesAt: z.iso.datetime().optional(),
  /** Failures since the last success, and since when. */
  failures: z.int(),
  failingSince: z.iso.datetime().optional(),
  lastFailure: z.string().optional(),
  /** Attempts for the announcement whose turn it is. */
  attempts: z.int(),
  /** The last ones that ended, newest first. */
  recent: z.array(outcome),
});

export type Outcome = Readonly<z.output<typeof outcome>>;
export type DeliveryRecord = Readonly<z.output<typeof record>>;

/** Returns the record that a stored text holds, or an error. */
export const parseDeliveries = (text: string) => parseStored(record, text);

/** Returns the record of a receiver to which nothing was sent yet. */
export const noDeliveries = (now: string): DeliveryRecord => ({
  ...{ run: 0, isRunning: false, heartbeatAt: now, failures: 0, attempts: 0, recent: [] },
});

/** What failed is tried for a day. */
export const GIVEN_UP_MS = 24 * 3_600_000;
const MOST_RECENT = 200;
/** A run without a sign of life for so long is started again. */
const DEAD_MS = 5 * 60_000;

const BACK_OFF_MS = [2_000, 5_000, 15_000, 60_000, 300_000, 900_000, 1_800_000];
const LONGEST_MS = 3_600_000;

/** Returns the milliseconds before the next attempt after so many failures in a row; `random` is in [0, 1). */
export function backOff(failures: number, random: number): number {
  const delay = BACK_OFF_MS[failures - 1] ?? LONGEST_MS;
  return Math.round(delay * (0.8 + 0.4 * random));
}

/** True where nobody delivers: none has begun, the last one has ended, or it shows no sign of life. */
export function isIdle({ isRunning, heartbeatAt, wakesAt }: DeliveryRecord, now: number): boolean {
  const lastSign = Math.max(Date.parse(heartbeatAt), Date.parse(wakesAt ?? heartbeatAt));
  return !isRunning || now - lastSign > DEAD_MS;
}

/** Returns the record with one more outcome, which ends the turn of an announcement. */
export const withOutcome = (before: DeliveryRecord, ended: Outcome): DeliveryRecord => ({
  ...before,
  attempts: 0,
  recent: [ended, ...before.recent].slice(0, MOST_RECENT),
});

/** Returns the record after a success: nothing fails any more. */
export function withSuccess(before: DeliveryRecord): DeliveryRecord {
  const { failingSince: _since, lastFailure: _why, wakesAt: _until, ...rest } = before;
  return { ...rest, failures: 0 };
}

/** Returns the record after a failure at `now` (ISO 8601). */
export const withFailure = (before: DeliveryRecord, detail: string, now: string): DeliveryRecord => ({
  ...before,
  failures: before.failures + 1,
  attempts: before.attempts + 1,
  failingSince: before.failingSince ?? now,
  lastFailure: detail,
});
