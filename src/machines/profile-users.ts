/** Finds the machines that use a profile. Their user data is opened, so that a change of the profile can be tried on them. */
import { ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import { type MachineSays, openSays, openUserData } from './layers/layers.ts';
import { faultText, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import { type Machine, profilesOf } from './records/model.ts';

/** A machine that cannot be looked at, and why. */
export interface UnreadableMachine {
  readonly id: string;
  readonly reason: string;
}

const PAGE = 100;
const AT_ONCE = 10;
/** A page of names alone. */
const LOOK = 1000;
/**
 * The use of a profile is written before the machine's record, so a new use may still lack its record. When an older
 * use does not fit the record, the machine has stopped using the profile, and the use is deleted.
 */
const STALE_MS = 600_000;

/** A machine with what it gives for its config. */
interface User {
  readonly machine: Machine;
  readonly user: string | undefined;
  readonly says: MachineSays;
}

export interface Users {
  readonly readable: readonly User[];
  /** Machines whose uses name the profile, and which cannot be looked at. */
  readonly unreadable: readonly UnreadableMachine[];
  readonly cursor: string | undefined;
}

/**
 * Returns machines whose records name the profile: at least `least` of them, or all that are left after `from`. With
 * `since` (milliseconds since the epoch), only those that were written at that time or later.
 */
export async function usersOf(
  ports: MachinePorts,
  name: string,
  from: string | undefined,
  least: number,
  since = 0,
): Promise<Result<Users, OperatorFault>> {
  const { platform, store, vault } = ports;
  const readable: User[] = [];
  const unreadable: UnreadableMachine[] = [];
  let cursor = from;
  do {
    const page = await store.uses(name, { after: cursor, limit: since === 0 ? PAGE : LOOK });
    if (!page.ok) return page;
    const written = page.value.items.filter(({ uploadedAt }) => uploadedAt >= since);
    for (let at = 0; at < written.length; at += AT_ONCE) {
      const uses = written.slice(at, at + AT_ONCE);
      const records = await Promise.all(uses.map(({ name: id }) => machineDocument(ports, id).read()));
      for (const [index, record] of records.entries()) {
        if (!record.ok) {
          if (record.error.reason !== 'stored-malformed') return record;
          unreadable.push({ id: uses[index]?.name ?? '', reason: faultText(record.error) });
          continue;
        }
        const machine = record.value?.value;
        if (machine === undefined || machine.deletedAt !== null || !profilesOf(machine).includes(name)) {
          const use = uses[index];
          const isStale = use !== undefined && platform.now() - use.uploadedAt > STALE_MS;
          if (isStale) await store.deleteUse(name, use.name);
          continue;
        }
        const [text, says] = [await openUserData(vault, machine), await openSays(vault, machine)];
        if (!text.ok) unreadable.push({ id: machine.id, reason: faultText(text.error) });
        else if (!says.ok) unreadable.push({ id: machine.id, reason: faultText(says.error) });
        else readable.push({ machine, user: text.value, says: says.value });
      }
    }
    // A place outlives a cursor of R2: a check may go on hours later.
    cursor = page.value.cursor === undefined ? undefined : page.value.items.at(-1)?.name;
  } while (cursor !== undefined && readable.length + unreadable.length < least);
  return ok({ readable, unreadable, cursor });
}
