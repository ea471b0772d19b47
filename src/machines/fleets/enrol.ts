/** Takes a machine into a fleet at its first boot, with what the rule or the fleet says. */
import { ok, type Result } from '../../shared/result.ts';
import { type NewMachine, writeMachine } from '../machines.ts';
import type { OperatorFault } from '../problems.ts';
import { isUnreadable } from '../records/documents.ts';
import type { FleetDefinition, FleetRule } from '../records/fleet-model.ts';
import type { FleetPorts } from './boot-fleet.ts';
import type { Claims } from './claims.ts';
import { identityName } from './identity-name.ts';

interface Newcomer {
  readonly fleet: string;
  readonly claims: Claims;
  readonly definition: FleetDefinition;
  /** The rule that fits; `undefined` where the fleet itself takes everybody. */
  readonly rule: FleetRule | undefined;
}

const HOUR_MS = 3_600_000;
/** One in so many also clears what earlier hours have left. */
const CLEARED_EVERY = 16;

/** Returns `done` once there is a machine with these identities, which may be another boot's work; `limit` when the hour is full. */
export async function enrol(ports: FleetPorts, newcomer: Newcomer): Promise<Result<'done' | 'limit', OperatorFault>> {
  const { fleet, definition } = newcomer;
  const id = await idOf(newcomer);
  const hour = new Date(Math.floor(ports.platform.now() / HOUR_MS) * HOUR_MS).toISOString().slice(0, 13);
  const isCounted = await ports.waiting.count(fleet, hour, id, definition.enrolLimit);
  if (!isCounted.ok) return isCounted;
  if (ports.platform.random() * CLEARED_EVERY < 1) ports.platform.waitUntil(ports.waiting.clearBefore(fleet, hour));
  if (!isCounted.value) {
    // Whoever invents addresses must not make the list of those that count long.
    ports.platform.waitUntil(ports.waiting.uncount(fleet, hour, id));
    return ok('limit');
  }
  // Two first boots of one machine come to the same name, and only one of them creates it.
  const isAbsent: Parameters<typeof writeMachine>[3] = async (current) => {
    const isThere = current !== undefined && (isUnreadable(current.value) || current.value.deletedAt === null);
    return isThere ? 'it is there' : undefined;
  };
  const written = await writeMachine(ports, id, machineOf(newcomer), isAbsent);
  if (written.ok) return ok('done');
  const isOthers = written.error.reason === 'precondition' || written.error.reason === 'identity-taken';
  // A machine that cannot be made must not take the place of one that can. One whose record may be there keeps its place.
  if (!isOthers && written.error.reason !== 'store-unreachable') await ports.waiting.uncount(fleet, hour, id);
  return isOthers ? ok('done') : written;
}

/** Returns the name of a machine that is taken in, `{fleet}-{mac}`: the same at each boot. */
export async function idOf({ fleet, claims }: Pick<Newcomer, 'fleet' | 'claims'>): Promise<string> {
  const named = await identityName(claims);
  return `${fleet}-${named?.name ?? ''}`;
}

/** Returns what it gets. What a rule says takes the place of what the fleet says; its variables are added. */
export function machineOf({ fleet, claims, definition, rule }: Newcomer): NewMachine {
  const {
    profiles,
    channel,
    board,
    version,
    kernelArgs,
    once = false,
    window = null,
  } = { ...definition, ...given(rule ?? {}) };
  const { mac = [], uuid = [], serial = [], asset = [] } = claims.identities;
  return {
    ...{ profiles, channel, board, version, kernelArgs, ignition: null },
    ...{ vars: { ...definition.vars, ...rule?.vars }, hostname: null, sshAuthorizedKeys: [], attributes: {} },
    ...{ fleet, labels: claims.labels, once, window },
    identities: { mac, uuid, serial, asset },
    ...{ kind: 'none', source: null, text: '', sourceText: undefined, expiresIn: undefined },
  };
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
