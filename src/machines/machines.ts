/** An operator's actions on machines. Each writes to R2 first, and then writes the copy in KV. */

import { longNames } from '../configs/long-names.ts';
import type { MachineKind } from '../configs/machine-kind.ts';
import { change, type Stored } from '../shared/document.ts';
import { ANYTHING, entityTag, type Precondition } from '../shared/http/precondition.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { randomText } from './boot/capability.ts';
import { armingOf } from './boot/once.ts';
import { type Claimed, claimIdentities, giveBack } from './identities.ts';
import { type MachinePorts, profilesNamed } from './issue.ts';
import { openProfiles } from './layers/layers.ts';
import { readerFor } from './layers/machine-reader.ts';
import { renderBeside } from './layers/render.ts';
import { SAMPLE_URLS } from './layers/variables.ts';
import { expiryOf, isoNow, isUnchanged, replaced } from './next-record.ts';
import { badField, type OperatorFault } from './problems.ts';
import { isUnreadable, ON_THE_LINE, recordText, replaceableMachine, type Unreadable } from './records/documents.ts';
import type { Machine } from './records/model.ts';
import { revokedBefore, withNewUrl, withoutUrl } from './records/urls.ts';
import type { MachineSettings } from './settings.ts';

export interface NewMachine extends MachineSettings {
  readonly kind: MachineKind;
  readonly source: Machine['source'];
  /** The text that boots; empty when there is none. */
  readonly text: string;
  /** The text that `text` was transpiled from; `undefined` when there is none. */
  readonly sourceText: string | undefined;
  /**
   * Seconds from now until the new URLs expire; `null` for new URLs that never do. With `undefined`, an existing machine
   * keeps its URLs, and the URLs of a new machine never expire.
   */
  readonly expiresIn: number | null | undefined;
  /** From a backup: the values that the machine's URLs were made of. */
  readonly identity?: Pick<
    Machine,
    'epoch' | 'nonce' | 'expiry' | 'createdAt' | 'arming' | 'armedAt' | 'revoked' | 'urls'
  >;
}

/** What is stored after a write, with the etag of its object. */
export interface Written {
  readonly machine: Machine;
  readonly etag: string;
  /** Why the record that it replaced could not be read, if it could not. All its URLs are dead. */
  readonly replaced: string | undefined;
  /** The generation before the write; 0 for none. */
  readonly before: number;
  /** False when all of it was stored already. */
  readonly isWritten: boolean;
}

/** What a write demands of the record that is there. */
type Demand = (current: Stored<Machine | Unreadable> | undefined) => Promise<string | undefined>;

/** Returns the demand that a precondition on the record's own entity tag makes. A deleted machine is none. */
export const onRecord =
  (holds: Precondition): Demand =>
  async (current) =>
    holds(current === undefined || isGone(current.value) ? undefined : entityTag(current.etag));

const isGone = (record: Machine | Unreadable): boolean => !isUnreadable(record) && record.deletedAt !== null;

/**
 * Creates or replaces a machine, and returns its record. Nothing is stored unless its layers make a valid config, nor when
 * nothing is different. A PUT and an import both end here. A record that cannot be read is replaced by that of a new machine.
 */
