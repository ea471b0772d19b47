/**
 * The zod schemas of the API calls about mirroring. The routes check requests with them, the types of answers come from
 * them, and so does the API document. No I/O.
 */
import * as z from 'zod';
import { ALIAS, VERSION } from '../../releases/model.ts';
import { publicFileShape } from '../../releases/store/manifest.ts';
import { FILE_STATES, JOB_STATES, TRIGGERS } from '../store/job.ts';

const moment = z.iso.datetime();
const version = z
  .string()
  .regex(VERSION, 'must be MAJOR.CHANNEL.PATCH')
  .meta({ description: 'MAJOR.CHANNEL.PATCH; the middle number says the channel', example: '4593.2.5' });
const alias = z
  .string()
  .regex(ALIAS, 'must be current or current-YYYY')
  .meta({ description: '`current`, or `current-YYYY` for an LTS stream', example: 'current' });
const channel = z.string().meta({ description: 'one of CHANNELS', example: 'stable' });
const board = z.string().meta({ description: 'one of BOARDS', example: 'amd64-usr' });

/** The path parameters of calls about a numbered release. */
export const releaseParams = z.object({ channel, board, version });

/** The path parameters of mirror calls. An alias is resolved first, by the verified version.txt of upstream. */
export const mirrorParams = z.object({
  channel,
  board,
  version: z.union([version, alias]).meta({ description: 'a number, or an alias, which is resolved first' }),
});

/** The path parameters of calls about an alias. */
export const aliasParams = z.object({ channel, board, alias });

/** The body of the call that pins an alias. */
export const pinBody = z
  .strictObject({
    version: z.string({ error: 'must be MAJOR.CHANNEL.PATCH' }).regex(VERSION, 'must be MAJOR.CHANNEL.PATCH'),
  })
  .meta({ id: 'Pin', description: 'the published release that the alias is to name' });

const fileView = z
  .object({
    name: z.string(),
    state: z.enum(FILE_STATES),
    bytes: z.int().meta({ description: 'copied so far' }),
    size: z.int().meta({ description: 'in bytes; 0 until upstream has told it' }),
    reason: z.string().optional().meta({ description: 'why it failed, as a code' }),
    detail: z.string().optional().meta({ description: 'why it failed, in words' }),
    rate: z.int().optional().meta({ description: 'bytes a second since the copy began; while copying' }),
    heartbeatAt: moment.optional(),
  })
  .meta({ id: 'MirrorFile', description: 'how one base file of a job gets on' });

const job = z.object({
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  attempt: z.int().meta({ description: 'counts up; an older attempt may write no more' }),
  state: z.enum(JOB_STATES),
  reason: z.string().optional().meta({ description: 'why it failed, as a code' }),
  detail: z.string().optional().meta({ description: 'why it failed, in words' }),
  trigger: z.enum(TRIGGERS),
  alias: z.string().optional().meta({ description: 'the LTS stream that named this release' }),
  queuedAt: moment,
  startedAt: moment.nullable(),
  finishedAt: moment.nullable(),
  heartbeatAt: moment,
});

/** A job with the progress of its files. */
export const jobView = job.extend({ files: z.array(fileView) }).meta({ id: 'MirrorJob' });

const unreadableJob = z
  .object({
    unreadable: z.string().meta({ description: 'channel/board/version', example: 'stable/amd64-usr/4593.2.5' }),
    reason: z.string().meta({ description: 'what is wrong with its record' }),
  })
  .meta({ id: 'UnreadableJob', description: 'a job whose record cannot be read; a PUT of its mirror replaces it' });

export const jobViews = z.array(z.union([jobView, unreadableJob]));

/** The answer to an announcement: the jobs without their files, or why it is ignored. */
export const announcedJobs = z.union([
  z.object({ jobs: z.array(job) }),
  z.object({ ignored: z.string().meta({ description: 'why nothing is done about it' }) }),
]);

/** The answer to GitHub's ping. */
export const pong = z.object({ pong: z.literal(true) });

const aliasRecord = z.object({
  channel: z.string(),
  board: z.string(),
  alias: z.string(),
  version: z.string().nullable().meta({ description: 'the highest release published here for this stream' }),
  floor: z.string().nullable().meta({ description: 'nothing below this is taken from upstream again' }),
  pin: z.string().nullable().meta({ description: 'what an operator fixed the alias to' }),
  since: moment.optional(),
});

export const aliasView = aliasRecord.meta({ id: 'Alias' });

const published = z
  .object({
    channel: z.string(),
    board: z.string(),
    version: z.string(),
    publishedAt: moment,
    files: z.int().meta({ description: 'how many, companions included' }),
    aliases: z.array(z.string()).meta({ description: 'that name it now' }),
    pin: z.boolean().meta({ description: 'one of them is pinned to it' }),
    floor: z.boolean().meta({ description: 'it is the floor of an alias' }),
  })
  .meta({ id: 'PublishedRelease' });

export const publishedList = z.object({
  releases: z.array(published),
  aliases: z.array(aliasView),
  unreadable: z
    .array(z.object({ id: z.string(), reason: z.string() }))
    .optional()
    .meta({ description: 'an index (`channel/board`) or an alias (`channel/board/alias`) that cannot be read' }),
});

const marks = z.object({
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  publishedAt: moment,
  distrusted: z.object({ fingerprint: z.string(), at: moment }).optional(),
  quarantinedAt: moment.optional(),
});

const manifestEntry = z
  .object({ ...publicFileShape, name: z.string() })
  .meta({ id: 'ManifestFile', description: 'a file of a published release, with who signed it and when' });

export const manifestView = marks.extend({ files: z.array(manifestEntry) }).meta({ id: 'Manifest' });

/** The answer to a quarantine: the manifest without its files. */
export const quarantineMark = marks.meta({ id: 'Quarantine' });

export type AnnouncedJob = Readonly<z.output<typeof job>>;
export type JobView = Readonly<z.output<typeof jobView>>;
export type UnreadableJob = Readonly<z.output<typeof unreadableJob>>;
export type FileView = Readonly<z.output<typeof fileView>>;
export type PublishedList = Readonly<z.output<typeof publishedList>>;
export type QuarantineMark = Readonly<z.output<typeof quarantineMark>>;
