/** Which secrets the records in store were written under: what would be unreadable if one of them were dropped. */
import type { MachinePorts } from './machines.ts';

export interface StorageHealth {
  /** The secret that writes; `null` where none is set. */
  readonly key: 'STORAGE_KEY' | 'CAPABILITY_SECRET' | null;
  /** Machines and profiles by the id of the key they were written under; counted up to a limit. */
  readonly records?: Readonly<Record<string, number>>;
  /** There are more records than were counted. */
  readonly isPartial?: boolean;
  readonly warning?: string;
}

const PAGE = 1000;
const MOST_PAGES = 3;

/** Counts only while more than one key can read: listing every record tells nothing else. */
export async function storageHealth(ports: MachinePorts, hasStorageKey: boolean): Promise<StorageHealth> {
  const ids = await ports.vault.keyIds();
  const [newest] = ids;
  if (newest === undefined) return { key: null, warning: 'neither STORAGE_KEY nor CAPABILITY_SECRET is set' };
  const key = hasStorageKey ? 'STORAGE_KEY' : 'CAPABILITY_SECRET';
  const standIn = 'STORAGE_KEY is not set: CAPABILITY_SECRET stands in, and cannot be rotated by itself';
  if (ids.length === 1) return hasStorageKey ? { key } : { key, warning: standIn };
  const counted = await countRecords(ports);
  if (counted === undefined) return { key, warning: 'the records cannot be counted' };
  const { records, isPartial } = counted;
  const older = Object.entries(records).reduce((sum, [id, count]) => (id === newest ? sum : sum + count), 0);
  const atLeast = isPartial ? 'at least ' : '';
  const warning = `${atLeast}${older} records need an older secret: reseal before it is dropped`;
  const partial = isPartial ? { isPartial } : {};
  if (older > 0) return { key, records, ...partial, warning };
  return { key, records, ...partial, ...(hasStorageKey ? {} : { warning: standIn }) };
}

async function countRecords({ store }: MachinePorts) {
  const records: Record<string, number> = {};
  let isPartial = false;
  for (const kind of ['machine', 'profile'] as const) {
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await store.list(kind, { cursor, limit: PAGE });
      if (!page.ok) return undefined;
      for (const { summary } of page.value.items) {
        const id = summary['key'] ?? '';
        if (id !== '') records[id] = (records[id] ?? 0) + 1;
      }
      cursor = page.value.cursor;
      if (cursor === undefined) break;
    }
    isPartial ||= cursor !== undefined;
  }
  return { records, isPartial };
}
