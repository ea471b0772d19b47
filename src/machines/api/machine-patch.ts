/** What a PATCH of a machine changes, and what a PUT of one has taken away. No I/O. */
import * as z from 'zod';
import { err, ok, type Result } from '../../shared/result.ts';
import type { MachinePatch } from '../amend.ts';
import { badField, type OperatorFault } from '../problems.ts';
import { allOf, type Identities } from '../records/identity-values.ts';
import { type Machine, profilesOf } from '../records/model.ts';
import type { MachineSettings } from '../settings.ts';
import type { machinePatch } from './call-requests.ts';
import { attributes, labels, vars } from './machine-parameters.ts';
import { checkPlace, identitiesOf, type Offered, readShape } from './machine-request.ts';

type Body = z.output<typeof machinePatch>;

/** Returns what a JSON merge patch (RFC 7396) makes of the settings that are there. */
export function patchOf(settings: MachineSettings, body: Body, offered: Offered): Result<MachinePatch, OperatorFault> {
  const { profile, profiles, sshAuthorizedKeys, kernelArgs, hostname, ignition, expiresIn, window } = body;
  const place = placeOf(settings, body, offered);
  if (!place.ok) return place;
  const merged = (field: 'vars' | 'attributes' | 'labels') =>
    body[field] === undefined ? undefined : patched(settings[field], body[field]);
  // The rules hold for what there is afterwards.
  const said = readShape(afterPatch, {
    ...{ vars: merged('vars'), attributes: merged('attributes'), labels: merged('labels') },
  });
  if (!said.ok) return said;
  const identities = identitiesAfter(settings, body);
  const fleet = body.fleet === undefined ? settings.fleet : body.fleet;
  if (fleet === null && allOf(identities).length > 0)
    return err(
      badField('fleet', 'is missing: a machine is known by an identity in a fleet; null for each takes them away'),
    );
  return ok({
    ...{ hostname, ignition, expiresIn, fleet, identities, window },
    once: body.once === null ? false : body.once,
    profiles: profiles === undefined ? (profile === undefined ? undefined : namesIn(profile)) : (profiles ?? []),
    sshAuthorizedKeys: sshAuthorizedKeys === null ? [] : sshAuthorizedKeys,
    ...said.value,
    kernelArgs: kernelArgs === null ? [] : kernelArgs,
    ...place.value,
  });
}

/** An identity that is not named stays. */
function identitiesAfter({ identities }: MachineSettings, { mac, uuid, serial, asset }: Body): Identities {
  const kept = (kind: 'uuid' | 'serial' | 'asset', said: string | null | undefined) =>
    said === undefined ? identities[kind][0] : said;
  return identitiesOf({
    mac: mac === undefined ? identities.mac : (mac ?? []),
    ...{ uuid: kept('uuid', uuid), serial: kept('serial', serial), asset: kept('asset', asset) },
  });
}

const afterPatch = z.object({ vars: vars.optional(), attributes: attributes.optional(), labels: labels.optional() });

/** What the operator has not named stays, though the configuration may offer it no more. */
function placeOf(settings: MachineSettings, body: Body, offered: Offered) {
  const { channel = settings.channel, board = settings.board, version = settings.version } = body;
  const isNamed = [body.channel, body.board, body.version].some((value) => value !== undefined);
  return isNamed ? checkPlace({ channel, board, version }, offered) : ok({});
}

/** Returns texts by names after a merge patch. */
function patched(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>> | null,
): Record<string, string> {
  const merged = new Map(Object.entries(change === null ? {} : before));
  for (const [name, value] of Object.entries(change ?? {})) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** Returns the names that one profile gives; `null` gives none. */
export const namesIn = (profile: string | null): string[] => (profile === null ? [] : [profile]);

/** Returns what whoever replaces a machine may not have meant to take away. */
export function takenAway(before: Machine | undefined, after: Machine): string[] {
  if (before === undefined || before.deletedAt !== null) return [];
  const warnings: string[] = [];
  const isLost = (had: number, has: number) => had > 0 && has === 0;
  const hint = 'PUT replaces, PATCH changes a part';
  const [had, has] = [profilesOf(before), profilesOf(after)];
  const gone = had.filter((name) => !has.includes(name));
  if (gone.length > 0)
    warnings.push(`the machine had the profile ${gone.join(', ')} and has ${has.join(', ') || 'none'} now: ${hint}`);
  if ((before.fleet ?? null) !== null && (after.fleet ?? null) === null)
    warnings.push(`the machine was of the fleet ${before.fleet} and is of none now: ${hint}`);
  if (before.kind !== 'none' && after.kind === 'none')
    warnings.push('the machine had user data and has none now: PUT replaces, PATCH leaves the user data');
  if (before.once === true && after.once !== true)
    warnings.push(`the machine was for one boot, and its URLs answer always now: ${hint}`);
  if ((before.window ?? null) !== null && (after.window ?? null) === null)
    warnings.push(`the machine was open for a while only, and its URLs answer always now: ${hint}`);
  if ((before.hostname ?? null) !== null && (after.hostname ?? null) === null)
    warnings.push(`the machine had the hostname ${before.hostname} and has none now: ${hint}`);
  if (isLost((before.sshAuthorizedKeys ?? []).length, (after.sshAuthorizedKeys ?? []).length))
    warnings.push(`the machine had SSH keys and has none now: ${hint}`);
  if ((before.vars ?? null) !== null && (after.vars ?? null) === null)
    warnings.push(`the machine had variables and has none now: ${hint}`);
  for (const field of ['attributes', 'labels'] as const)
    if (isLost(Object.keys(before[field] ?? {}).length, Object.keys(after[field] ?? {}).length))
      warnings.push(`the machine had ${field} and has none now: ${hint}`);
  if ((before.ignition ?? null) !== null && (after.ignition ?? null) === null)
    warnings.push(`the machine named Ignition ${before.ignition} and names none now`);
  if (isLost((before.kernelArgs ?? []).length, (after.kernelArgs ?? []).length))
    warnings.push(`the machine had kernel arguments and has none now: ${hint}`);
  return warnings;
}
