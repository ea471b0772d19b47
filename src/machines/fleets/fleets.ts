/** An operator's actions on fleets. */
import { type Conflict, change, type Stored } from '../../shared/document.ts';
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { randomText } from '../boot/capability.ts';
import type { MachinePorts } from '../issue.ts';
import type { OperatorFault } from '../problems.ts';
import { isUnreadable, ON_THE_LINE, recordText, replaceableFleet, type Unreadable } from '../records/documents.ts';
import { type Fleet, type FleetDefinition, fleetContext, parseDefinition } from '../records/fleet-model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { checkFleet } from './check-fleet.ts';

/** What a write demands of the record that is there: it says why the write must not happen, if it must not. */
export type FleetDemand = (current: Stored<Fleet | Unreadable> | undefined) => Promise<string | undefined>;

export interface WrittenFleet {
  readonly fleet: Fleet;
  readonly etag: string;
  readonly before: number;
  readonly isWritten: boolean;
}

/** Creates or replaces a fleet. Its URL stays; from a backup, `identity` has the values that it was made of. Nothing is stored where nothing is different. */
export async function putFleet(
  ports: MachinePorts,
  name: string,
  definition: FleetDefinition,
  demands: FleetDemand,
  identity?: Pick<Fleet, 'epoch' | 'nonce' | 'createdAt'>,
): Promise<Result<WrittenFleet, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0 || (await ports.vault.keyIds()).length === 0)
    return err({ reason: 'no-secret' });
  const checked = await checkFleet(ports, definition);
  if (!checked.ok) return checked;
  return await changeFleet(ports, name, demands, async (before) => {
    const existing = before?.deletedAt === null ? before : undefined;
    if (existing !== undefined) {
      const opened = await openFleet(ports.vault, existing);
      const isSameUrl =
        identity === undefined || (identity.epoch === existing.epoch && identity.nonce === existing.nonce);
      if (isSameUrl && opened.ok && JSON.stringify(opened.value) === JSON.stringify(definition)) return ok(undefined);
    }
    const generation = (before?.generation ?? 0) + 1;
    const now = new Date(ports.platform.now()).toISOString();
    return ok({
      // A later version of this software may have added fields to the record.
      ...existing,
      ...{ name, generation, updatedAt: now, createdAt: existing?.createdAt ?? now, deletedAt: null },
      ...{ epoch: existing?.epoch ?? randomText(), nonce: existing?.nonce ?? randomText() },
      ...identity,
      definition: await ports.vault.seal(JSON.stringify(definition), fleetContext({ name, generation })),
    });
  });
}

/** Makes a new URL; `revoke` ends the older ones. */
export async function renewFleet(
  ports: MachinePorts,
  name: string,
  revoke: boolean,
  demands: FleetDemand,
): Promise<Result<WrittenFleet, OperatorFault>> {
  return await changeFleet(ports, name, demands, async (before) => {
    if (before === undefined || before.deletedAt !== null) return err({ reason: 'unknown', what: 'fleet' });
    const updatedAt = new Date(ports.platform.now()).toISOString();
    return ok({ ...before, ...(revoke ? { epoch: randomText() } : {}), nonce: randomText(), updatedAt });
  });
}

/** Leaves a tombstone: the fleet's URLs answer 410. Its machines stay, and boot by their own URLs. */
export async function deleteFleet(
  ports: MachinePorts,
  name: string,
  demands: FleetDemand,
): Promise<Result<WrittenFleet, OperatorFault>> {
  return await changeFleet(ports, name, demands, async (before, isUnread) => {
    const now = new Date(ports.platform.now()).toISOString();
    const gone = { name, updatedAt: now, deletedAt: now, definition: null };
    if (isUnread) return ok({ ...gone, generation: 1, createdAt: now, epoch: randomText(), nonce: randomText() });
    if (before === undefined || before.deletedAt !== null) return err({ reason: 'unknown', what: 'fleet' });
    return ok({ ...before, ...gone, generation: before.generation + 1 });
  });
}

/** Returns the record of a fleet with its etag. A deleted and an unknown fleet are faults. */
export async function readFleet(ports: MachinePorts, name: string): Promise<Result<Stored<Fleet>, OperatorFault>> {
  const stored = await replaceableFleet(ports, name).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'unknown', what: 'fleet' });
  const { value, etag } = stored.value;
  if (isUnreadable(value)) return err({ ...value.unreadable, etag });
  return value.deletedAt === null ? ok({ value, etag }) : err({ reason: 'unknown', what: 'fleet' });
}

/** What records that an isolate remembers say, so that a room that is powered on is not decrypted a thousand times. */
const opened = new WeakMap<Fleet, FleetDefinition>();

/** Returns the decrypted definition of a fleet that is not deleted. */
export async function openFleet(vault: Vault, fleet: Fleet): Promise<Result<FleetDefinition, VaultFault | StoreFault>> {
  const known = opened.get(fleet);
  if (known !== undefined) return ok(known);
  if (fleet.definition === null)
    return err({ reason: 'stored-malformed', what: `fleet ${fleet.name}`, detail: 'it has no definition' });
  const text = await vault.open(fleet.definition, fleetContext(fleet));
  if (!text.ok) return text;
  const definition = understood(`fleet ${fleet.name}`, parseDefinition(text.value));
  if (definition.ok) opened.set(fleet, definition.value);
  return definition;
}

async function changeFleet(
  ports: MachinePorts,
  name: string,
  demands: FleetDemand,
  next: (before: Fleet | undefined, isUnread: boolean) => Promise<Result<Fleet | undefined, OperatorFault>>,
): Promise<Result<WrittenFleet, OperatorFault>> {
  let before = 0;
  let isWritten = false;
  const changed = await change<Fleet | Unreadable, OperatorFault | Conflict>(
    ports.platform,
    replaceableFleet(ports, name),
    async (stored) => {
      const is = await demands(stored);
      if (is !== undefined) return err({ reason: 'precondition', is });
      const found = stored?.value;
      const isUnread = isUnreadable(found);
      before = found === undefined || isUnread ? 0 : found.generation;
      const after = await next(found === undefined || isUnread ? undefined : found, isUnread);
      isWritten = after.ok && after.value !== undefined;
      return after;
    },
    ON_THE_LINE,
  );
  if (!changed.ok) return changed;
  if (changed.value === undefined) return err({ reason: 'unknown', what: 'fleet' });
  const { value, etag } = changed.value;
  if (isUnreadable(value)) return err(value.unreadable);
  if (isWritten) ports.platform.waitUntil(ports.copies.write('fleet', name, { text: recordText(value), etag }));
  return ok({ fleet: value, etag, before, isWritten });
}
