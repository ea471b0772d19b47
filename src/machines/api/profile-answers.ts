/** The zod schemas of what the calls about profiles return. No I/O. */
import * as z from 'zod';
import { config } from '../../configs/call-answers.ts';
import { engine } from '../../configs/call-requests.ts';
import { cursor, dryRun, layeredEntry, moment, unreadable } from './call-answers.ts';

export const profileDeletion = z.object({ name: z.string(), deletedAt: z.string().nullable(), dryRun });

const profileFields = {
  name: z.string(),
  engine,
  ignition: z.string().nullable().meta({ description: 'the version of Ignition that it names for its machines' }),
  cloudInit: z.enum(['on', 'off']),
  metadataUnit: z.boolean(),
  kernelArgs: z.array(z.string()),
  generation: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  hasBase: z.boolean(),
  hasDefault: z.boolean(),
};

const writtenIn = z.object({ source: z.enum(['butane', 'ct']), text: z.string() }).meta({ id: 'WrittenIn' });

export const profileView = z
  .object({
    ...profileFields,
    base: z.string().nullable(),
    default: z.string().nullable(),
    sources: z
      .object({ base: writtenIn.nullable(), default: writtenIn.nullable() })
      .meta({ description: 'what each was written in; null: as Ignition' }),
    vars: z
      .record(z.string(), z.string().nullable())
      .meta({ description: 'the variables that it declares, with their defaults; null: each machine must say it' }),
    etags: z
      .object({ base: z.string().nullable(), default: z.string().nullable() })
      .meta({ description: 'the `ETag` of each text, for `If-Match` of a change' }),
    boots: z
      .record(z.string(), z.int())
      .meta({ description: 'requests for configs of its machines by outcome, since counting began' }),
  })
  .meta({ id: 'Profile' });

/** One layer of a profile: its base or its default. */
export const profileText = config;

export const profilePage = z.object({
  items: z.array(
    z
      .object({ name: z.string(), engine: z.string(), generation: z.int(), updatedAt: z.string() })
      .meta({ id: 'ProfileSummary' }),
  ),
  unreadable: unreadable.optional(),
  cursor,
});

const breaks = z
  .array(
    z.object({
      cause: z.string().meta({ description: 'the first error, with its layer and path' }),
      count: z.int().meta({ description: 'machines that it keeps from booting' }),
      examples: z.array(z.object({ id: z.string(), entries: z.array(layeredEntry) })),
    }),
  )
  .meta({ description: 'machines that would not boot any more, by cause, the most frequent one first' });

/** How far the check of a change has come, and what it has found. */
const checkFields = {
  checked: z.int().meta({ description: 'machines of this profile that were looked at' }),
  broken: z.int().meta({ description: 'machines that would not boot any more' }),
  breaks,
  unreadable,
  cursor: z.string().nullable().meta({ description: 'there are more machines; a dry run goes on from here' }),
};

export const profileChange = z
  .object({
    ...profileFields,
    dryRun,
    isChanged: z.boolean().meta({ description: 'false: all of it was stored already, and nothing was written' }),
    entries: z.array(layeredEntry),
    warnings: z.array(z.string()).meta({ description: 'what the write has taken away' }),
    ...checkFields,
    change: z
      .string()
      .nullable()
      .meta({ description: 'the id of the check that goes on by itself and stores the change at its end; null: done' }),
  })
  .meta({ id: 'ProfileChange' });

const CHANGE_STATES = ['checking', 'stored', 'refused', 'failed', 'cancelled'] as const;

export const changeView = z
  .object({
    id: z.string(),
    profile: z.string(),
    state: z.enum(CHANGE_STATES).meta({
      description: '`refused`: machines would break; `failed`: the profile was written meanwhile, or a store failed',
    }),
    detail: z.string().optional().meta({ description: 'why it has ended so' }),
    what: z.string().meta({ description: 'what it changes', example: 'base' }),
    by: z.string(),
    startedAt: moment,
    heartbeatAt: moment,
    finishedAt: moment.nullable(),
    ...checkFields,
  })
  .omit({ cursor: true })
  .meta({ id: 'ProfileCheck', description: 'the check of a change on every machine of a profile' });

export const changePage = z.object({ items: z.array(changeView), unreadable: unreadable.optional(), cursor });
