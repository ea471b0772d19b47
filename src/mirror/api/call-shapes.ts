/**
 * The zod schemas of the API calls about mirroring. The routes check requests with them, the types of answers come from
 * them, and so does the API document. No I/O.
 */
import * as z from 'zod';
import { ALIAS, VERSION } from '../../releases/model.ts';
import { FILE_SET_NAMES } from '../../releases/sets.ts';
import { HOLD_REASONS } from '../../releases/store/hold.ts';
import { publicFileShape } from '../../releases/store/manifest.ts';
import { durationMs } from '../../releases/store/ring.ts';
import { KEY_STATES } from '../../signing/key-timeline.ts';
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
const aliasName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be current, current-YYYY or the name of a ring')
  .meta({ description: '`current`, `current-YYYY`, or the name of a ring', example: 'current' });
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
export const aliasParams = z.object({ channel, board, alias: aliasName });

/** The body of the call that pins an alias, or says whom a ring follows. */
export const pinBody = z
  .strictObject({
    version: z
      .string({ error: 'must be MAJOR.CHANNEL.PATCH' })
      .regex(VERSION, 'must be MAJOR.CHANNEL.PATCH')
      .optional()
      .meta({ description: 'the published release that it is to name' }),
    follows: z
      .string()
      .regex(ALIAS, 'must be current or current-YYYY')
      .optional()
      .meta({ description: 'of a ring: the alias whose releases it takes over' }),
    after: z
      .string()
      .refine(
        (text) => durationMs(text) !== undefined,
        'must be an ISO 8601 duration such as P7D or PT12H, at most P90D',
      )
      .optional()
      .meta({ description: 'of a ring: how long the other alias has named a release by then' }),
  })
  .refine(({ version, follows, after }) => (version === undefined) === (follows !== undefined && after !== undefined), {
    message: 'must be there, or follows and after together',
    path: ['version'],
  })
  .refine(({ version, follows, after }) => version === undefined || (follows === undefined && after === undefined), {
    message: 'cannot stand beside follows and after',
    path: ['version'],
  })
  .meta({
    id: 'Pin',
    description: 'the published release that the alias is to name; or, for a ring, whom it follows',
    example: { version: '4593.2.5' },
  });

const RELEASE_STATES = ['published', 'quarantined', 'blocked', 'distrusted'] as const;
const place = { channel: channel.optional(), board: board.optional() };
const nextPage = z.string().optional().meta({ description: 'the `cursor` of the page before' });
const cursor = z.string().nullable().meta({ description: 'where the next page begins; null at the end' });
const unreadable = z
  .array(z.object({ id: z.string(), reason: z.string() }))
  .optional()
  .meta({ description: 'records that cannot be read, and why' });
const dryRun = z.boolean().meta({ description: 'true: nothing was stored' });

const oneOf = <const T extends readonly [string, ...string[]]>(states: T) =>
  z.enum(states, { error: `must be one of ${states.join(', ')}` }).optional();

/** The queries of the lists. */
export const jobQuery = z.object({ ...place, state: oneOf(JOB_STATES), cursor: nextPage });
export const releaseQuery = z.object({ ...place, state: oneOf(RELEASE_STATES), cursor: nextPage });
export const aliasQuery = z.object({ ...place, cursor: nextPage });

/** The query of a quarantine. */
export const quarantineQuery = z.object({
  reason: z
    .string()
    .max(500, 'must have at most 500 characters')
    .optional()
    .meta({ description: 'why, for those who find the release gone', example: 'does not boot on arm64' }),
});

