/**
 * Gives identities of a fleet to machines. An identity is given before the machine's record names it, for a generation of that record.
 * Until the record has reached that generation, the identity is on its way, for a while; after that, only what the record names counts.
 * So who fails in the middle stands in nobody's way for long, and nobody's record loses what it names.
 */
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import { badField, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import type { Given } from './records/identities.ts';
import { allOf, type IdentityKind } from './records/identity-values.ts';
import type { Machine } from './records/model.ts';
import type { MachineSettings } from './settings.ts';

/** A record is written within seconds of its identities: each call of a store ends, and a write makes few attempts. */
const ON_ITS_WAY_MS = 120_000;
const ATTEMPTS = 3;
/** Of one machine at once; each stands in the metadata of an object. */
const MOST_WRITERS = 50;

interface Identity {
  readonly fleet: string;
  readonly kind: IdentityKind;
  readonly value: string;
}

/**
 * Returns whether the machine that an identity was given to has it: its record `names` it, may name it in a moment, or does `not`.
 * `now` is in milliseconds since the epoch.
 */
export function holding(
  given: Given,
  record: Machine | undefined,
  identity: Identity,
  now: number,
): 'named' | 'on its way' | 'not' {
  if (isNamed(record, identity)) return 'named';
  return (record?.generation ?? 0) < given.generation && isFresh(given, now) ? 'on its way' : 'not';
}

const isFresh = ({ at }: Given, now: number): boolean => now - at < ON_ITS_WAY_MS;

const isNamed = (record: Machine | undefined, { fleet, kind, value }: Identity): boolean =>
  record?.deletedAt === null && record.fleet === fleet && record.identities?.[kind].includes(value) === true;

/** An identity that was given for a record that is not written yet. */
export interface Claimed extends Identity {
  readonly machine: string;
  readonly generation: number;
  readonly writer: string;
}

/**
 * Gives a machine its identities, for the generation of its record that is to be written, or says which other machine has one.
 * What was given is added to `made`, also where it fails on the way.
 */
export async function claimIdentities(
  ports: MachinePorts,
  claimant: Claimant,
  { fleet, identities }: Pick<MachineSettings, 'fleet' | 'identities'>,
  made: Claimed[],
): Promise<Result<undefined, OperatorFault>> {
  if (fleet === null) return ok(undefined);
  const there = await isThere(ports, fleet, claimant.record);
  if (!there.ok) return there;
  const all = allOf(identities).map(([kind, value]) => ({ fleet, kind, value }));
  const free = await Promise.all(all.map((identity) => isFree(ports, claimant.id, identity)));
  for (const one of free) if (!one.ok) return one;
  for (const [at, identity] of all.entries()) {
    const claimed = await claim(ports, claimant, identity, free[at]);
    if (!claimed.ok) return claimed;
    if (claimed.value !== undefined) made.push(claimed.value);
  }
  return ok(undefined);
}

/**
 * Gives back what was given for a record that will not be written. Another write of the same machine keeps it, and so does a record
 * that was written though the store did not say so.
 */
export async function giveBack(ports: MachinePorts, made: readonly Claimed[]): Promise<void> {
  const [first] = made;
  if (first === undefined) return;
  const record = await machineDocument(ports, first.machine).read();
  if (!record.ok) return;
  for (const claimed of made) if (!isNamed(record.value?.value, claimed)) await giveBackOne(ports, claimed);
}

/** A fault leaves it on its way, which ends by itself. */
async function giveBackOne(
  { identities }: Pick<MachinePorts, 'identities'>,
  { fleet, kind, value, machine, generation, writer }: Claimed,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const given = await identities.read(fleet, kind, value);
    if (!given.ok || given.value === undefined) return;
    const isOwn = given.value.machine === machine && given.value.generation === generation;
    if (!isOwn || !given.value.writers.includes(writer)) return;
    const writers = given.value.writers.filter((other) => other !== writer);
    const to = { machine, generation: writers.length === 0 ? 0 : generation, writers };
    const written = await identities.write(fleet, kind, value, to, given.value.etag);
    if (!written.ok || written.value) return;
  }
}

/** A machine whose fleet was deleted can still be changed. */
async function isThere(
  { current }: MachinePorts,
  fleet: string,
  record: Machine | undefined,
): Promise<Result<undefined, OperatorFault>> {
  if (record?.deletedAt === null && record.fleet === fleet) return ok(undefined);
  const found = await current.fleet(fleet);
  if (!found.ok) return found;
  const isMissing = found.value === undefined || found.value.value.deletedAt !== null;
  return isMissing ? err(badField('fleet', `there is no fleet ${fleet}`)) : ok(undefined);
}

/** The machine that identities are given to. */
interface Claimant {
  readonly id: string;
  /** That of the record that will name them. */
  readonly generation: number;
  /** The record that is there. What it names stays given. */
  readonly record: Machine | undefined;
  /** Names this write among others of the same machine. */
  readonly writer: string;
}

type Free = Result<Given | undefined, OperatorFault>;

/** Returns what was given, where the machine may have it now. */
async function isFree(ports: MachinePorts, id: string, identity: Identity): Promise<Free> {
  const { fleet, kind, value } = identity;
  const given = await ports.identities.read(fleet, kind, value);
  if (!given.ok || given.value === undefined || given.value.machine === id) return given;
  const { machine } = given.value;
  const record = await machineDocument(ports, machine).read();
  if (!record.ok) return record;
  return holding(given.value, record.value?.value, identity, ports.platform.now()) === 'not'
    ? given
    : err({ reason: 'identity-taken', identity: `${kind} ${value}`, machine });
}

async function claim(
  ports: MachinePorts,
  { id, generation, record, writer }: Claimant,
  identity: Identity,
  first: Free | undefined,
): Promise<Result<Claimed | undefined, OperatorFault>> {
  const { fleet, kind, value } = identity;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const given = (attempt === 0 ? first : undefined) ?? (await isFree(ports, id, identity));
    if (!given.ok) return given;
    const isOwn = given.value?.machine === id;
    if (isOwn && given.value?.generation !== 0 && isNamed(record, identity)) return ok(undefined);
    const now = ports.platform.now();
    // Writes that are over for long have said nothing, and will not.
    const isShared = isOwn && given.value?.generation === generation && isFresh(given.value, now);
    const others = isShared ? (given.value?.writers ?? []).filter((other) => other !== writer) : [];
    if (others.length >= MOST_WRITERS) return err({ reason: 'conflict' });
    const to = { machine: id, generation, writers: [...others, writer] };
    const written = await ports.identities.write(fleet, kind, value, to, given.value?.etag);
    if (!written.ok) return written;
    if (written.value) return ok({ ...identity, machine: id, generation, writer });
  }
  return err({ reason: 'conflict' });
}
