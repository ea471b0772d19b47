/**
 * Random interleavings of operator calls and boots over a KV that is late at random, against a sequential model: every answer must
 * be one that the model allows at some moment between the question and the answer.
 */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lateNamespace } from '../support/faulty-stores.ts';
import { pathsOf } from '../support/json.ts';
import { config, type Issued, machineEdge } from '../support/operator.ts';

const MACHINES = ['a', 'b'] as const;
type Name = (typeof MACHINES)[number];

type Step =
  | { readonly do: 'put'; readonly machine: Name; readonly config: boolean; readonly profile: boolean }
  | { readonly do: 'profile' }
  | { readonly do: 'revoke' | 'reissue' | 'delete'; readonly machine: Name }
  | { readonly do: 'boot'; readonly machine: Name; readonly url: number };

const machine = fc.constantFrom(...MACHINES);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), machine, config: fc.boolean(), profile: fc.boolean() }),
  fc.record({ do: fc.constant('profile' as const) }),
  fc.record({ do: fc.constantFrom('revoke' as const, 'reissue' as const, 'delete' as const), machine }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('boot' as const), machine, url: fc.nat(5) }) },
);

interface Model {
  /** Paths of the machine's own config; `undefined`: it has none. */
  user: string | undefined;
  profile: boolean;
  exists: boolean;
  /** URLs that work. */
  live: Set<string>;
}

let runs = 0;

/** What boots allow at this moment. */
function allowed(model: Model, base: number, url: string): string {
  if (!model.exists || !model.live.has(url)) return '410';
  const profile = model.profile ? [`/base-${base}`] : [];
  const second = model.user ?? (model.profile ? `/default-${base}` : undefined);
  return JSON.stringify([...profile, ...(second === undefined ? [] : [second])]);
}

async function play(steps: readonly Step[], lags: readonly number[]): Promise<void> {
  runs += 1;
  const prefix = `r${runs}`;
  const kv = lateNamespace();
  let reads = 0;
  kv.lag = () => lags[reads++ % lags.length] ?? 0;
  const edge = machineEdge({ bindings: { RELEASES: env.RELEASES, MACHINES: kv.namespace } });
  let base = 0;
  const setProfile = async () => {
    base += 1;
    await edge.putProfile(prefix, { base: config(`/base-${base}`), default: config(`/default-${base}`) });
  };
  await setProfile();
  const models = new Map<Name, Model>(
    MACHINES.map((name) => [name, { user: undefined, profile: false, exists: false, live: new Set() }]),
  );
  const given = new Map<Name, string[]>(MACHINES.map((name) => [name, []]));
  const learn = (name: Name, issued: Pick<Issued, 'urls'>) => {
    models.get(name)?.live.add(issued.urls.ignition);
    given.get(name)?.push(issued.urls.ignition);
  };
  let writes = 0;
  for (const one of steps) {
    if (one.do === 'profile') {
      await setProfile();
      continue;
    }
    const model = models.get(one.machine) as Model;
    const id = `${prefix}-${one.machine}`;
    if (one.do === 'put') {
      writes += 1;
      const user = one.config ? `/user-${writes}` : undefined;
      const issued = await edge.putMachine(
        id,
        user === undefined ? '' : config(user),
        one.profile ? `?profile=${prefix}` : '',
      );
      if (!model.exists) model.live.clear();
      Object.assign(model, { user, profile: one.profile, exists: true });
      learn(one.machine, issued);
    } else if (one.do === 'boot') {
      const urls = given.get(one.machine) ?? [];
      const url = urls[one.url % Math.max(urls.length, 1)];
      if (url === undefined) continue;
      const answer = await edge.boot(url);
      const text = await answer.text();
      const seen = answer.status === 200 ? JSON.stringify(pathsOf(text)) : String(answer.status);
      expect(seen).toBe(allowed(model, base, url));
    } else if (one.do === 'delete') {
      const { status } = await edge.call('DELETE', `/api/machines/${id}`);
      expect(status).toBe(given.get(one.machine)?.length === 0 ? 404 : model.exists ? 200 : 410);
      model.exists = false;
    } else {
      const body = JSON.stringify(one.do === 'revoke' ? { revoke: true } : {});
      const answer = await edge.call('POST', `/api/machines/${id}/token`, body);
      if (!model.exists) continue;
      if (one.do === 'revoke') model.live.clear();
      learn(one.machine, (await answer.json()) as Issued);
    }
    // Copies reach KV now, later, or never before the next step.
    if (lags[writes % lags.length] !== 0) await edge.settle();
  }
}

it('1,000 interleavings over a late KV give no answer that the model does not allow', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 10 }),
      fc.array(fc.constantFrom(0, 0, 1, 2, 99), { minLength: 1, maxLength: 7 }),
      play,
    ),
    { numRuns: 1000 },
  );
}, 280_000);

it('boots during a replacement get the one or the other, whole', async () => {
  const edge = machineEdge();
  await edge.putProfile('race', { base: config('/base') });
  const { urls } = await edge.putMachine('race', config('/0'), '?profile=race');
  for (let round = 1; round <= 20; round += 1) {
    const [, ...answers] = await Promise.all([
      edge.putMachine('race', config(`/${round}`), '?profile=race'),
      ...Array.from({ length: 5 }, () => edge.boot(urls.ignition)),
    ]);
    for (const answer of answers) {
      const paths = pathsOf(await answer.text());
      expect([
        ['/base', `/${round - 1}`],
        ['/base', `/${round}`],
      ]).toContainEqual(paths);
    }
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/base', `/${round}`]);
  }
});
