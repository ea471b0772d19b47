/**
 * The zod schemas of what the calls about machines and profiles take. The routes check requests with them, and the API
 * document is made from them. No I/O.
 */
import * as z from 'zod';
import { engine, formatQuery, onOff } from '../../configs/call-requests.ts';
import { readerNamed } from '../../ignition/reader.ts';
import { NAME, RESERVED } from '../records/model.ts';

/** Ten years. A longer time is a mistake, or means never: then `expires_in` is left out. */
const MOST_SECONDS = 10 * 366 * 24 * 3600;

const NAME_RULE = 'must be 1 to 128 letters, digits, ".", "_" or "-", beginning with one of the first two';

/** A machine's id or a profile's name. */
const name = z.string({ error: NAME_RULE }).regex(NAME, NAME_RULE);

const SECONDS_RULE = `must be whole seconds from 1 to ${MOST_SECONDS}`;
const seconds = z
  .union([z.int({ error: SECONDS_RULE }), z.string().regex(/^\d{1,12}$/, SECONDS_RULE)], { error: SECONDS_RULE })
  .transform(Number)
  .refine((value) => value >= 1 && value <= MOST_SECONDS, SECONDS_RULE)
  .meta({ description: `seconds from now at which the new URLs end, 1 to ${MOST_SECONDS}`, example: 86400 });

export const machineParams = z.object({
  id: name
    .refine((id) => !RESERVED.includes(id), { error: ({ input }) => `${String(input)} is reserved` })
    .meta({ description: 'the machine', example: 'vm-1' }),
});

export const profileParams = z.object({ name: name.meta({ description: 'the profile', example: 'web' }) });

const IGNITION_RULE = 'must be a version of Ignition, such as 2.24.0';
const ignition = z
  .string({ error: IGNITION_RULE })
  .refine((text) => readerNamed(text).ok, IGNITION_RULE)
  .meta({ description: 'the version of Ignition that reads the config', example: '2.24.0' });

/** The query of a PUT of a machine. `channel`, `board` and `version` name the release that iPXE boots. */
export const machineQuery = formatQuery.extend({
  profile: z
    .union([z.literal(''), name], { error: NAME_RULE })
    .optional()
    .meta({ description: 'absent: none', example: 'web' }),
  expires_in: seconds.optional(),
  channel: z.string().optional().meta({ description: 'for iPXE; stable where there is one' }),
  board: z.string().optional().meta({ description: 'for iPXE; amd64-usr where there is one' }),
  version: z.string().optional().meta({ description: 'for iPXE; current' }),
  ignition: z
    .union([z.literal(''), ignition], { error: IGNITION_RULE })
    .optional()
    .meta({
      description: 'the version of Ignition that reads the config; absent: that of the release',
      example: '2.24.0',
    }),
});

export const changeQuery = z.object({
  dry_run: onOff.optional().meta({ description: '1: nothing is stored; which machines would break is told' }),
  force: onOff.optional().meta({ description: '1: stored though machines would break' }),
  cursor: z.string().optional().meta({ description: 'where a dry run goes on looking at machines' }),
});

export const profilePartQuery = changeQuery.extend(formatQuery.shape);

export const profileBody = z
  .strictObject({
    engine: engine.optional(),
    ignition: z
      .union([ignition, z.null()], { error: IGNITION_RULE })
      .optional()
      .meta({ description: 'for its machines that name none; null: that of their release' }),
    cloudInit: z.enum(['on', 'off'], { error: 'must be on or off' }).optional().meta({
      description: 'off: a cloud-config is not fetched unless the default does it',
    }),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'must be ignition or legacy, where neither ignition nor cloudInit is given',
    path: ['engine'],
  })
  .meta({ id: 'ProfileSettings', example: { engine: 'ignition', ignition: '2.24.0', cloudInit: 'on' } });

export const tokenBody = z
  .strictObject({ revoke: onOff.optional(), expires_in: seconds.optional() })
  .meta({ id: 'NewToken', description: '`revoke` ends the older URLs', example: { revoke: true } });

export const pageQuery = z.object({ cursor: z.string().optional() });
export const resealQuery = pageQuery.extend({
  adopt: onOff.optional().meta({
    description: '1: signs records that nothing has signed though all had been; only after a roll back or a restore',
  }),
});
export const importQuery = z.object({
  fresh_epochs: onOff.optional().meta({
    description: '1: no URL of the export goes on; new ones come from `POST /api/machines/{id}/token`',
  }),
});
export const machinesQuery = pageQuery.extend({
  prefix: z.string().optional().meta({ description: 'only machines whose ids begin with it' }),
});
