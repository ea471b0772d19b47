/** R2 and KV with faults of a test's choosing in front of the real emulation. */
import { env } from 'cloudflare:workers';

type Mood = 'well' | 'throws' | 'hangs';

/** Operations of R2 that were begun, by name. */
export interface FaultyBucket {
  readonly bucket: R2Bucket;
  mood: Mood;
  /** Decides call by call, where the mood is well. */
  moodOf: (operation: string, key: string) => Mood;
  readonly calls: string[];
}

const GUARDED = new Set(['head', 'get', 'put', 'list', 'delete']);

export function faultyBucket(real: R2Bucket = env.RELEASES): FaultyBucket {
  const faulty: FaultyBucket = { mood: 'well', moodOf: () => 'well', calls: [], bucket: real };
  const bucket = new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (!GUARDED.has(String(property))) return method;
      return (...args: unknown[]) => {
        faulty.calls.push(String(property));
        const mood = faulty.mood === 'well' ? faulty.moodOf(String(property), String(args[0])) : faulty.mood;
        if (mood === 'throws') return Promise.reject(new Error('R2: internal error (10001)'));
        return mood === 'hangs' ? new Promise(() => undefined) : method(...args);
      };
    },
  });
  return Object.assign(faulty, { bucket });
}

/** A namespace that gives what was written some changes ago, or nothing, as KV may for a minute and more. */
export interface LateNamespace {
  readonly namespace: KVNamespace;
  mood: Mood;
  /** How many writes of a key behind a read is; by default none. */
  lag: (key: string) => number;
  reads: number;
}

export function lateNamespace(): LateNamespace {
  const history = new Map<string, { value: string; metadata: unknown }[]>();
  const late: LateNamespace = { mood: 'well', lag: () => 0, reads: 0, namespace: env.MACHINES };
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
  return Object.assign(late, { namespace: namespace as unknown as KVNamespace });
}
