/** The zod schemas of a machine's own parameters, as query of its PUT and as JSON of its PATCH. No I/O. */
import * as z from 'zod';
import { onOff } from '../../configs/call-requests.ts';
import { hostnameFault, sshKeyFault } from '../layers/identity-rules.ts';
import {
  attributeFault,
  labelFault,
  MOST_ATTRIBUTES_BYTES,
  MOST_LABELS_BYTES,
  MOST_VALUES_BYTES,
  MOST_VARIABLES,
  variableNameFault,
} from '../layers/variable-rules.ts';
import { type IdentityKind, identityValue } from '../records/identity-values.ts';
import { NAME } from '../records/model.ts';

/** More layers than this are a mistake. */
const MOST_PROFILES = 16;
const MOST_KEYS = 64;
const EXAMPLE_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHlJ0kKmUd9P0Cx8x1UoTj0b1S0d3m0h0u0b5t0u7c0N name';

const PROFILES_RULE = `must be names of profiles, each once, at most ${MOST_PROFILES}`;
/** A list of profiles, without one twice. */
const profileList = (names: readonly string[]): boolean =>
  names.length <= MOST_PROFILES && new Set(names).size === names.length && names.every((text) => NAME.test(text));
/** In a query they are one text. */
const profilesText = z
  .string({ error: PROFILES_RULE })
  .transform((text) => (text === '' ? [] : text.split(',')))
  .refine(profileList, PROFILES_RULE)
  .meta({ description: 'by comma, in the order in which their bases are merged', example: 'base,web' });
export const profilesJson = z
  .array(z.string({ error: PROFILES_RULE }), { error: PROFILES_RULE })
  .refine(profileList, PROFILES_RULE)
  .meta({ description: 'in the order in which their bases are merged; null: none', example: ['base', 'web'] });

export const hostname = z.string({ error: 'must be a host name' }).superRefine((text, context) => {
  const fault = hostnameFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const KEYS_RULE = `must be at most ${MOST_KEYS} public keys, as authorized_keys has them`;
const sshKey = z.string({ error: KEYS_RULE }).superRefine((text, context) => {
  const fault = sshKeyFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});
export const sshAuthorizedKeys = z
  .array(sshKey, { error: KEYS_RULE })
  .max(MOST_KEYS, KEYS_RULE)
  .refine((keys) => keys.join().length <= MOST_VALUES_BYTES, KEYS_RULE);

export const VARS_RULE = `must be names with texts, at most ${MOST_VARIABLES} of them and ${MOST_VALUES_BYTES} bytes`;
/** Values by their names. */
const valuesOf = <V extends z.ZodType>(value: V) =>
  z.record(z.string(), value, { error: VARS_RULE }).superRefine((vars, context) => {
    const names = Object.keys(vars);
    for (const name of names) {
      const fault = variableNameFault(name);
      if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: `${name}: ${fault}` });
    }
    if (names.length > MOST_VARIABLES || JSON.stringify(vars).length > MOST_VALUES_BYTES)
      context.addIssue({ code: 'custom', message: VARS_RULE });
  });
export const vars = valuesOf(z.string({ error: 'must be a text' }));
export const declaredVars = valuesOf(z.union([z.string(), z.null()], { error: 'must be a text, or null' }));

const PAIRS_RULE = 'must be NAME=VALUE, each name once';
const nameIn = (text: string): string => text.slice(0, text.indexOf('='));
/** In a query each is one text. */
const pairs = z
  .array(z.string({ error: PAIRS_RULE }), { error: PAIRS_RULE })
  .refine(
    (texts) => new Set(texts.map(nameIn)).size === texts.length && texts.every((text) => text.includes('=')),
    PAIRS_RULE,
  )
  .transform((texts) => Object.fromEntries(texts.map((text) => [nameIn(text), text.slice(text.indexOf('=') + 1)])));

/** Texts by names, each of which has its rule. */
const ruled = (faultOf: (name: string, value: string) => string | undefined, mostBytes: number) =>
  z
    .record(z.string(), z.string({ error: 'must be a text' }), { error: 'must be names with texts' })
    .superRefine((all, context) => {
      for (const [name, value] of Object.entries(all)) {
        const fault = faultOf(name, value);
        if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: `${name}: ${fault}` });
      }
      const bytes = JSON.stringify(all).length;
      if (bytes > mostBytes)
        context.addIssue({ code: 'custom', message: `have ${bytes} bytes together, and may have ${mostBytes}` });
    });
export const attributes = ruled(attributeFault, MOST_ATTRIBUTES_BYTES);
export const labels = ruled(labelFault, MOST_LABELS_BYTES);
/** A patch names those that change; null takes one away. */
const orNulls = z.record(z.string(), z.union([z.string(), z.null()], { error: 'must be a text, or null' }), {
  error: 'must be names with texts',
});

/** Returns a schema that takes null as well, and may be absent. */
export const nullable = <S extends z.ZodType>(schema: S, error: string) =>
  z.union([schema, z.null()], { error }).optional();

