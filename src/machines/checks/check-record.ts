/** The record of a check: a change of a profile that is tried on every machine before it is stored. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';
import { storedGroups, storedUnreadable } from '../break-groups.ts';

const sealed = storedObject({ key: z.string(), iv: z.string(), data: z.string() });

const checkSchema = storedObject({
  id: z.string(),
  profile: z.string(),
  state: z.enum(['checking', 'stored', 'refused', 'failed', 'cancelled']),
  detail: z.string().optional(),
  /** The parts that it changes, such as `base`. */
  what: z.string(),
  by: z.string(),
  /** The change as JSON, sealed: it holds the texts of layers. */
  change: sealed,
  /** The etag of the profile's record that it was checked against; empty where there was none. */
  replacing: z.string(),
  /** The profile's generation then, for the audit trail. */
  generation: z.int(),
  /** `machines`: looks at every machine. `newer`: at those that were written meanwhile. */
  stage: z.enum(['machines', 'newer']),
  cursor: z.string().nullable(),
  /** Counts the runs of the Workflow: each goes on where the one before has ended. */
  run: z.int(),
  checked: z.int(),
  broken: z.int(),
  breaks: storedGroups,
  unreadable: storedUnreadable,
  startedAt: z.iso.datetime(),
  heartbeatAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
});

export type CheckRecord = Readonly<z.output<typeof checkSchema>>;

/** Returns the check that a stored text holds, or an error. */
export const parseCheck = (text: string) => parseStored(checkSchema, text);

/** Returns the associated data of the sealed change of a check. */
export const checkContext = ({ id, profile }: Pick<CheckRecord, 'id' | 'profile'>): string => `check:${profile}:${id}`;

/** A check without a sign of life for so long is started again by whoever looks at it. */
export const DEAD_MS = 300_000;
