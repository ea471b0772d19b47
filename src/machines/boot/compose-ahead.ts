/** Composes before a machine asks. */
import type { Machine } from '../records/model.ts';
import { type BootPorts, profilesFor } from './boot.ts';

/**
 * Composes what the machine boots now, if that is expensive, so that its next boot in any isolate finds it. Faults are
 * left to that boot.
 */
export async function composeAhead(ports: BootPorts, { id, userData, profile }: Machine): Promise<void> {
  if (profile === null && !ports.composer.isExpensive([userData])) return;
  const machine = await ports.current.machine(id);
  if (!machine.ok || machine.value === undefined || machine.value.value.deletedAt !== null) return;
  const profiles = await profilesFor(ports, machine.value.value);
  if (profiles.ok) await ports.composer.template({ machine: machine.value, profiles: profiles.value });
}
