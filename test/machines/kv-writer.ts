/**
 * A writer of KV who may write anything: older texts under the current etag, another's record, a record changed by hand, garbage, metadata
 * of any shape, and a mark of its own. Every boot must be answered as if there were no such writer.
 */
import type { MachineStores } from '../support/machine-rooms.ts';
import { seeded } from '../support/seeded.ts';

const KEYS = ['machine:a', 'machine:b', 'profile:p', 'records:signed'] as const;

export interface KvWriter {
  /** Remembers every text that R2 holds at the moment. */
  look(): void;
  meddle(seed: number): Promise<void>;
}

export function kvWriter(stores: MachineStores): KvWriter {
  const seen = new Map<string, { text: string; etag: string }>();
  const look = () => {
    for (const [key, { bytes, etag }] of stores.memory.objects) {
      if (!/^(machines|profiles)\//.test(key)) continue;
      const text = new TextDecoder().decode(bytes);
      seen.set(text, { text, etag });
    }
  };
  const meddle = async (seed: number) => {
    look();
    const random = seeded(seed);
    const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
    // Most often the copies of one key, for only a wrong text under the current etag could be believed.
    const key = oneOf([...KEYS, 'machine:a', 'machine:b', 'profile:p'] as const);
    const [kind, name] = key.split(':');
    const current = stores.memory.objects.get(`${kind}s/${name}.json`);
    const currentText = current === undefined ? '{}' : new TextDecoder().decode(current.bytes);
    const older = [...seen.values()];
    const own = older.filter(({ text }) => text.includes(`"${name}"`));
    const byHand = (changes: object) => JSON.stringify({ ...(JSON.parse(currentText) as object), ...changes });
    const epochs = own.map(({ text }) => (JSON.parse(text) as { epoch?: string }).epoch ?? 'x');
    const text = oneOf([
      () => oneOf(own)?.text ?? '',
      () => oneOf(own)?.text ?? '',
      () => oneOf(older)?.text ?? '',
      () => byHand({ userData: null, base: null }),
      () => byHand({ deletedAt: null, epoch: oneOf(epochs) ?? 'x' }),
      () => byHand({ deletedAt: '2025-01-01T00:00:00.000Z' }),
      () => byHand({ profile: null, kind: 'none' }),
      () => oneOf(['', 'null', '[]', '{', '\u0000', '{"__proto__":{}}']),
    ])();
    const etag = current?.etag ?? 'none';
    const metadata = oneOf<unknown>([
      { etag },
      { etag },
      { etag },
      { etag, sha256: 'x', mac: 'x' },
      { etag: oneOf(older)?.etag },
      { etag: 7 },
      null,
      'text',
      { etag: [etag] },
    ]);
    await stores.kv.namespace.put(key, text, { metadata });
  };
  return { look, meddle };
}
