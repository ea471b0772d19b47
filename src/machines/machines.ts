/** An operator's actions on machines. Each writes to R2 first, and then writes the copy in KV. */

import { longNames } from '../configs/long-names.ts';
import type { MachineKind } from '../configs/user-data.ts';
import { change } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { randomText } from './boot/capability.ts';
import { readerFor } from './boot/machine-reader.ts';
import { openProfile, renderBeside, SAMPLE_CLOUD_CONFIG_URL } from './boot/render.ts';
import { type Issued, issue, type MachinePorts, profileNamed } from './issue.ts';
import type { OperatorFault } from './problems.ts';
import { isUnreadable, machineDocument, ON_THE_LINE, recordText, replaceableMachine } from './records/documents.ts';
import { type Machine, machineContext } from './records/model.ts';

export interface NewMachine {
  readonly profile: string | null;
  readonly kind: MachineKind;
  readonly source: Machine['source'];
  /** The text that boots; empty when there is none. */
  readonly text: string;
  /** The text that `text` was transpiled from; `undefined` when there is none. */
  readonly sourceText: string | undefined;
  /**
   * Seconds from now until the new URLs expire. With `undefined`, an existing machine keeps its URLs, and the URLs of a
   * new machine never expire.
   */
  readonly expiresIn: number | undefined;
  /** From a backup: the values that the machine's URLs were made of. */
  readonly identity?: Pick<Machine, 'epoch' | 'nonce' | 'expiry' | 'createdAt'>;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
  /** The version of Ignition that reads the config; `null` for that of the release. */
  readonly ignition: string | null;
}

/** Creates or replaces a machine, and returns its URLs. */
export async function putMachine(
  ports: MachinePorts,
  id: string,
  wanted: NewMachine,
  origin: string,
): Promise<Result<Issued, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const stored = await writeMachine(ports, id, wanted);
  if (!stored.ok) return stored;
  const { machine, replaced } = stored.value;
  const issued = await issue(ports, machine, origin);
  return issued.ok && replaced !== undefined ? ok({ ...issued.value, replaced }) : issued;
}

/** A machine that was written, and why the record that it replaced could not be read, if it could not. */
export interface Written {
  readonly machine: Machine;
  readonly replaced: string | undefined;
}

/**
 * Creates or replaces a machine, and returns its record. Nothing is stored unless its layers make a valid config.
 * A PUT and an import both end here. A record that cannot be read is replaced by that of a new machine.
 */
export async function writeMachine(
  ports: MachinePorts,
  id: string,
  wanted: NewMachine,
): Promise<Result<Written, OperatorFault>> {
  const profile = await profileNamed(ports, wanted.profile);
  if (!profile.ok) return profile;
  const layers = await openProfile(ports.vault, profile.value);
  if (!layers.ok) return layers;
  const user = wanted.text === '' ? undefined : wanted.text;
  const shipped = await ports.ignitionOf(wanted);
  if (!shipped.ok) return shipped;
  const reader = readerFor({ ...wanted, shipped: shipped.value }, profile.value);
  const rendered = await renderBeside(ports.platform, { ...layers.value, user, reader }, SAMPLE_CLOUD_CONFIG_URL);
  if (!rendered.ok) return err({ reason: 'invalid', entries: rendered.error.entries });
  const tooLong = longNames(wanted.text).map((entry) => ({ ...entry, layer: 'user' as const }));
  if (tooLong.length > 0) return err({ reason: 'invalid', entries: tooLong });
  if (wanted.profile !== null) {
    // The use is written before the record, so that a change of the profile finds every machine that uses it.
    const used = await ports.store.writeUse(wanted.profile, id);
    if (!used.ok) return used;
  }
  let replacedFault: string | undefined;
  const machine = await changeMachine(ports, id, async (before, unreadable) => {
    replacedFault = unreadable;
    return await replaced(ports, id, before, { ...wanted, shipped: shipped.value });
  });
  return machine.ok ? ok({ machine: machine.value, replaced: replacedFault }) : machine;
}

/** Issues a new capability, and returns its URLs. `revoke` ends all older capabilities. */
export async function issueToken(
  ports: MachinePorts,
  id: string,
  { revoke, expiresIn }: { readonly revoke: boolean; readonly expiresIn: number | undefined },
  origin: string,
): Promise<Result<Issued, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const stored = await changeMachine(ports, id, async (before, unreadable) => {
    if (unreadable !== undefined) return err({ reason: 'stored-malformed', what: `machine ${id}`, detail: unreadable });
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    return ok({
      ...before,
      ...(revoke ? { epoch: randomText() } : {}),
      nonce: randomText(),
      expiry: expiryOf(ports, expiresIn),
      updatedAt: isoNow(ports),
    });
  });
  return stored.ok ? await issue(ports, stored.value, origin) : stored;
}

