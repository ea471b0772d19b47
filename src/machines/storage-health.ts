/** Reports which secrets the stored records need, so that an operator knows whether an old secret can be removed. */
import type { MachinePorts } from './issue.ts';
import { signerOf } from './records/signed.ts';

export interface StorageHealth {
  /** The secret that seals new records; `null` when none is set. */
  readonly key: 'STORAGE_KEY' | 'CAPABILITY_SECRET' | null;
  /** The number of machines and profiles by the id of the oldest key that they need, counted up to a limit; operators only. */
  readonly records?: Readonly<Record<string, number>>;
  /** True when there are more records than were counted. */
  readonly isPartial?: boolean;
  /** It holds no number, because strangers read it too. */
  readonly warning?: string;
}

const PAGE = 1000;
const MOST_PAGES = 3;

/** Returns the state of the storage keys. With only one key every record needs it, so nothing is counted. */
export async function storageHealth(ports: MachinePorts, hasStorageKey: boolean): Promise<StorageHealth> {
  const ids = await ports.vault.keyIds();
  const [newest] = ids;
  if (newest === undefined) return { key: null, warning: 'neither STORAGE_KEY nor CAPABILITY_SECRET is set' };
  const key = hasStorageKey ? 'STORAGE_KEY' : 'CAPABILITY_SECRET';
  const standInWarning = 'STORAGE_KEY is not set: CAPABILITY_SECRET stands in, and cannot be rotated by itself';
  if (ids.length === 1) return hasStorageKey ? { key } : { key, warning: standInWarning };
  const countedRecords = await countRecords(ports, newest);
  if (countedRecords === undefined) return { key, warning: 'the records cannot be counted' };
  const { records, isPartial } = countedRecords;
  const older = Object.entries(records).reduce((sum, [id, count]) => (id === newest ? sum : sum + count), 0);
  const warning = 'some records need an older secret: reseal before it is dropped';
  const partialField = isPartial ? { isPartial } : {};
  if (older > 0) return { key, records, ...partialField, warning };
  return { key, records, ...partialField, ...(hasStorageKey ? {} : { warning: standInWarning }) };
}

async function countRecords({ store }: MachinePorts, newest: string) {
  const records: Record<string, number> = {};
  let isPartial = false;
  for (const kind of ['machine', 'profile', 'fleet'] as const) {
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await store.list(kind, { cursor, limit: PAGE });
      if (!page.ok) return undefined;
      for (const { summary } of page.value.items) {
        const needed = [summary['key'] ?? '', signerOf(summary)].filter((key) => key !== '');
        const id = needed.find((key) => key !== newest) ?? newest;
        if (needed.length > 0) records[id] = (records[id] ?? 0) + 1;
      }
      cursor = page.value.cursor;
      if (cursor === undefined) break;
    }
    isPartial ||= cursor !== undefined;
  }
  return { records, isPartial };
}