const fileView = z
  .object({
    name: z.string(),
    set: z
      .enum(FILE_SET_NAMES)
      .nullable()
      .meta({ description: 'the set of MIRROR_SETS that brings it; null: named by itself' }),
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
export const jobView = job
  .extend({
    files: z.array(fileView),
    warnings: z
      .array(z.string())
      .optional()
      .meta({ description: 'what machines need and the release lacks here, and what could not be made of it' }),
    dryRun: dryRun.optional(),
  })
  .meta({ id: 'MirrorJob' });

export const jobPage = z.object({ items: z.array(jobView), unreadable, cursor });

/** The answer to an announcement: the jobs without their files, or why it is ignored. */
export const announcedJobs = z.union([
  z.object({ jobs: z.array(job), dryRun: dryRun.optional() }),
  z.object({ ignored: z.string().meta({ description: 'why nothing is done about it' }) }),
]);

/** The answer to GitHub's ping. */
export const pong = z.object({ pong: z.literal(true) });

const hold = z
  .object({
    version: z.string(),
    since: moment,
    why: z.enum(HOLD_REASONS).meta({
      description:
        'files: it lacks what a boot needs; machines: some would not boot it; looking: they are being looked at; boots: too few machines of the ring before have booted it',
    }),
    text: z.string().meta({ description: 'the same in one sentence' }),
    files: z.array(z.string()).optional(),
    broken: z.int().optional().meta({ description: 'machines and fleets that would not boot' }),
    causes: z.array(z.object({ cause: z.string(), count: z.int(), examples: z.array(z.string()) })).optional(),
    needs: z.int().optional().meta({ description: 'boots that are needed' }),
    seen: z.int().optional().meta({ description: 'boots that were seen' }),
  })
  .meta({ id: 'Hold', description: 'a release that the alias does not move onto, and why' });

const aliasFields = {
  channel: z.string(),
  board: z.string(),
  alias: z.string(),
  version: z.string().nullable().meta({ description: 'the release that is served under this name now' }),
  from: z
    .enum(['pin', 'mirror', 'upstream', 'ring'])
    .nullable()
    .meta({ description: 'what decides it: a pin, the newest published release, upstream, or what a ring follows' }),
  published: z.string().nullable().meta({ description: 'the highest release published here for this stream' }),
  floor: z.string().nullable().meta({ description: 'nothing below this is taken from upstream again' }),
  pin: z.string().nullable().meta({ description: 'what an operator fixed the alias to' }),
  since: moment.optional(),
  ring: z
    .object({ follows: z.string(), after: z.string() })
    .optional()
    .meta({ description: 'of a ring: whom it follows, and how long after' }),
  holds: z.array(hold),
  fault: z.string().optional().meta({ description: 'why nothing is served under this name at the moment' }),
};

export const aliasView = z.object(aliasFields).meta({ id: 'Alias' });

export const aliasPage = z.object({ items: z.array(aliasView), unreadable, cursor });

export const pinned = z
  .object({
    ...aliasFields,
    before: z.string().nullable().meta({ description: 'the release that was served under this name before' }),
    dryRun,
  })
  .meta({ id: 'PinnedAlias' });

export const liftBody = z
  .strictObject({ version: z.string({ error: 'must be MAJOR.CHANNEL.PATCH' }) })
  .meta({ id: 'LiftedHold', example: { version: '4593.2.5' } });

const quarantine = z
  .object({
    at: moment,
    by: z.string().nullable().meta({ description: 'who; null where an earlier version wrote the mark' }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'QuarantineMark' });

const releaseFields = {
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  state: z.enum(RELEASE_STATES).meta({ description: '`blocked`: quarantined before it was ever published here' }),
  publishedAt: moment.nullable(),
  quarantine: quarantine.nullable(),
  distrusted: z
    .object({ fingerprint: z.string(), at: moment })
    .nullable()
    .meta({ description: 'the compromised key that signed it' }),
};

const releaseItem = z
  .object({
    ...releaseFields,
    fileCount: z.int().meta({ description: 'companions included' }),
    aliases: z.array(z.string()).meta({ description: 'that name it now' }),
    isPinned: z.boolean().meta({ description: 'one of them is pinned to it' }),
    isFloor: z.boolean().meta({ description: 'it is the floor of an alias' }),
  })
  .meta({ id: 'Release' });

export const releasePage = z.object({ items: z.array(releaseItem), unreadable, cursor });

const manifestEntry = z
  .object({ ...publicFileShape, name: z.string() })
  .meta({ id: 'ManifestFile', description: 'a file of a published release, with who signed it and when' });

export const manifestView = z.object({ ...releaseFields, files: z.array(manifestEntry) }).meta({ id: 'Manifest' });

const aliasMove = z
  .object({ alias: z.string(), before: z.string().nullable(), after: z.string().nullable() })
  .meta({ id: 'AliasMove', description: 'what an alias named before, and what it names now' });

/** The answer to a quarantine: the mark, and what has become of the aliases. */
export const quarantined = z
  .object({ ...releaseFields, aliases: z.array(aliasMove), dryRun })
  .meta({ id: 'Quarantined' });

export const lifted = z.object({ channel: z.string(), board: z.string(), version: z.string(), dryRun }).meta({
  id: 'Lifted',
});

export const keyringView = z
  .object({
    trusted: z.array(z.string()).meta({ description: 'fingerprints of the primary keys' }),
    signingKey: z
      .object({ fingerprint: z.string(), expiresAt: moment.nullable() })
      .nullable()
      .meta({ description: 'the one that lasts longest' }),
    keys: z
      .array(
        z.object({
          fingerprint: z.string(),
          primary: z.string(),
          from: moment,
          until: moment.nullable().meta({ description: 'null: it never ends' }),
          state: z.enum(KEY_STATES).meta({ description: 'unfit: nothing binds it to its primary key any more' }),
        }),
      )
      .meta({ description: 'every key that may sign, or might once, the earliest first' }),
    dryRun: dryRun.optional(),
  })
  .meta({ id: 'Keyring' });

export type AnnouncedJob = Readonly<z.output<typeof job>>;
export type JobView = Readonly<z.output<typeof jobView>>;
export type FileView = Readonly<z.output<typeof fileView>>;
export type ReleaseItem = Readonly<z.output<typeof releaseItem>>;
export type AliasView = Readonly<z.output<typeof aliasView>>;
