/** The zod schemas of what the calls about fleets take. No I/O. */
import * as z from 'zod';
import { labelFault } from '../layers/variable-rules.ts';
import { IDENTITY_KINDS, identityValue } from '../records/identity-values.ts';
import { NAME } from '../records/model.ts';
import { kernelArgs, pageQuery, wholeSeconds } from './call-requests.ts';
import {
  attributes,
  hostname,
  labels,
  nullable,
  profilesJson,
  sshAuthorizedKeys,
  vars,
  windowSeconds,
} from './machine-parameters.ts';

/** Short, because the names of the machines that it takes in begin with it. */
const MOST_NAME = 64;
const MOST_RULES = 500;
const MOST_VALUES = 1000;
const NAME_RULE = `must be 1 to ${MOST_NAME} letters, digits, ".", "_" or "-", beginning with a letter or a digit`;
const ENROL_RULE = 'must be a whole number from 1 to 10000';

export const fleetParams = z.object({
  name: z
    .string()
    .regex(NAME, NAME_RULE)
    .max(MOST_NAME, NAME_RULE)
    .meta({ description: 'the fleet', example: 'room-1' }),
});
export const waitingParams = fleetParams.extend({
  key: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be the key of a waiting machine')
    .meta({ description: 'the key of a waiting machine', example: 'mac-52-54-00-12-34-56' }),
});
export const fleetsQuery = pageQuery;

const settings = {
  profiles: profilesJson.optional(),
  vars: vars.optional().meta({ description: 'values for the variables of the profiles', example: { rack: '7' } }),
  channel: z.string({ error: 'must be a channel' }).optional(),
  board: z.string({ error: 'must be a board' }).optional(),
  version: z.string({ error: 'must be MAJOR.CHANNEL.PATCH, current or current-YYYY' }).optional(),
  kernelArgs: kernelArgs.optional(),
  once: z
    .boolean({ error: 'must be true or false' })
    .optional()
    .meta({ description: 'their configs are for one boot' }),
  window: nullable(windowSeconds, 'must be whole seconds from 60 to 2592000, or null').meta({
    description: 'for how many seconds after the first boot their URLs answer; null: always',
  }),
};

const VALUES_RULE = `must be a text, or a list of at most ${MOST_VALUES} texts`;
/** What a rule asks for, with every value as a list, and identities in their one spelling. */
const match = z
  .record(z.string(), z.union([z.string(), z.array(z.string()).min(1).max(MOST_VALUES)], { error: VALUES_RULE }), {
    error: 'must be names with values, such as {"rack": "7"}',
  })
  .transform((asked, context) => {
    const all: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(asked)) {
      const kind = IDENTITY_KINDS.find((known) => known === name);
      const values = typeof value === 'string' ? [value] : value;
      all[name] = values.map((text) => (kind === undefined ? text : (identityValue(kind, text) ?? text)));
      const bad = values.find((text) =>
        kind === undefined
          ? text === '' || labelFault(name, text) !== undefined
          : identityValue(kind, text) === undefined,
      );
      if (bad === undefined) continue;
      const message =
        kind === undefined
          ? (labelFault(name, bad) ?? 'an empty text is never claimed')
          : `${bad} is no ${kind}, or one that many have`;
      context.addIssue({ code: 'custom', path: [name], message: `${name}: ${message}` });
    }
    if (Object.keys(all).length === 0)
      context.addIssue({
        code: 'custom',
        message: 'must ask for something: the fleet itself says what everybody gets',
      });
    return all;
  })
  .meta({ example: { mac: ['52:54:00:12:34:56'], rack: '7' } });

export const fleetBody = z
  .strictObject({
    ...settings,
    expiresIn: nullable(wholeSeconds, 'must be seconds, or null').meta({
      description: 'for how long the URLs are good that it hands out; null: for ever',
    }),
    rules: z
      .array(z.strictObject({ match, ...settings }), { error: 'must be a list of rules' })
      .max(MOST_RULES, `must be at most ${MOST_RULES} rules`)
      .optional()
      .meta({ description: 'the first one that fits takes a machine in that no record knows' }),
    unknown: z
      .enum(['wait', 'enrol', 'refuse'], { error: 'must be wait, enrol or refuse' })
      .optional()
      .meta({ description: 'what becomes of a machine that no record and no rule knows; wait' }),
    enrolLimit: z
      .int({ error: ENROL_RULE })
      .min(1, ENROL_RULE)
      .max(10_000, ENROL_RULE)
      .optional()
      .meta({ description: 'the most machines that it takes in in an hour; 100' }),
  })
  .meta({ id: 'FleetWish', example: { profiles: ['web'], unknown: 'wait', kernelArgs: ['console=ttyS0,115200'] } });

export const fleetTokenBody = z
  .strictObject({ revoke: z.boolean({ error: 'must be true or false' }).optional() })
  .meta({ id: 'NewFleetUrl', description: '`revoke` ends the older URLs', example: { revoke: true } });

export const assignBody = z
  .strictObject({
    id: z
      .string()
      .regex(NAME, 'must be the id of a machine')
      .optional()
      .meta({ description: 'absent: that of the fleet and its identity' }),
    ...settings,
    hostname: hostname.optional(),
    sshAuthorizedKeys: sshAuthorizedKeys.optional(),
    attributes: attributes.optional(),
    labels: labels.optional(),
  })
  .meta({
    id: 'Assignment',
    description: 'what is absent is as the fleet says',
    example: { profiles: ['web'], hostname: 'node-1' },
  });
