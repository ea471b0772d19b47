/**
 * What the calls about machines, profiles and configs take, as zod schemas: the routes check by them, and the API document is
 * made from them. No I/O.
 */
import * as z from 'zod';
import { NAME, RESERVED } from './model.ts';

/** Ten years; longer is a mistake, or never. */
const MOST_SECONDS = 10 * 366 * 24 * 3600;

const NAME_RULE = 'must be 1 to 128 letters, digits, ".", "_" or "-", beginning with one of the first two';

/** A machine's or a profile's name. */
const name = z.string({ error: NAME_RULE }).regex(NAME, NAME_RULE);

const SECONDS_RULE = `must be whole seconds from 1 to ${MOST_SECONDS}`;
const seconds = z
  .union([z.int({ error: SECONDS_RULE }), z.string().regex(/^\d{1,12}$/, SECONDS_RULE)], { error: SECONDS_RULE })
  .transform(Number)
  .refine((value) => value >= 1 && value <= MOST_SECONDS, SECONDS_RULE)
  .meta({ description: `seconds from now at which the new URLs end, 1 to ${MOST_SECONDS}`, example: 86400 });

/** A switch: absent and 0 are off, 1 and true are on. */
const onOff = z
  .union([z.enum(['0', '1', 'false', 'true']), z.boolean()], { error: 'must be 1 or 0' })
  .transform((value) => value === '1' || value === 'true' || value === true);

export const engine = z.enum(['ignition', 'legacy'], { error: 'must be ignition or legacy' }).meta({
  description: '`ignition`: Flatcar since 2022; `legacy`: Ignition 0.36, spec 2 appended',
});

export const machineParams = z.object({
  id: name
    .refine((id) => !RESERVED.includes(id), { error: ({ input }) => `${String(input)} is reserved` })
    .meta({ description: 'the machine', example: 'vm-1' }),
});

export const profileParams = z.object({ name: name.meta({ description: 'the profile', example: 'web' }) });

const FORMATS = ['butane', 'ct', 'ignition'] as const;

/** What a body is written in, as far as the query says it. */
export const formatQuery = z.object({
  format: z
    .enum(FORMATS, { error: `must be one of ${FORMATS.join(', ')}` })
    .optional()
    .meta({ description: 'what the body is written in, where it does not say so itself' }),
  platform: z.string().optional().meta({ description: "for ct's dynamic data", example: 'ec2' }),
  lenient: onOff.optional().meta({ description: 'unknown keys of YAML are passed over' }),
});

/** The query of a PUT of a machine; channel, board and version are what iPXE boots. */
export const machineQuery = formatQuery.extend({
  profile: z
    .union([z.literal(''), name], { error: NAME_RULE })
    .optional()
    .meta({ description: 'absent: none', example: 'web' }),
  expires_in: seconds.optional(),
  channel: z.string().optional().meta({ description: 'for iPXE; stable where there is one' }),
  board: z.string().optional().meta({ description: 'for iPXE; amd64-usr where there is one' }),
  version: z.string().optional().meta({ description: 'for iPXE; current' }),
});

export const changeQuery = z.object({
  dry_run: onOff.optional().meta({ description: '1: nothing is stored; which machines would break is told' }),
  force: onOff.optional().meta({ description: '1: stored though machines would break' }),
  cursor: z.string().optional().meta({ description: 'where a dry run goes on looking at machines' }),
});

export const profilePartQuery = changeQuery.extend(formatQuery.shape);

export const engineBody = z.object({ engine }).meta({ id: 'Engine' });

export const tokenBody = z
  .object({ revoke: onOff.optional(), expires_in: seconds.optional() })
  .meta({ id: 'NewToken', description: '`revoke` ends the older URLs', example: { revoke: true } });

export const pageQuery = z.object({ cursor: z.string().optional() });
export const machinesQuery = pageQuery.extend({
  prefix: z.string().optional().meta({ description: 'only machines whose ids begin with it' }),
});

export const validateQuery = z.object({ engine: engine.optional() });
export const transpileQuery = z.object({
  from: z.enum(['butane', 'ct'], { error: 'must be butane or ct' }),
  platform: z.string().optional(),
  strict: onOff.optional().meta({ description: '1: any warning is an error' }),
});
export const schemaParams = z.object({ version: z.string().meta({ example: '3.4.0' }) });

export const mergeBody = z
  .object({
    parent: z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .meta({ description: 'a config, or the text of one' }),
    child: z.union([z.string(), z.record(z.string(), z.unknown())]),
    engine: engine.optional(),
  })
  .meta({ id: 'Merge' });
