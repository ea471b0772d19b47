/**
 * The zod schemas of what the calls about machines and profiles take. The routes check requests with them, and the API
 * document is made from them. No I/O.
 */
import * as z from 'zod';
import { engine, formatQuery, onOff, yesNo } from '../../configs/call-requests.ts';
import { readerNamed } from '../../ignition/reader.ts';
import { kernelArgFault, MOST_KERNEL_BYTES } from '../boot/kernel-args.ts';
import { MACHINE_STATES } from '../boot/state.ts';
import { NAME, RESERVED } from '../records/model.ts';
import { declaredVars, machineSaysPatch, machineSaysQuery, nullable, VARS_RULE } from './machine-parameters.ts';

/** Ten years. A longer time is a mistake, or means never: then `expires_in` is left out. */
const MOST_SECONDS = 10 * 366 * 24 * 3600;

const NAME_RULE = 'must be 1 to 128 letters, digits, ".", "_" or "-", beginning with a letter or a digit';

/** A machine's id or a profile's name. */
const name = z.string({ error: NAME_RULE }).regex(NAME, NAME_RULE);

const SECONDS_RULE = `must be whole seconds from 1 to ${MOST_SECONDS}`;
export const wholeSeconds = z
  .int({ error: SECONDS_RULE })
  .min(1, SECONDS_RULE)
  .max(MOST_SECONDS, SECONDS_RULE)
  .meta({ example: 86400 });
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

const NUMBER_RULE = 'must be a number of the list';
export const urlParams = z.object({
  ...machineParams.shape,
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, NUMBER_RULE)
    .transform(Number)
    .meta({ example: '1' }),
});

export const profileParams = z.object({ name: name.meta({ description: 'the profile', example: 'web' }) });

export const changeParams = profileParams.extend({
  change: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id of a check')
    .meta({ description: 'the id of a check', example: '999998230456789-k3VbX0aQ' }),
});

const IGNITION_RULE = 'must be a version of Ignition, such as 2.24.0';
const ignition = z
  .string({ error: IGNITION_RULE })
  .refine((text) => readerNamed(text).ok, IGNITION_RULE)
  .meta({ description: 'the version of Ignition that reads the config', example: '2.24.0' });

