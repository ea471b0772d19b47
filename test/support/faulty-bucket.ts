/** A bucket with faults of a test's choosing in front of it. */

/** What becomes of a call. `cut` and `stalls` are about the body of a `get`; `absent` finds nothing where there is something. */
export type Mood = 'well' | 'throws' | 'hangs' | 'slow' | 'absent' | 'cut' | 'stalls';

export interface FaultyBucket {
  readonly bucket: R2Bucket;
  mood: Mood;
  /** Decides call by call, where the mood is well. */
  moodOf: (operation: string, key: string) => Mood;
  /** How long a slow call takes before it is begun. */
  pause: () => Promise<void>;
  /** Operations that were begun, by name. */
  readonly calls: string[];
}

const GUARDED = new Set(['head', 'get', 'put', 'list', 'delete']);
const never = <T>() => new Promise<T>(() => undefined);

export function faultyBucketOver(real: R2Bucket): FaultyBucket {
  const faulty: FaultyBucket = {
    mood: 'well',
    moodOf: () => 'well',
    pause: async () => undefined,
    calls: [],
    bucket: real,
  };
  const bucket = new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      const operation = String(property);
      if (!GUARDED.has(operation)) return method;
      return async (...args: unknown[]) => {
        faulty.calls.push(operation);
        const mood = faulty.mood === 'well' ? faulty.moodOf(operation, String(args[0])) : faulty.mood;
        if (mood === 'throws') throw new Error('R2: internal error (10001)');
        if (mood === 'hangs') return await never();
        if (mood === 'absent') return null;
        if (mood === 'slow') await faulty.pause();
        const answer = await method(...args);
        return operation === 'get' && answer !== null ? withBodyOf(answer as R2ObjectBody, mood) : answer;
      };
    },
  });
  return Object.assign(faulty, { bucket });
}

/** The object with a body that breaks off, as far as records of text are read. */
function withBodyOf(object: R2ObjectBody, mood: Mood): object {
  if (mood !== 'cut' && mood !== 'stalls') return object;
  const { key, etag, size, uploaded, customMetadata } = object;
  const text = mood === 'cut' ? () => Promise.reject(new Error('Network connection lost')) : never<string>;
  return { key, etag, size, uploaded, customMetadata, text };
}
