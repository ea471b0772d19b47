/** The stored records of fleets. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';
import { NAME, sealed } from './model.ts';

/** What a machine that a fleet takes in gets; a rule may say otherwise for some of them. */
const settings = {
  profiles: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  kernelArgs: z.array(z.string()),
  once: z.boolean().optional(),
  window: z.int().positive().nullable().optional(),
};

const definition = storedObject({
  ...settings,
  /** Seconds for which the URLs that it hands out are good; `null`: for ever. */
  expiresIn: z.int().nullable(),
  /** The first one that fits holds. A rule that does not say something has what the fleet says. */
  rules: z.array(
    storedObject({ match: z.record(z.string(), z.array(z.string())), ...z.object(settings).partial().shape }),
  ),
  /** What becomes of a machine that no record and no rule knows. */
  unknown: z.enum(['wait', 'enrol', 'refuse']),
  /** The most machines that it takes in in an hour. */
  enrolLimit: z.int(),
});

const fleet = storedObject({
  name: z.string().regex(NAME),
  generation: z.int().positive(),
  /** As a machine's: a capability of another epoch is revoked. */
  epoch: z.string(),
  nonce: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Set in a tombstone: the fleet's URLs answer 410. */
  deletedAt: z.string().nullable(),
  /** The definition as JSON: it may hold secrets in its variables. */
  definition: sealed.nullable(),
});

export type Fleet = Readonly<z.output<typeof fleet>>;
export type FleetDefinition = z.output<typeof definition>;
export type FleetRule = FleetDefinition['rules'][number];

/** Returns the fleet that a stored text holds, or an error. */
export const parseFleet = (text: string) => parseStored(fleet, text);

/** Returns the definition that an unsealed text holds, or an error. */
export const parseDefinition = (text: string) => parseStored(definition, text);

/** Returns the summary of a fleet. */
export const fleetSummary = (record: Fleet): Readonly<Record<string, string>> => ({
  generation: String(record.generation),
  epoch: record.epoch,
  updated: record.updatedAt,
  deleted: record.deletedAt ?? '',
  key: record.definition?.key ?? '',
});

/** Returns the associated data of a sealed definition. */
export const fleetContext = ({ name, generation }: Pick<Fleet, 'name' | 'generation'>): string =>
  `fleet:${name}:${generation}`;
