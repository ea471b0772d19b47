/** Records in the memory of R2 as another hand reads and writes them. */
import type { MachineRooms } from '../support/machine-rooms.ts';

/** What R2 holds under a key. */
export function storedRecord({ stores }: MachineRooms, key: string) {
  const object = stores.memory.objects.get(key);
  if (object === undefined) throw new Error(`nothing is stored as ${key}`);
  const { bytes, etag, customMetadata } = object;
  return { text: new TextDecoder().decode(bytes), etag, summary: customMetadata };
}

/** Writes a record again as an earlier version of this software would: without a signature. */
export async function storedCopy(
  rooms: MachineRooms,
  key: string,
  change: (record: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const { text, summary } = storedRecord(rooms, key);
  const { mac: _mac, sha256: _sha256, ...customMetadata } = summary;
  const record = change(JSON.parse(text) as Record<string, unknown>);
  await rooms.stores.memory.r2.put(key, JSON.stringify(record), { customMetadata });
}
