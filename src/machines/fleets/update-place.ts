/** Says what whoever holds a boot URL follows: the release of the machine, or what its fleet gives to machines. */
import { within } from '../../shared/platform.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { ANSWER_WITHIN_MS, type BootFault, provenFor } from '../boot/boot.ts';
import { isForFleet } from '../boot/capability.ts';
import { UNKNOWN } from '../boot/routes-boot.ts';
import type { Machine } from '../records/model.ts';
import type { FleetFault, FleetPorts } from './boot-fleet.ts';
import { openFleet } from './fleets.ts';

type Place = Pick<Machine, 'channel' | 'board' | 'version'>;

/**
 * Returns the place that a capability proves, or the problem to answer with. A forged one costs no store read. A machine asks long
 * after its boot, so `once` ends nothing here.
 */
export async function placeBehind(ports: FleetPorts, text: string): Promise<Result<Place, Problem>> {
  const place: Promise<Result<Place, BootFault | FleetFault>> = isForFleet(text)
    ? fleetPlace(ports, text)
    : machinePlace(ports, text);
  const found = await within(ports.platform, ANSWER_WITHIN_MS, place);
  if (found?.ok) return found;
  const reason = found === undefined ? 'too-slow' : found.error.reason;
  if (reason === 'forged') return err(UNKNOWN);
  const isGone = reason === 'expired' || reason === 'revoked' || reason === 'deleted';
  if (isGone) return err({ code: 'gone', detail: `this boot URL is ${reason}` });
  return err({
    code: 'unavailable',
    detail: `what this URL follows cannot be told at the moment (${reason})`,
    cause: found?.error,
  });
}

async function machinePlace(ports: FleetPorts, text: string): Promise<Result<Place, BootFault>> {
  const capability = await ports.capabilities.read(text);
  if (capability === undefined) return err({ reason: 'forged' });
  const { machine, expiry } = capability;
  if (expiry !== 0 && ports.platform.now() >= expiry * 1000) return err({ reason: 'expired', machine });
  const proven = await provenFor(ports, capability);
  return proven.ok ? ok(proven.value.value) : proven;
}

async function fleetPlace(ports: FleetPorts, text: string): Promise<Result<Place, FleetFault>> {
  const capability = await ports.capabilities.readForFleet(text);
  if (capability === undefined) return err({ reason: 'forged' });
  const proven = await ports.current.fleet(capability.fleet);
  if (!proven.ok) return proven;
  if (proven.value === undefined) return err({ reason: 'record-missing' });
  if (proven.value.value.deletedAt !== null) return err({ reason: 'deleted' });
  if (proven.value.value.epoch !== capability.epoch) return err({ reason: 'revoked' });
  const definition = await openFleet(ports.vault, proven.value.value);
  return definition.ok ? ok(definition.value) : definition;
}