const MOST_MACS = 16;
const IDENTITY_RULES: Readonly<Record<IdentityKind, string>> = {
  mac: 'must be the address of a network card, such as 52:54:00:12:34:56',
  uuid: 'must be a UUID of its own: many machines have this one, or it is none',
  serial: 'must be 1 to 64 characters of printable ASCII that are its own',
  asset: 'must be 1 to 64 characters of printable ASCII that are its own',
};
/** An identity in its one spelling. */
const identity = (kind: IdentityKind) =>
  z.string({ error: IDENTITY_RULES[kind] }).transform((text, context) => {
    const value = identityValue(kind, text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: IDENTITY_RULES[kind] });
    return z.NEVER;
  });
const MACS_RULE = `must be at most ${MOST_MACS} addresses of network cards, each once`;
export const macs = z
  .array(identity('mac'), { error: MACS_RULE })
  .max(MOST_MACS, MACS_RULE)
  .refine((all) => new Set(all).size === all.length, MACS_RULE);
const fleetName = z.string({ error: 'must be the name of a fleet' }).regex(NAME, 'must be the name of a fleet');
const orEmpty = <S extends z.ZodType>(schema: S) => z.union([z.literal(''), schema]).optional();

/** By what a fleet knows a machine; the rules of each alone are those of an identity. */
export const identityFields = { uuid: identity('uuid'), serial: identity('serial'), asset: identity('asset') };

const WINDOW_RULE = 'must be whole seconds from 60 to 2592000';
export const windowSeconds = z.int({ error: WINDOW_RULE }).min(60, WINDOW_RULE).max(2_592_000, WINDOW_RULE);
const ONCE =
  'true: its config is for one boot. 15 minutes after the first answer, or with the call of `/done`, its URLs are 410';
const WINDOW = 'for how many seconds after the machine was armed its URLs answer';

/** Those of the query of a PUT. */
export const machineSaysQuery = {
  profiles: profilesText.optional(),
  hostname: z
    .union([z.literal(''), hostname], { error: 'must be a host name' })
    .optional()
    .meta({
      description: 'for /etc/hostname; absent: none',
      example: 'node-1',
    }),
  ssh_authorized_key: sshAuthorizedKeys.optional().meta({
    description: 'a public key for the user core; it may be given several times',
    example: [EXAMPLE_KEY],
  }),
  vars: pairs
    .pipe(vars)
    .optional()
    .meta({
      description: 'NAME=VALUE of a variable of its profiles; it may be given several times',
      example: ['rack=7'],
    }),
  attribute: pairs
    .pipe(attributes)
    .optional()
    .meta({
      description: 'NAME=VALUE of what its metadata service says; it may be given several times',
      example: ['local_ipv4=10.0.0.7', 'region=eu'],
    }),
  fleet: orEmpty(fleetName).meta({ description: 'by whose URL it may boot too; absent: none', example: 'room-1' }),
  mac: macs.optional().meta({
    description: 'by which its fleet knows it; it may be given several times',
    example: ['52:54:00:12:34:56'],
  }),
  uuid: identityFields.uuid.optional().meta({ description: 'by which its fleet knows it' }),
  serial: identityFields.serial.optional().meta({ description: 'by which its fleet knows it' }),
  asset: identityFields.asset.optional().meta({ description: 'by which its fleet knows it' }),
  once: onOff.optional().meta({ description: ONCE }),
  window: z
    .string()
    .regex(/^\d{1,8}$/, WINDOW_RULE)
    .transform(Number)
    .pipe(windowSeconds)
    .optional()
    .meta({ description: `${WINDOW}; absent: always`, example: '3600' }),
  label: pairs
    .pipe(labels)
    .optional()
    .meta({
      description: 'NAME=VALUE by which lists find it; it may be given several times',
      example: ['rack=7'],
    }),
};

const CHANGE = 'those that are named change; null of one takes it away, and null of all takes all away';

/** Those of the body of a PATCH. */
export const machineSaysPatch = {
  profiles: nullable(profilesJson, PROFILES_RULE),
  hostname: nullable(hostname, 'must be a host name').meta({ description: 'null: none', example: 'node-1' }),
  sshAuthorizedKeys: nullable(sshAuthorizedKeys, KEYS_RULE).meta({ description: 'all of them; null: none' }),
  vars: nullable(orNulls, VARS_RULE).meta({ description: CHANGE }),
  attributes: nullable(orNulls, 'must be names with texts').meta({ description: CHANGE }),
  labels: nullable(orNulls, 'must be names with texts').meta({ description: CHANGE }),
  fleet: nullable(fleetName, 'must be the name of a fleet').meta({ description: 'null: none', example: 'room-1' }),
  mac: nullable(macs, MACS_RULE).meta({ description: 'all of them; null: none' }),
  uuid: nullable(identityFields.uuid, IDENTITY_RULES.uuid),
  serial: nullable(identityFields.serial, IDENTITY_RULES.serial),
  asset: nullable(identityFields.asset, IDENTITY_RULES.asset),
  once: nullable(z.boolean(), 'must be true, false or null').meta({ description: ONCE }),
  window: nullable(windowSeconds, WINDOW_RULE).meta({ description: `${WINDOW}; null: always` }),
};
