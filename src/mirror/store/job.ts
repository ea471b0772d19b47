/** The record of a mirror job, the statuses of its files, and when a job may start again. No I/O, no clock. */
import * as z from 'zod';
import { manifestFileSchema } from '../../releases/store/manifest.ts';
import { aliasField, momentField, versionField } from '../../releases/store/stored-fields.ts';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';

export const JOB_STATES = ['queued', 'running', 'complete', 'failed', 'cancelled'] as const;
export const FILE_STATES = ['waiting', 'copying', 'verified', 'absent', 'failed'] as const;
export const TRIGGERS = ['poll', 'webhook', 'operator', 'demand'] as const;

export type Trigger = (typeof TRIGGERS)[number];

const jobSchema = storedObject({
  channel: z.string(),
  board: z.string(),
  version: versionField,
  /** Counts up from 1. Only the attempt with this number may write. */
  attempt: z.number().int().positive(),
  state: z.enum(JOB_STATES),
  /** Why it failed, as a code; `detail` says it in words. */
  reason: z.string().optional(),
  detail: z.string().optional(),
  trigger: z.enum(TRIGGERS),
  /** False for a job that a download started. Any other trigger that joins the job sets this to true. */
  movesAlias: z.boolean(),
  /** The LTS alias that upstream named this release by. */
  alias: aliasField.optional(),
  /** The names of the files to copy, without their companions. */
  wanted: z.array(z.string()),
  queuedAt: momentField,
  startedAt: momentField.optional(),
  finishedAt: momentField.optional(),
  heartbeatAt: momentField,
  /** A random text of the call that started this attempt. The call recognizes its own write by it. */
  token: z.string().optional(),
});

/** The states that a try at a file ends in. One that ended without a word was killed with its run. */
export const TRY_STATES = ['verified', 'absent', 'failed', 'stopped'] as const;

const fileTrySchema = storedObject({
  attempt: z.number().int().positive(),
  startedAt: momentField,
  endedAt: momentField,
  state: z.enum(TRY_STATES),
  /** How many bytes had been copied, as far as that was written down. */
  bytes: z.number().int().nonnegative(),
  reason: z.string().optional(),
  detail: z.string().optional(),
});

const fileStatusSchema = storedObject({
  name: z.string(),
  attempt: z.number().int().positive(),
  state: z.enum(FILE_STATES),
  /** How many bytes have been copied. */
  bytes: z.number().int().nonnegative(),
  /** In bytes; 0 until it is known. */
  size: z.number().int().nonnegative(),
  /** Why it failed, as a code; `detail` says it in words, with the key, the HTTP status or the host. */
  reason: z.string().optional(),
  detail: z.string().optional(),
  startedAt: momentField.optional(),
  heartbeatAt: momentField,
  /** The last tries that have ended, the oldest first. */
  tries: z.array(fileTrySchema).optional(),
  /** Upstream's entity tag of the verified file. The next attempt takes the file over if the tag is still the same. */
  upstreamTag: z.string().optional(),
  /** The manifest entries of the file and its companions, for the publish step. */
  entries: z.record(z.string(), manifestFileSchema).optional(),
});

/** The last multipart upload of a file. The next attempt, a cancel or the sweep aborts it. */
const uploadSchema = storedObject({ key: z.string(), id: z.string() });

export type UploadRecord = Readonly<z.output<typeof uploadSchema>>;
export type Job = Readonly<z.output<typeof jobSchema>>;
export type FileTry = Readonly<z.output<typeof fileTrySchema>>;
export type FileStatus = Readonly<z.output<typeof fileStatusSchema>>;

export const parseJob = (text: string): Result<Job, Malformed> => parseStored(jobSchema, text);
export const parseFileStatus = (text: string): Result<FileStatus, Malformed> => parseStored(fileStatusSchema, text);
export const parseUpload = (text: string): Result<UploadRecord, Malformed> => parseStored(uploadSchema, text);

/**
 * Returns a failed job that stands for a malformed record. It keeps the number of the attempt if the text tells one; else the
 * seconds since the epoch take its place, for the files of an earlier attempt must never be written over. `now` is in
 * milliseconds since the epoch.
 */
export function failedStandIn(text: string, release: Pick<Job, 'channel' | 'board' | 'version'>, now: number): Job {
  const { channel, board, version } = release;
  const at = new Date(now).toISOString();
  const attempt = attemptIn(text) ?? Math.floor(now / 1000);
  return {
    ...{ channel, board, version, attempt, state: 'failed', reason: 'stored-malformed', trigger: 'operator' },
    ...{ movesAlias: false, wanted: [], queuedAt: at, finishedAt: at, heartbeatAt: at },
  };
}

const attemptSchema = z.object({ attempt: z.number().int().positive() });

function attemptIn(text: string): number | undefined {
  try {
    return attemptSchema.safeParse(JSON.parse(text)).data?.attempt;
  } catch {
    return undefined;
  }
}

const DEAD_RUNNING_MS = 2 * 60_000;
const DEAD_QUEUED_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 10 * 60_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/** True for a job that is queued or running. */
export const isActive = ({ state }: Job): boolean => state === 'queued' || state === 'running';

/**
 * True for an active job without a heartbeat for 2 minutes (10 while queued). A run that the runtime has killed cannot
 * change its state any more, so silence is the only sign. `now` is in milliseconds since the epoch.
 */
export function isDead(job: Job, now: number): boolean {
  const silence = now - Date.parse(job.heartbeatAt);
  return isActive(job) && silence > (job.state === 'queued' ? DEAD_QUEUED_MS : DEAD_RUNNING_MS);
}

export type StartDecision = 'start' | 'join' | 'ask-upstream';

/**
 * Returns what a trigger does with the existing job. A complete job starts again only for files that upstream has and
 * the release lacks, so upstream must be asked. The operator and webhooks restart a failed or cancelled job at once.
 * The poll and downloads wait longer after each failure, and never restart a cancelled job.
 */
export function decideStart(job: Job | undefined, trigger: Trigger, now: number): StartDecision {
  if (job === undefined) return 'start';
  if (isActive(job)) return isDead(job, now) ? 'start' : 'join';
  if (job.state === 'complete') return 'ask-upstream';
  const isAutomatic = trigger === 'poll' || trigger === 'demand';
  if (!isAutomatic) return 'start';
  if (job.state === 'cancelled') return 'join';
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (job.attempt - 1), LONGEST_PAUSE_MS);
  return now - Date.parse(job.finishedAt ?? job.heartbeatAt) >= pauseMs ? 'start' : 'join';
}

/** Returns the id of the Workflow instance of an attempt. Such an id must not contain dots. */
export function instanceId({ channel, board, version: number, attempt }: Job): string {
  return `${channel}_${board}_${number.replaceAll('.', '-')}_a${attempt}`;
}

const BUILD_DATE = /(\d{4})-(\d{2})-(\d{2})-\d{4}$/;

/**
 * Returns the start of the day (UTC) in a BUILD_ID such as `2026-08-11-2350`, in milliseconds since the epoch, or
 * `undefined` if there is no date in it. A file of the release cannot have been signed earlier.
 */
export function builtAt(buildId: string): number | undefined {
  const [, year, month, day] = BUILD_DATE.exec(buildId) ?? [];
  const date = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(date) ? undefined : date;
}