/**
 * Leaves a tombstone, so that the machine's URLs answer 410 for ever. User data and renderings are deleted. The
 * tombstone comes first, also in the place of a record that cannot be read.
 */
export async function deleteMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await changeMachine(ports, id, async (before, unreadable) => {
    const now = isoNow(ports);
    if (unreadable !== undefined) return ok(tombstoneAnew(id, now));
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    return ok({ ...before, deletedAt: now, updatedAt: now, kind: 'none', userData: null, sourceText: null });
  });
  const isGone = stored.ok || stored.error.reason === 'deleted';
  // If the store failed before the renderings were deleted, a second DELETE deletes them.
  const cleared = isGone ? await ports.store.deleteRenderings(id) : ok(undefined);
  const removed = cleared.ok && isGone ? await ports.composer.remove(id) : cleared;
  return removed.ok ? stored : removed;
}

/** Returns the record of a machine. A deleted and an unknown machine are faults. */
export async function readMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await machineDocument(ports, id).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value } = stored.value;
  return value.deletedAt === null ? ok(value) : err({ reason: 'deleted' });
}

/** Returns a tombstone that knows nothing of the record before it. */
const tombstoneAnew = (id: string, now: string): Machine => ({
  ...{ id, profile: null, kind: 'none', source: null, generation: 1 },
  ...{ epoch: randomText(), nonce: randomText(), expiry: 0, channel: '', board: '', version: '' },
  ...{ createdAt: now, updatedAt: now, deletedAt: now, userData: null, sourceText: null },
});

/**
 * Changes the record by compare-and-set, and then writes its copy. For a record that cannot be read, `nextRecord` gets
 * no record and the reason.
 */
async function changeMachine(
  ports: MachinePorts,
  id: string,
  nextRecord: (before: Machine | undefined, unreadable: string | undefined) => Promise<Result<Machine, OperatorFault>>,
): Promise<Result<Machine, OperatorFault>> {
  const changed = await change(
    ports.platform,
    replaceableMachine(ports, id),
    async (stored) => {
      const before = stored?.value;
      return isUnreadable(before)
        ? await nextRecord(undefined, before.unreadable.detail)
        : await nextRecord(before, undefined);
    },
    ON_THE_LINE,
  );
  if (!changed.ok) return changed;
  if (changed.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value, etag } = changed.value;
  if (isUnreadable(value)) return err(value.unreadable);
  ports.platform.waitUntil(ports.copies.write('machine', id, { text: recordText(value), etag }));
  return ok(value);
}

async function replaced(
  ports: MachinePorts,
  id: string,
  before: Machine | undefined,
  wanted: NewMachine & { readonly shipped: string },
): Promise<Result<Machine, OperatorFault>> {
  const now = isoNow(ports);
  const generation = (before?.generation ?? 0) + 1;
  // A machine under a deleted machine's id is a new machine: the old capabilities must not open it.
  const existing = before !== undefined && before.deletedAt === null ? before : undefined;
  const renews = existing === undefined || wanted.expiresIn !== undefined;
  const seal = async (text: string, field: 'userData' | 'sourceText') =>
    await ports.vault.seal(text, machineContext({ id, generation }, field));
  return ok({
    // A later version of this software may have added fields to the record.
    ...existing,
    id,
    profile: wanted.profile,
    kind: wanted.kind,
    source: wanted.source,
    generation,
    epoch: existing?.epoch ?? randomText(),
    nonce: renews ? randomText() : existing.nonce,
    expiry: renews ? expiryOf(ports, wanted.expiresIn) : existing.expiry,
    channel: wanted.channel,
    board: wanted.board,
    version: wanted.version,
    ignition: wanted.ignition,
    shipped: wanted.shipped,
    createdAt: existing?.createdAt ?? now,
    ...wanted.identity,
    updatedAt: now,
    deletedAt: null,
    userData: wanted.text === '' ? null : await seal(wanted.text, 'userData'),
    sourceText: wanted.sourceText === undefined ? null : await seal(wanted.sourceText, 'sourceText'),
  });
}

const isoNow = ({ platform }: MachinePorts): string => new Date(platform.now()).toISOString();

const expiryOf = ({ platform }: MachinePorts, expiresIn: number | undefined): number =>
  expiresIn === undefined ? 0 : Math.floor(platform.now() / 1000) + expiresIn;
