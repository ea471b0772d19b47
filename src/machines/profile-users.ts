/** Finds the machines that use a profile. Their user data is opened, so that a change of the profile can be tried on them. */
import { ok, type Result } from '../shared/result.ts';
import { openUserData } from './boot/render.ts';
import type { MachinePorts } from './issue.ts';
import { faultText, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import type { Machine } from './records/model.ts';

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

export interface Users {
  readonly readable: readonly { readonly machine: Machine; readonly user: string | undefined }[];
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
  const readable: { machine: Machine; user: string | undefined }[] = [];
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
        if (machine === undefined || machine.profile !== name || machine.deletedAt !== null) {
          const use = uses[index];
          const isStale = use !== undefined && platform.now() - use.uploadedAt > STALE_MS;
          if (isStale) await store.deleteUse(name, use.name);
          continue;
        }
        const text = await openUserData(vault, machine);
        if (!text.ok) {
          unreadable.push({ id: machine.id, reason: faultText(text.error) });
          continue;
        }
        readable.push({ machine, user: text.value });
      }
    }
    // A place outlives a cursor of R2: a check may go on hours later.
    cursor = page.value.cursor === undefined ? undefined : page.value.items.at(-1)?.name;
  } while (cursor !== undefined && readable.length + unreadable.length < least);
  return ok({ readable, unreadable, cursor });
}
