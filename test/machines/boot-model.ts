/**
 * A sequential model of what machines boot, and random interleavings of operator calls and boots that are held against it: every answer
 * must be the one that the model allows, or 503 where a store is in trouble.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { pathsOf } from '../support/json.ts';
import { config, type Issued } from '../support/machine-texts.ts';

const MACHINES = ['a', 'b'] as const;
type Name = (typeof MACHINES)[number];

/** What is wrong with the stores while a machine boots. */
export type Trouble = 'none' | 'r2 throws' | 'r2 hangs' | 'kv throws' | 'kv hangs';

type Step =
  | { readonly do: 'put'; readonly machine: Name; readonly config: boolean; readonly profile: boolean }
  | { readonly do: 'profile' }
  /** Somebody else writes KV. */
  | { readonly do: 'meddle'; readonly seed: number }
  | { readonly do: 'revoke' | 'reissue' | 'delete'; readonly machine: Name }
  | {
      readonly do: 'boot';
      readonly machine: Name;
      readonly url: number;
      readonly isolate: number;
      readonly trouble: Trouble;
    };

/** The service, and stores of its own for one interleaving. */
export interface Played {
  putProfile(texts: { readonly base: string; readonly default: string }): Promise<void>;
  putMachine(name: string, text: string, hasProfile: boolean): Promise<Issued>;
  renew(name: string, revoke: boolean): Promise<Issued | undefined>;
  /** `deleted now`, or why it was not: `unknown`, `deleted`. */
  deleteMachine(name: string): Promise<string>;
  /** By one of several isolates, each with its own memory. */
  boot(url: string, isolate: number, trouble: Trouble): Promise<{ status: number; text: string; seconds: number }>;
  settle(): Promise<void>;
  /** Writes anything into KV, as the seed says. */
  meddle?(seed: number): Promise<void>;
}

export interface Interleaving {
  readonly steps: readonly Step[];
  /** How many writes KV is behind, read by read, again and again; 99: it has nothing yet. */
  readonly lags: readonly number[];
}

export function interleavings(
  troubles: readonly Trouble[],
  isolates: number,
  meddling = 0,
): fc.Arbitrary<Interleaving> {
  const machine = fc.constantFrom(...MACHINES);
  const trouble = fc.constantFrom(...troubles);
  const put = fc.record({ do: fc.constant('put' as const), machine, config: fc.boolean(), profile: fc.boolean() });
  const boot = { do: fc.constant('boot' as const), machine, url: fc.nat(5), isolate: fc.nat(isolates - 1), trouble };
  const step: fc.Arbitrary<Step> = fc.oneof(
    put,
    fc.record({ do: fc.constant('profile' as const) }),
    fc.record({ do: fc.constantFrom('revoke' as const, 'reissue' as const, 'delete' as const), machine }),
    { weight: 4, arbitrary: fc.record(boot) },
    { weight: meddling, arbitrary: fc.record({ do: fc.constant('meddle' as const), seed: fc.nat() }) },
  );
  return fc.record({
    // Without a machine there is nothing to boot.
    steps: fc
      .tuple(put, put, fc.array(step, { minLength: 4 + meddling, maxLength: 10 + meddling * 2 }))
      .map(([a, b, more]) => [a, b, ...more]),
    lags: fc.array(fc.constantFrom(0, 0, 1, 2, 99), { minLength: 1, maxLength: 7 }),
  });
}

/** The client gives up on headers after 10 s. */
const WITHIN_SECONDS = 8;

interface Model {
  /** Path of the machine's own config; `undefined`: it has none. */
  user: string | undefined;
  profile: boolean;
  exists: boolean;
  /** URLs that work. */
  readonly live: Set<string>;
  /** All that were ever given out. */
  readonly given: string[];
}

/** What boots allow at this moment. */
function allowed(model: Model, base: number, url: string): string {
  if (!model.exists || !model.live.has(url)) return '410';
  const profile = model.profile ? [`/base-${base}`] : [];
  const second = model.user ?? (model.profile ? `/default-${base}` : undefined);
  return JSON.stringify([...profile, ...(second === undefined ? [] : [second])]);
}

/** How many boots were answered, by what they were answered with. */
export type Tally = Map<string, number>;

/** Plays the steps and holds every answer against the model. */
export async function play({ steps, lags }: Interleaving, played: Played, tally: Tally): Promise<void> {
  let base = 0;
  let writes = 0;
  const models = new Map<Name, Model>(
    MACHINES.map((name) => [
      name,
      { user: undefined, profile: false, exists: false, live: new Set<string>(), given: [] },
    ]),
  );
  const setProfile = async () => {
    base += 1;
    await played.putProfile({ base: config(`/base-${base}`), default: config(`/default-${base}`) });
  };
  await setProfile();
  for (const step of steps) {
    if (step.do === 'profile') {
      await setProfile();
      continue;
    }
    if (step.do === 'meddle') {
      await played.meddle?.(step.seed);
      continue;
    }
    const name = step.machine;
    const model = models.get(name) as Model;
    const learn = ({ urls }: Issued) => {
      model.live.add(urls.ignition);
      model.given.push(urls.ignition);
    };
    if (step.do === 'put') {
      writes += 1;
      const user = step.config ? `/user-${writes}` : undefined;
      const issued = await played.putMachine(name, user === undefined ? '' : config(user), step.profile);
      if (!model.exists) model.live.clear();
      Object.assign(model, { user, profile: step.profile, exists: true });
      learn(issued);
    } else if (step.do === 'boot') {
      const url = model.given[step.url % Math.max(model.given.length, 1)];
      if (url === undefined) continue;
      const answer = await played.boot(url, step.isolate, step.trouble);
      const seen = answer.status === 200 ? JSON.stringify(pathsOf(answer.text)) : String(answer.status);
      const right = allowed(model, base, url);
      // R2 alone can prove what is current: KV in trouble is no reason to send a machine away.
      expect(step.trouble.startsWith('r2') ? [right, '503'] : [right]).toContain(seen);
      expect(answer.seconds).toBeLessThan(WITHIN_SECONDS);
      const kind = answer.status === 200 ? 'a config' : String(answer.status);
      tally.set(kind, (tally.get(kind) ?? 0) + 1);
    } else if (step.do === 'delete') {
      const expected = model.given.length === 0 ? 'unknown' : model.exists ? 'deleted now' : 'deleted';
      expect(await played.deleteMachine(name)).toBe(expected);
      model.exists = false;
    } else {
      const issued = await played.renew(name, step.do === 'revoke');
      expect(issued !== undefined).toBe(model.exists);
      if (issued === undefined) continue;
      if (step.do === 'revoke') model.live.clear();
      learn(issued);
    }
    // Copies reach KV now, later, or never before the next step.
    if (lags[writes % lags.length] !== 0) await played.settle();
  }
}
