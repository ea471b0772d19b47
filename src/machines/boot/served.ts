/** Keeps what a machine was given last, so that an operator can see what would be different now. */
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Current } from '../records/current.ts';
import { type Machine, parseSealed } from '../records/model.ts';
import type { ServedFacts, ServedStore } from '../records/served.ts';
import type { Vault } from '../records/vault.ts';
import { maskedConfig } from './masked.ts';

interface ServedPorts {
  readonly served: ServedStore;
  readonly vault: Vault;
}

type Owner = Pick<Machine, 'id' | 'createdAt'>;

/** A machine that is made anew under the id of a deleted one has another date: it never opens what the old one got. */
const contextOf = ({ id, createdAt }: Owner, sha512: string): string => `served:${id}:${createdAt}:${sha512}`;

/**
 * Keeps a config unless it is the one that is kept already under the newest key. A fault is left to the next boot. The record is looked at
 * again after the write: what a deletion could not see goes with it.
 */
export async function keepServed(
  { served, vault, current }: ServedPorts & { readonly current: Pick<Current, 'machine'> },
  machine: Owner,
  body: string,
  facts: Omit<ServedFacts, 'key'>,
): Promise<void> {
  const { id } = machine;
  const kept = await served.look(id);
  const [newest] = await vault.keyIds();
  if (!kept.ok || newest === undefined) return;
  if (kept.value?.sha512 === facts.sha512 && kept.value.key === newest) return;
  const config = maskedConfig(body, id);
  if (config === undefined) return;
  const sealed = await vault.seal(JSON.stringify(config), contextOf(machine, facts.sha512));
  const written = await served.write(id, JSON.stringify(sealed), { ...facts, key: sealed.key });
  if (!written.ok) return;
  const now = await current.machine(id);
  if (now.ok && now.value?.value.deletedAt !== null) await served.remove(id);
}

export interface LastServed extends ServedFacts {
  readonly config: Record<string, unknown>;
}

/** Returns what the machine got last; `none` where nothing is kept, or what is kept was another machine's. */
export async function lastServed(
  { served, vault }: ServedPorts,
  machine: Owner,
): Promise<Result<LastServed, { readonly reason: 'none' } | StoreFault>> {
  const kept = await served.read(machine.id);
  if (!kept.ok) return kept;
  if (kept.value === undefined) return err({ reason: 'none' });
  const { text, facts } = kept.value;
  const sealed = understood('served', parseSealed(text));
  const opened = sealed.ok ? await vault.open(sealed.value, contextOf(machine, facts.sha512)) : sealed;
  if (!opened.ok) return err({ reason: 'none' });
  return ok({ ...facts, config: JSON.parse(opened.value) as Record<string, unknown> });
}
