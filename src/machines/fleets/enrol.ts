/** Takes a machine into a fleet at its first boot, with what the rule or the fleet says. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type NewMachine, writeMachine } from '../machines.ts';
import type { OperatorFault } from '../problems.ts';
import { isUnreadable } from '../records/documents.ts';
import type { FleetDefinition, FleetRule } from '../records/fleet-model.ts';
import { IDENTITY_KINDS } from '../records/identity-values.ts';
import type { FleetPorts } from './boot-fleet.ts';
import type { Claims } from './claims.ts';

interface Newcomer {
  readonly fleet: string;
  readonly claims: Claims;
  readonly definition: FleetDefinition;
  /** The rule that fits; `undefined` where the fleet itself takes everybody. */
  readonly rule: FleetRule | undefined;
}

const HOUR_MS = 3_600_000;
const ATTEMPTS = 5;

/** Returns `done` once there is a machine with these identities, which may be another boot's work; `limit` when the hour is full. */
export async function enrol(ports: FleetPorts, newcomer: Newcomer): Promise<Result<'done' | 'limit', OperatorFault>> {
  const counted = await countOne(ports, newcomer.fleet, newcomer.definition.enrolLimit);
  if (!counted.ok || !counted.value) return counted.ok ? ok('limit') : counted;
  // Two first boots of one machine come to the same name, and only one of them creates it.
  const isAbsent: Parameters<typeof writeMachine>[3] = async (current) => {
    const isThere = current !== undefined && (isUnreadable(current.value) || current.value.deletedAt === null);
    return isThere ? 'it is there' : undefined;
  };
  const written = await writeMachine(ports, idOf(newcomer), machineOf(newcomer), isAbsent);
  if (written.ok) return ok('done');
  const isOthers = written.error.reason === 'precondition' || written.error.reason === 'identity-taken';
  return isOthers ? ok('done') : written;
}

/** Returns the name of a machine that is taken in, `{fleet}-{mac}`: the same at each boot. */
export function idOf({ fleet, claims: { identities } }: Pick<Newcomer, 'fleet' | 'claims'>): string {
  const own = IDENTITY_KINDS.map((kind) => identities[kind]).find((value) => value !== undefined) ?? '';
  return `${fleet}-${own.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`;
}

/** Returns what it gets. What a rule says takes the place of what the fleet says; its variables are added. */
export function machineOf({ fleet, claims, definition, rule }: Newcomer): NewMachine {
  const { profiles, channel, board, version, kernelArgs } = { ...definition, ...given(rule ?? {}) };
  const one = (kind: keyof Claims['identities']) => [claims.identities[kind] ?? []].flat();
  return {
    ...{ profiles, channel, board, version, kernelArgs, ignition: null },
    ...{ vars: { ...definition.vars, ...rule?.vars }, hostname: null, sshAuthorizedKeys: [], attributes: {} },
    ...{ fleet, labels: claims.labels },
    identities: { mac: one('mac'), uuid: one('uuid'), serial: one('serial'), asset: one('asset') },
    ...{ kind: 'none', source: null, text: '', sourceText: undefined, expiresIn: undefined },
  };
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Counts one machine of this hour; false where that would be one too many. */
async function countOne(
  ports: FleetPorts,
  fleet: string,
  limit: number,
): Promise<Result<boolean, StoreFault | { readonly reason: 'conflict' }>> {
  const hour = new Date(Math.floor(ports.platform.now() / HOUR_MS) * HOUR_MS).toISOString().slice(0, 13);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await ports.platform.timer(100 * attempt * (1 + ports.platform.random())).elapsed;
    const before = await ports.waiting.enrolled(fleet, hour);
    if (!before.ok) return before;
    const { count, etag } = before.value;
    if (count >= limit) return ok(false);
    const counted = await ports.waiting.countEnrolled(fleet, hour, count + 1, etag);
    if (!counted.ok) return counted;
    if (counted.value) return ok(true);
  }
  return err({ reason: 'conflict' });
}