const KERNEL_RULE = 'must be a list of kernel arguments, such as console=ttyS0';
const kernelArg = z.string({ error: KERNEL_RULE }).superRefine((text, context) => {
  const fault = kernelArgFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

/** The arguments that the kernel gets, in order. */
export const kernelArgs = z
  .array(kernelArg, { error: KERNEL_RULE })
  .superRefine((args, context) => {
    const bytes = args.join(' ').length;
    if (bytes <= MOST_KERNEL_BYTES) return;
    const message = `have ${bytes} bytes together, and at most ${MOST_KERNEL_BYTES} go into the kernel's command line`;
    context.addIssue({ code: 'custom', message });
  })
  .meta({ example: ['console=ttyS0,115200', 'flatcar.oem.id=openstack'] });

const VERSION_RULE = 'must be MAJOR.CHANNEL.PATCH, current or current-YYYY';

/** The query of a PUT of a machine. `channel`, `board` and `version` name the release that iPXE boots. */
export const machineQuery = formatQuery.extend({
  profile: z
    .union([z.literal(''), name], { error: NAME_RULE })
    .optional()
    .meta({ description: 'one of them; absent: none', example: 'web' }),
  ...machineSaysQuery,
  expires_in: seconds.optional(),
  channel: z.string({ error: 'must be a channel' }).optional().meta({
    description: 'for boot scripts; stable where there is one',
  }),
  board: z.string({ error: 'must be a board' }).optional().meta({
    description: 'for boot scripts; amd64-usr where there is one',
  }),
  version: z.string({ error: VERSION_RULE }).optional().meta({ description: 'for boot scripts; current' }),
  ignition: z
    .union([z.literal(''), ignition], { error: IGNITION_RULE })
    .optional()
    .meta({
      description: 'the version of Ignition that reads the config; absent: that of the release',
      example: '2.24.0',
    }),
  kernel_arg: kernelArgs.optional().meta({
    description: 'an argument for the kernel, behind those of the profile; it may be given several times',
    example: ['console=ttyS0,115200'],
  }),
});

/** The body of a PATCH of a machine: a JSON merge patch (RFC 7396). What is absent stays, and `null` takes away. */
export const machinePatch = z
  .strictObject({
    profile: nullable(name, NAME_RULE).meta({ description: 'one of them; null: none', example: 'web' }),
    ...machineSaysPatch,
    ignition: nullable(ignition, IGNITION_RULE).meta({ description: 'null: that of the release', example: '2.24.0' }),
    channel: z.string({ error: 'must be a channel' }).optional(),
    board: z.string({ error: 'must be a board' }).optional(),
    version: z.string({ error: VERSION_RULE }).optional(),
    kernelArgs: nullable(kernelArgs, KERNEL_RULE).meta({ description: 'all of them, in order; null: none' }),
    expiresIn: nullable(wholeSeconds, SECONDS_RULE).meta({
      description: 'makes new URLs; null: ones that never expire',
    }),
  })
  .refine(({ profile, profiles }) => profile === undefined || profiles === undefined, {
    path: ['profile'],
    error: 'is one of profiles: give one of the two',
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error:
      'has nothing to change: give one of profiles, hostname, sshAuthorizedKeys, vars, attributes, labels, fleet, mac, uuid, serial, asset, once, window, ignition, channel, board, version, kernelArgs, expiresIn',
  })
  .meta({ id: 'MachinePatch', example: { profile: 'web', version: 'current' } });

/** Whom a change of a profile concerns, and how far it goes. */
export const changeQuery = z.object({
  force: onOff.optional().meta({ description: '1: stored though machines would break' }),
  cursor: z.string().optional().meta({ description: 'where a dry run goes on looking at machines' }),
});

export const profilePartQuery = changeQuery.extend(formatQuery.shape);

export const previewQuery = formatQuery.extend({
  profile: name.meta({ description: "one of the machine's profiles", example: 'web' }),
  layer: z
    .enum(['base', 'default'], { error: 'must be base or default' })
    .meta({ description: 'what the body takes the place of' }),
});

const settings = {
  ignition: nullable(ignition, IGNITION_RULE).meta({
    description: 'for its machines that name none; null: that of their release',
  }),
  metadataUnit: z.boolean({ error: 'must be true or false' }).optional().meta({
    description: 'true: its machines write their metadata to /run/metadata/flatcar',
  }),
  cloudInit: z.enum(['on', 'off'], { error: 'must be on or off' }).optional().meta({
    description: 'off: a cloud-config is not fetched unless the default does it',
  }),
  kernelArgs: nullable(kernelArgs, KERNEL_RULE).meta({
    description: 'what the kernels of its machines get; null: none',
  }),
  vars: nullable(declaredVars, VARS_RULE).meta({
    description:
      'the variables that base and default may hold as {{name}}, with their defaults; null of one: each machine must say it',
    example: { rack: '7', join_token: null },
  }),
};
const SETTINGS_EXAMPLE = {
  ...{ engine: 'ignition', ignition: '2.24.0', cloudInit: 'on', kernelArgs: ['flatcar.oem.id=openstack'] },
};

/** The body of a PUT of a profile. It replaces all settings; what is absent has its default. Base and default stay. */
export const profileBody = z
  .strictObject({ engine, ...settings })
  .meta({ id: 'ProfileSettings', example: SETTINGS_EXAMPLE });

/** The body of a PATCH of a profile: a JSON merge patch of its settings. */
export const profilePatch = z
  .strictObject({ engine: engine.optional(), ...settings })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'has nothing to change: give one of engine, ignition, cloudInit, metadataUnit, kernelArgs, vars',
  })
  .meta({ id: 'ProfilePatch', example: { ignition: '2.24.0' } });

export const tokenBody = z
  .strictObject({
    revoke: yesNo.optional(),
    expiresIn: nullable(wholeSeconds, SECONDS_RULE).meta({
      description: 'seconds from now; absent: when the URLs before them end; null: never',
    }),
  })
  .meta({ id: 'NewToken', description: '`revoke` ends the older URLs', example: { revoke: true, expiresIn: 86400 } });

export const pageQuery = z.object({
  cursor: z.string().optional().meta({ description: 'the `cursor` of the page before' }),
});
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

const STATES_RULE = `must be one or more of ${MACHINE_STATES.join(', ')}, by comma`;

export const machinesQuery = pageQuery.extend({
  profile: z
    .union([z.literal(''), name], { error: NAME_RULE })
    .optional()
    .meta({
      description: 'only machines that name this profile; empty: those of none',
      example: 'web',
    }),
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(MACHINE_STATES, { error: STATES_RULE })))
    .optional()
    .meta({ description: `by comma: ${MACHINE_STATES.join(', ')}`, example: 'stale,never-booted' }),
  prefix: z.string().optional().meta({ description: 'only machines whose ids begin with it' }),
  fleet: z.string().optional().meta({ description: 'only machines of this fleet; empty: those of none' }),
  'label.NAME': z.string().optional().meta({
    description: 'only machines that have this label with this value; NAME is any name',
    example: '7',
  }),
});
