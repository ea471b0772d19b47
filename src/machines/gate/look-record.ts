/** The record of a look: which machines and fleets a release would keep from booting, of those that boot by a name of its pair. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';
import { storedGroups, storedUnreadable } from '../break-groups.ts';

const nameLook = storedObject({
  /** Machines and fleets that boot by the name. */
  followers: z.int(),
  /** Those of them that boot now, and would not boot the release. */
  broken: z.int(),
  breaks: storedGroups,
  /** Machines whose records cannot be read: they do not boot now either. */
  unreadable: storedUnreadable,
  /** The clouds that their kernel arguments name (`flatcar.oem.id=`). */
  oems: z.array(z.string()),
});

const lookSchema = storedObject({
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  state: z.enum(['looking', 'looked']),
  /** Counts the runs of the Workflow: each goes on where the one before has ended. */
  run: z.int(),
  /** The machine behind which it goes on; empty: from the first one. */
  place: z.string(),
  /** Machines that were looked at. */
  looked: z.int(),
  /** By name: `current`, `current-YYYY` or a ring. */
  names: z.record(z.string(), nameLook),
  startedAt: z.iso.datetime(),
  heartbeatAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
});

export type NameLook = z.output<typeof nameLook>;
export type LookRecord = Readonly<z.output<typeof lookSchema>>;

/** Returns the look that a stored text holds, or an error. */
export const parseLook = (text: string) => parseStored(lookSchema, text);

/** A look without a sign of life for so long is taken up again. */
const DEAD_MS = 300_000;

/** True for a look that nobody works at: it has not begun, or it has died. */
export const isForsaken = ({ state, run, heartbeatAt }: LookRecord, now: number): boolean =>
  state === 'looking' && (run === 0 || now - Date.parse(heartbeatAt) > DEAD_MS);
