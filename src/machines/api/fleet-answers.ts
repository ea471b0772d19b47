/** The zod schemas of what the calls about fleets return. No I/O. */
import * as z from 'zod';
import { cursor, dryRun, unreadable } from './call-answers.ts';

const settings = {
  profiles: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  channel: z.string(),
  board: z.string(),
  version: z.string(),
  kernelArgs: z.array(z.string()),
  once: z.boolean().optional(),
  window: z.int().nullable().optional(),
};

const fields = {
  name: z.string(),
  generation: z.int(),
  ...settings,
  expiresIn: z.int().nullable(),
  rules: z.array(z.object({ match: z.record(z.string(), z.array(z.string())), ...z.object(settings).partial().shape })),
  unknown: z.enum(['wait', 'enrol', 'refuse']),
  enrolLimit: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
};

export const fleetView = z.object(fields).meta({ id: 'Fleet' });

export const issuedFleet = z
  .object({
    ...fields,
    urls: z
      .object({ ipxe: z.string() })
      .nullable()
      .meta({ description: 'for a DHCP server or an iPXE ROM; a secret. null in a dry run' }),
    isChanged: z.boolean().meta({ description: 'false: all of it was stored already, and nothing was written' }),
    dryRun,
  })
  .meta({ id: 'IssuedFleet' });

export const fleetPage = z.object({
  items: z.array(
    z.object({ name: z.string(), generation: z.int(), updatedAt: z.string() }).meta({ id: 'FleetSummary' }),
  ),
  unreadable: unreadable.optional(),
  cursor,
});

export const fleetDeletion = z.object({ name: z.string(), deletedAt: z.string().nullable(), dryRun });

export const waitingRemoval = z.object({ key: z.string(), dryRun });

const several = z.array(z.string());
const identities = z
  .object({ mac: several, uuid: several, serial: several, asset: several })
  .partial()
  .meta({ description: 'what the machine says of itself: claims, not proof' });

export const waitingPage = z.object({
  items: z.array(
    z
      .object({
        key: z.string(),
        state: z.enum(['waiting', 'limit', 'contradiction', 'problem']).meta({
          description:
            '`limit`: the hour is full; `contradiction`: what it says leads to several machines; `problem`: it cannot be taken in as the fleet says',
        }),
        detail: z.string().nullable().meta({ description: 'what is wrong, in words' }),
        identities,
        labels: z.record(z.string(), z.string()),
        firstAt: z.string(),
        lastAt: z.string(),
      })
      .meta({ id: 'WaitingMachine' }),
  ),
  cursor,
});