export async function writeMachine(
  ports: MachinePorts,
  id: string,
  wanted: NewMachine,
  demands: Demand = onRecord(ANYTHING),
): Promise<Result<Written, OperatorFault>> {
  // An import brings the values of its URLs along, and needs no secret to make new ones.
  const lacksSecret = wanted.identity === undefined && ports.capabilities.secrets.length === 0;
  if (lacksSecret || (await ports.vault.keyIds()).length === 0) return err({ reason: 'no-secret' });
  const profiles = await profilesNamed(ports, wanted.profiles);
  if (!profiles.ok) return profiles;
  const texts = await openProfiles(ports.vault, profiles.value);
  if (!texts.ok) return texts;
  const user = wanted.text === '' ? undefined : wanted.text;
  const shipped = await ports.ignitionOf(wanted);
  if (!shipped.ok) return shipped;
  const reader = readerFor({ ...wanted, shipped: shipped.value }, profiles.value);
  const layers = { profiles: texts.value, machine: { id, ...wanted }, user, reader };
  const rendered = await renderBeside(ports.platform, layers, SAMPLE_URLS);
  if (!rendered.ok) return err({ reason: 'invalid', entries: rendered.error.entries });
  const tooLong = longNames(wanted.text).map((entry) => ({ ...entry, layer: 'user' as const }));
  if (tooLong.length > 0) return err({ reason: 'invalid', entries: tooLong });
  let isNoted = false;
  const made: Claimed[] = [];
  const writer = randomText().slice(0, 8);
  const written = await changeMachine(ports, id, demands, async (before, unreadable) => {
    const next = { ...wanted, shipped: shipped.value };
    const isSame = unreadable === undefined && (await isUnchanged(ports, before, next));
    const generation = (before?.generation ?? 0) + (isSame ? 0 : 1);
    // Those of a machine that is as it is wanted are given again where they were lost.
    const claimed = await claimIdentities(ports, { id, generation, record: before, writer }, wanted, made);
    if (!claimed.ok) return claimed;
    if (isSame) return ok(undefined);
    // The uses are written before the record, so that a change of a profile finds every machine that uses it.
    for (const name of isNoted ? [] : wanted.profiles) {
      const used = await ports.store.writeUse(name, id);
      if (!used.ok) return used;
    }
    isNoted = true;
    return await replaced(ports, id, before, next);
  });
  // A store that did not answer may have written the record all the same.
  if (!written.ok && written.error.reason !== 'store-unreachable') await giveBack(ports, made);
  return written;
}

/**
 * Issues a new capability. `revoke` ends all older capabilities. Without `expiresIn` it ends when the one before it does, so
 * that nobody who takes the place of a leaked URL makes one that never ends.
 */
export async function issueToken(
  ports: MachinePorts,
  id: string,
  { revoke, expiresIn }: { readonly revoke: boolean; readonly expiresIn: number | null | undefined },
  demands: Demand = onRecord(ANYTHING),
): Promise<Result<Written, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  return await changeMachine(ports, id, demands, async (before, unreadable) => {
    if (unreadable !== undefined) return err({ reason: 'stored-malformed', what: `machine ${id}`, detail: unreadable });
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    const hasEnded = before.expiry !== 0 && ports.platform.now() >= before.expiry * 1000;
    if (expiresIn === undefined && hasEnded)
      return err(badField('expiresIn', 'is missing: the URLs before have ended; null makes one that never ends'));
    const made = {
      epoch: revoke ? randomText() : before.epoch,
      nonce: randomText(),
      expiry: expiresIn === undefined ? before.expiry : expiryOf(ports, expiresIn),
    };
    const now = isoNow(ports);
    const ended = revoke ? revokedBefore(before) : {};
    return ok({ ...before, ...ended, ...made, ...withNewUrl(before, made, now), updatedAt: now });
  });
}

/** Ends one of a machine's URLs. The others stay as they are. */
export async function revokeUrl(
  ports: MachinePorts,
  id: string,
  number: number,
  demands: Demand = onRecord(ANYTHING),
): Promise<Result<Written, OperatorFault>> {
  return await changeMachine(ports, id, demands, async (before, unreadable) => {
    if (unreadable !== undefined) return err({ reason: 'stored-malformed', what: `machine ${id}`, detail: unreadable });
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    const changed = withoutUrl(before, number, { freshNonce: randomText, at: isoNow(ports) });
    if (!('reason' in changed))
      return ok(Object.keys(changed).length === 0 ? undefined : { ...before, ...changed, updatedAt: isoNow(ports) });
    return changed.reason === 'no-such-url'
      ? err({ reason: 'unknown', what: 'URL' })
      : err(badField('number', 'is one too many to end by itself: POST …/token with revoke ends all'));
  });
}

/** Opens the URLs of a machine with `once` or `window` for another boot. Its capability stays. */
export async function rearmMachine(
  ports: MachinePorts,
  id: string,
  demands: Demand = onRecord(ANYTHING),
): Promise<Result<Written, OperatorFault>> {
  let spent = '';
  const stored = await changeMachine(ports, id, demands, async (before, unreadable) => {
    if (unreadable !== undefined) return err({ reason: 'stored-malformed', what: `machine ${id}`, detail: unreadable });
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    spent = armingOf(before);
    const { once = false, window = null } = before;
    if (!once && window === null)
      return err(badField('once', 'is not set, nor is window: the URLs of this machine answer always'));
    const now = isoNow(ports);
    return ok({ ...before, arming: randomText(), armedAt: now, updatedAt: now });
  });
  // What was noted under the arming before decides nothing any more.
  if (stored.ok) ports.platform.waitUntil(ports.handed.remove(id, spent));
  return stored;
}

