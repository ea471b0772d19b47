/** A namespace that gives what was written some changes ago, or nothing, as KV may for a minute and more. */

export interface LateNamespace {
  readonly namespace: KVNamespace;
  mood: 'well' | 'throws' | 'hangs';
  /** How many writes of a key behind a read is; by default none. */
  lag: (key: string) => number;
  reads: number;
}

export function lateNamespace(): LateNamespace {
  const history = new Map<string, { value: string; metadata: unknown }[]>();
  const guarded = async <T>(work: () => T): Promise<T> => {
    if (late.mood === 'throws') throw new Error('KV: 500');
    if (late.mood === 'hangs') await new Promise(() => undefined);
    return work();
  };
  const read = (key: string) => {
    late.reads += 1;
    const written = history.get(key) ?? [];
    return written.at(-1 - late.lag(key)) ?? { value: null, metadata: null };
  };
  const namespace = {
    get: (key: string) => guarded(() => read(key).value),
    getWithMetadata: (key: string) => guarded(() => read(key)),
    put: (key: string, value: string, options?: { metadata?: unknown }) =>
      guarded(() => {
        history.set(key, [...(history.get(key) ?? []), { value, metadata: options?.metadata ?? null }]);
      }),
  };
  const late: LateNamespace = {
    mood: 'well',
    lag: () => 0,
    reads: 0,
    namespace: namespace as unknown as KVNamespace,
  };
  return late;
}
