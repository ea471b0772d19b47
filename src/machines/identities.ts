/**
 * Gives identities of a fleet to machines. An identity is given before the machine's record names it, so a machine whose record is
 * not there yet holds it for a while; after that, only what a record names counts.
 */
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import { badField, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import { allOf, type IdentityKind } from './records/identity-values.ts';
import type { Machine } from './records/model.ts';
import type { MachineSettings } from './settings.ts';

/** A record is written within seconds of its identities. */
export const FRESH_MS = 600_000;
const ATTEMPTS = 3;

type Named = Pick<MachineSettings, 'fleet' | 'identities'>;

/** Returns true where a record names the identity, and its machine is there. */
export const names = (machine: Machine, fleet: string, kind: IdentityKind, value: string): boolean =>
  machine.deletedAt === null && machine.fleet === fleet && machine.identities?.[kind].includes(value) === true;

/** Gives a machine its identities, or says which other machine has one. Those that it has already stay. */
export async function claimIdentities(
  ports: MachinePorts,
  id: string,
  { fleet, identities }: Named,
): Promise<Result<undefined, OperatorFault>> {
  if (fleet === null) return ok(undefined);
  const found = await ports.current.fleet(fleet);
  if (!found.ok) return found;
  if (found.value === undefined || found.value.value.deletedAt !== null)
    return err(badField('fleet', `there is no fleet ${fleet}`));
  const fresh: (readonly [IdentityKind, string])[] = [];
  for (const [kind, value] of allOf(identities)) {
    const claimed = await claim(ports, id, fleet, kind, value);
    if (claimed.ok && claimed.value) fresh.push([kind, value]);
    if (claimed.ok) continue;
    // What was given just now must not stand in anybody's way.
    for (const [given, text] of fresh) await release(ports, id, fleet, given, text);
    return claimed;
  }
  return ok(undefined);
}

/** Returns true where the machine did not have it before. */
async function claim(
  ports: MachinePorts,
  id: string,
  fleet: string,
  kind: IdentityKind,
  value: string,
): Promise<Result<boolean, OperatorFault>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const given = await ports.identities.read(fleet, kind, value);
    if (!given.ok) return given;
    const holder = given.value?.machine ?? '';
    if (holder === id) return ok(false);
    if (holder !== '') {
      const record = await machineDocument(ports, holder).read();
      if (!record.ok) return record;
      const isFresh = ports.platform.now() - (given.value?.at ?? 0) < FRESH_MS;
      const isNamed = record.value !== undefined && names(record.value.value, fleet, kind, value);
      if (isNamed || (isFresh && record.value?.value.deletedAt !== null))
        return err({ reason: 'identity-taken', identity: `${kind} ${value}`, machine: holder });
    }
    const written = await ports.identities.write(fleet, kind, value, id, given.value?.etag);
    if (!written.ok) return written;
    if (written.value) return ok(true);
  }
  return err({ reason: 'conflict' });
}

/** Takes back what a machine had before and has no more. A fault leaves an identity that no record names: it is taken over later. */
export async function releaseIdentities(
  { identities }: Pick<MachinePorts, 'identities'>,
  id: string,
  before: Named,
  after: Named | undefined,
): Promise<void> {
  if (before.fleet === null) return;
  for (const [kind, value] of allOf(before.identities)) {
    if (after?.fleet === before.fleet && after.identities[kind].includes(value)) continue;
    await release({ identities }, id, before.fleet, kind, value);
  }
}

async function release(
  { identities }: Pick<MachinePorts, 'identities'>,
  id: string,
  fleet: string,
  kind: IdentityKind,
  value: string,
): Promise<void> {
  const given = await identities.read(fleet, kind, value);
  // It stays as an object without a machine: R2 deletes nothing on a condition, and it may be another's by now.
  if (given.ok && given.value?.machine === id) await identities.write(fleet, kind, value, '', given.value.etag);
}