/**
 * Leaves a tombstone, so that the machine's URLs answer 410 for ever. User data and renderings are deleted. The
 * tombstone comes first, also in the place of a record that cannot be read.
 */
export async function deleteMachine(
  ports: MachinePorts,
  id: string,
  demands: Demand = onRecord(ANYTHING),
): Promise<Result<Written, OperatorFault>> {
  const stored = await changeMachine(ports, id, demands, async (before, unreadable) => {
    const now = isoNow(ports);
    if (unreadable !== undefined) return ok(tombstoneAnew(id, now));
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    return ok({
      ...before,
      deletedAt: now,
      updatedAt: now,
      kind: 'none',
      userData: null,
      sourceText: null,
      vars: null,
    });
  });
  const isGoneNow = stored.ok || stored.error.reason === 'deleted';
  // If the store failed before the renderings were deleted, a second DELETE deletes them.
  const cleared = isGoneNow ? await ports.store.deleteRenderings(id) : ok(undefined);
  const forgotten = cleared.ok && isGoneNow ? await ports.store.deleteState(id) : cleared;
  const removed = forgotten.ok && isGoneNow ? await ports.composer.remove(id) : forgotten;
  const emptied = removed.ok && isGoneNow ? await ports.served.remove(id) : removed;
  return emptied.ok ? stored : emptied;
}

/** Returns the record of a machine with its etag. A deleted and an unknown machine are faults. */
export async function readMachine(ports: MachinePorts, id: string): Promise<Result<Stored<Machine>, OperatorFault>> {
  const stored = await replaceableMachine(ports, id).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value, etag } = stored.value;
  // Its etag is told, so that it can be replaced or deleted and nothing else.
  if (isUnreadable(value)) return err({ ...value.unreadable, etag });
  return value.deletedAt === null ? ok({ value, etag }) : err({ reason: 'deleted' });
}

/** Returns a tombstone that knows nothing of the record before it. */
const tombstoneAnew = (id: string, now: string): Machine => ({
  ...{ id, profile: null, kind: 'none', source: null, generation: 1 },
  ...{ epoch: randomText(), nonce: randomText(), expiry: 0, channel: '', board: '', version: '' },
  ...{ createdAt: now, updatedAt: now, deletedAt: now, userData: null, sourceText: null },
});

type Next = Promise<Result<Machine | undefined, OperatorFault>>;

/**
 * Changes the record by compare-and-set, and then writes its copy. For a record that cannot be read, `nextRecord` gets
 * no record and the reason. With `undefined` the record stays as it is.
 */
async function changeMachine(
  ports: MachinePorts,
  id: string,
  demands: Demand,
  nextRecord: (before: Machine | undefined, unreadable: string | undefined) => Next,
): Promise<Result<Written, OperatorFault>> {
  let replacedFault: string | undefined;
  let generation = 0;
  let isWritten = false;
  const changed = await change<Machine | Unreadable, OperatorFault>(
    ports.platform,
    replaceableMachine(ports, id),
    async (stored) => {
      const before = stored?.value;
      const is = await demands(stored);
      if (is !== undefined) return err({ reason: 'precondition', is });
      replacedFault = isUnreadable(before) ? before.unreadable.detail : undefined;
      generation = isUnreadable(before) ? 0 : (before?.generation ?? 0);
      const next = await nextRecord(isUnreadable(before) ? undefined : before, replacedFault);
      isWritten = next.ok && next.value !== undefined;
      return next;
    },
    ON_THE_LINE,
  );
  if (!changed.ok) return changed;
  if (changed.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value, etag } = changed.value;
  if (isUnreadable(value)) return err(value.unreadable);
  if (isWritten) ports.platform.waitUntil(ports.copies.write('machine', id, { text: recordText(value), etag }));
  return ok({ machine: value, etag, replaced: replacedFault, before: generation, isWritten });
}
