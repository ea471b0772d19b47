/** A machine as a line of an export. No I/O. */
import * as z from 'zod';
import { allOf } from '../records/identity-values.ts';
import { MOST_KEPT_REVOKED } from '../records/urls.ts';
import type { MachineSettings } from '../settings.ts';
import { kernelArgs, machineParams, machineQuery } from './call-requests.ts';
import {
  attributes,
  identityFields,
  labels,
  macs,
  profilesJson,
  sshAuthorizedKeys,
  vars,
  windowSeconds,
} from './machine-parameters.ts';

const SECRET_RULE = 'must be 1 to 64 letters, digits, "_" or "-"';
export const SECRET = z.string({ error: SECRET_RULE }).regex(/^[A-Za-z0-9_-]{1,64}$/, SECRET_RULE);
const TEXT_RULE = 'must be a text or null';
const EXPIRY_RULE = 'must be seconds since 1970, or 0 for never';

/** A machine in an export: the fields of a PUT under the same rules, and the values that its URLs are made of. */
export const line = z.strictObject({
  id: machineParams.shape.id,
  profile: machineQuery.shape.profile.unwrap().nullable(),
  /** Absent for one at most. */
  profiles: profilesJson.optional(),
  hostname: machineQuery.shape.hostname,
  sshAuthorizedKeys: sshAuthorizedKeys.optional(),
  vars: vars.optional(),
  attributes: attributes.optional(),
  labels: labels.optional(),
  fleet: machineQuery.shape.fleet,
  mac: macs.optional(),
  ...{
    uuid: identityFields.uuid.optional(),
    serial: identityFields.serial.optional(),
    asset: identityFields.asset.optional(),
  },
  once: z.boolean().optional(),
  window: windowSeconds.nullable().optional(),
  arming: SECRET.optional(),
  armedAt: z.iso.datetime().optional(),
  handedOutAt: z.iso.datetime().optional(),
  doneAt: z.iso.datetime().optional(),
  source: z.enum(['butane', 'ct']).nullable().default(null),
  epoch: SECRET,
  nonce: SECRET,
  /** Of URLs that were ended one by one. */
  revoked: z.array(SECRET).max(MOST_KEPT_REVOKED).optional(),
  urls: z
    .object({
      epoch: SECRET,
      from: z.int(),
      list: z.array(z.object({ number: z.int().positive(), nonce: SECRET, at: z.string(), expiry: z.int() })).max(20),
    })
    .optional(),
  /** Seconds since 1970; 0 means never. The limit is the largest time that `Date` can hold. */
  expiry: z.int({ error: EXPIRY_RULE }).nonnegative(EXPIRY_RULE).max(8_640_000_000_000, EXPIRY_RULE),
  channel: machineQuery.shape.channel.unwrap(),
  board: machineQuery.shape.board.unwrap(),
  version: machineQuery.shape.version.unwrap(),
  ignition: machineQuery.shape.ignition,
  kernelArgs: kernelArgs.optional(),
  createdAt: z.string({ error: 'must be a date, as 2026-01-01T00:00:00.000Z' }),
  userData: z.string({ error: TEXT_RULE }).nullable(),
  sourceText: z.string({ error: TEXT_RULE }).nullable().default(null),
});

/** A machine that an export could not read. An import skips such a line and counts it. */
export const unreadableLine = z.strictObject({ unreadable: z.string(), reason: z.string() });

export type Line = z.output<typeof line>;

/** What only some machines have. An export of one that has nothing of it is as it always was. */
export function linesOf({
  profiles,
  hostname,
  sshAuthorizedKeys: keys,
  vars: values,
  attributes: ownAttributes,
  labels: ownLabels,
  fleet,
  identities,
  ignition,
  kernelArgs: args,
  once,
  window,
}: MachineSettings) {
  return {
    ...(profiles.length < 2 ? {} : { profiles: [...profiles] }),
    ...(hostname === null ? {} : { hostname }),
    ...(keys.length === 0 ? {} : { sshAuthorizedKeys: [...keys] }),
    ...(Object.keys(values).length === 0 ? {} : { vars: { ...values } }),
    ...(Object.keys(ownAttributes).length === 0 ? {} : { attributes: { ...ownAttributes } }),
    ...(fleet === null ? {} : { fleet }),
    ...(identities.mac.length === 0 ? {} : { mac: [...identities.mac] }),
    ...Object.fromEntries(allOf(identities).filter(([kind]) => kind !== 'mac')),
    ...(Object.keys(ownLabels).length === 0 ? {} : { labels: { ...ownLabels } }),
    ...(once ? { once } : {}),
    ...(window === null ? {} : { window }),
    ...(ignition === null ? {} : { ignition }),
    ...(args.length === 0 ? {} : { kernelArgs: [...args] }),
  };
}

/** Returns the value of a line; `undefined` for one that is no JSON. */
export function readLine(lineText: string): unknown {
  try {
    return JSON.parse(lineText);
  } catch {
    return undefined;
  }
}
