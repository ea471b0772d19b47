/** R2 and KV that fail at random: before they do a thing, after they have done it, or slowly. Upstream is spoilt by its own rules. */
import { env } from 'cloudflare:workers';
import type { Rule } from '../../tools/release-server/tenant.ts';

export interface Faults {
  readonly bucket: R2Bucket;
  readonly namespace: KVNamespace;
  /** Between 0 and 1: how often a call is struck. */
  share: number;
  /** How many calls were struck, by what. */
  readonly struck: Record<string, number>;
}

type Work = () => Promise<unknown>;

/** Random faults over the real emulation; `random` is seeded, so that a run can be told by its seed. */
export function randomFaults(random: () => number): Faults {
  const struck: Record<string, number> = {};
  const note = (what: string) => {
    struck[what] = (struck[what] ?? 0) + 1;
  };
  const faults: Faults = { bucket: env.RELEASES, namespace: env.MACHINES, share: 0, struck };
  const spoilt = async (store: string, work: Work): Promise<unknown> => {
    if (random() >= faults.share) return await work();
    const kind = random();
    if (kind < 0.5) {
      note(`${store} refused`);
      throw new Error(`${store}: internal error (10001)`);
    }
    if (kind < 0.75) {
      // The worst kind: it was done, and nobody is told.
      await work().catch(() => undefined);
      note(`${store} answer lost`);
      throw new Error(`${store}: Network connection lost`);
    }
    note(`${store} slow`);
    await new Promise((resolve) => setTimeout(resolve, random() * 400));
    return await work();
  };
  const watched = <T extends object>(binding: T, store: string): T =>
    new Proxy(binding, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const call = () => Reflect.apply(member, target, args) as unknown;
          if (name === 'resumeMultipartUpload') return watched(call() as object, store);
          const result = spoilt(store, async () => await call());
          return name === 'createMultipartUpload' ? result.then((upload) => watched(upload as object, store)) : result;
        };
      },
    });
  return Object.assign(faults, { bucket: watched(env.RELEASES, 'R2'), namespace: watched(lateKv(random), 'KV') });
}

/** A namespace that may give what was written some changes ago, or nothing, as KV may for a minute and more. */
function lateKv(random: () => number): KVNamespace {
  const history = new Map<string, { value: string; metadata: unknown }[]>();
  const nothing = { value: null, metadata: null };
  const read = (key: string) => {
    const written = history.get(key) ?? [];
    return written.at(-1 - Math.floor(random() * 3)) ?? nothing;
  };
  return {
    get: async (key: string) => read(key).value,
    getWithMetadata: async (key: string) => read(key),
    put: async (key: string, value: string, options?: { metadata?: unknown }) => {
      history.set(key, [...(history.get(key) ?? []), { value, metadata: options?.metadata ?? null }]);
    },
  } as unknown as KVNamespace;
}

/** What upstream does badly for a while. */
export function upstreamFaults(random: () => number): Rule[] {
  const times = 1 + Math.floor(random() * 4);
  const skip = Math.floor(random() * 3);
  const choices: Rule[] = [
    { path: '.', status: 500, times, skip },
    { path: '.', status: 503, times: times * 3 },
    { path: 'bz2$', method: 'GET', cutAfter: Math.floor(random() * 600_000), times },
    { path: 'bz2$', method: 'GET', chunkDelayMs: 60, times },
    { path: 'version', status: 502, times },
    { path: 'sig$', status: 500, times },
    { path: '.', delayMs: Math.floor(random() * 1500), times },
  ];
  const chosen = choices[Math.floor(random() * choices.length)];
  return chosen === undefined ? [] : [chosen];
}
