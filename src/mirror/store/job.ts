/** A mirror job: one attempt at one release, as its status object in R2 tells it. No I/O, no clock. */
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
  /** Counts up; the only attempt that may write is the one named here. */
  attempt: z.number().int().positive(),
  state: z.enum(JOB_STATES),
  /** Why it failed, as a code; `detail` says it in words. */
  reason: z.string().optional(),
  detail: z.string().optional(),
  trigger: z.enum(TRIGGERS),
  /** A stranger's download must not move an alias; any other trigger that joins turns this on. */
  movesAlias: z.boolean(),
  /** The LTS stream that upstream named this release by. */
  alias: aliasField.optional(),
  /** Base names of the files this attempt is about. */
  wanted: z.array(z.string()),
  queuedAt: momentField,
  startedAt: momentField.optional(),
  finishedAt: momentField.optional(),
  heartbeatAt: momentField,
  /** Made by the start that made this attempt, which knows its own attempt again by it. */
  token: z.string().optional(),
});

const fileStatusSchema = storedObject({
  name: z.string(),
  attempt: z.number().int().positive(),
  state: z.enum(FILE_STATES),
  bytes: z.number().int().nonnegative(),
  size: z.number().int().nonnegative(),
  /** Why it failed, as a code; `detail` says it in words, with the key, the status or the host that was met. */
  reason: z.string().optional(),
  detail: z.string().optional(),
  startedAt: momentField.optional(),
  heartbeatAt: momentField,
  /** What upstream showed when the file was verified: the next attempt takes it over while that holds. */
  upstreamTag: z.string().optional(),
  /** What publish will put into the manifest: the file and its companions. */
  entries: z.record(z.string(), manifestFileSchema).optional(),
});

/** The upload of a file that is under way, or was: whoever comes next aborts it. */
const uploadSchema = storedObject({ key: z.string(), id: z.string() });

export type UploadRecord = Readonly<z.output<typeof uploadSchema>>;
export type Job = Readonly<z.output<typeof jobSchema>>;
export type FileStatus = Readonly<z.output<typeof fileStatusSchema>>;

export const parseJob = (text: string): Result<Job, Malformed> => parseStored(jobSchema, text);
export const parseFileStatus = (text: string): Result<FileStatus, Malformed> => parseStored(fileStatusSchema, text);
export const parseUpload = (text: string): Result<UploadRecord, Malformed> => parseStored(uploadSchema, text);

const DEAD_RUNNING_MS = 2 * 60_000;
const DEAD_QUEUED_MS = 10 * 60_000;
const FIRST_PATIENCE_MS = 10 * 60_000;
const MOST_PATIENCE_MS = 6 * 3_600_000;

export const isActive = ({ state }: Job): boolean => state === 'queued' || state === 'running';

/** A killed run stays `running` for good: nobody has heard of it for 2 minutes (10 while queued). */
export function isDead(job: Job, now: number): boolean {
  const silence = now - Date.parse(job.heartbeatAt);
  return isActive(job) && silence > (job.state === 'queued' ? DEAD_QUEUED_MS : DEAD_RUNNING_MS);
}

export type StartDecision = 'start' | 'join' | 'ask-upstream';

/**
 * What a trigger makes of the job that is there. A complete one is for upstream to decide: it reopens only for files that
 * it lacks and upstream has. The poll gives a failed one a growing rest and leaves a cancelled one alone.
 */
export function decideStart(job: Job | undefined, trigger: Trigger, now: number): StartDecision {
  if (job === undefined) return 'start';
  if (isActive(job)) return isDead(job, now) ? 'start' : 'join';
  if (job.state === 'complete') return 'ask-upstream';
  const isByItself = trigger === 'poll' || trigger === 'demand';
  if (!isByItself) return 'start';
  if (job.state === 'cancelled') return 'join';
  const rest = Math.min(FIRST_PATIENCE_MS * 2 ** (job.attempt - 1), MOST_PATIENCE_MS);
  return now - Date.parse(job.finishedAt ?? job.heartbeatAt) >= rest ? 'start' : 'join';
}

/** The Workflow instance of an attempt: ids may hold no dots. */
export function instanceId({ channel, board, version: number, attempt }: Job): string {
  return `${channel}_${board}_${number.replaceAll('.', '-')}_a${attempt}`;
}

const BUILD_DATE = /(\d{4})-(\d{2})-(\d{2})-\d{4}$/;

/**
 * The first moment of the day that BUILD_ID names (`2026-08-11-2350`), in milliseconds, or `undefined` where it names none.
 * No file of a release can have been signed before it was built.
 */
export function builtAt(buildId: string): number | undefined {
  const [, year, month, day] = BUILD_DATE.exec(buildId) ?? [];
  const date = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(date) ? undefined : date;
}
