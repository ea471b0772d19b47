/** What is published, and what `current` names, whatever comes in between: lost answers, late files, quarantine, revocation. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, it } from 'vitest';
import { type Edge, type EdgeOptions, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { faultyBucket } from '../support/faulty-stores.ts';
import { movingClock } from '../support/moving-clock.ts';
import { KERNEL, PAIR } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const HOUR = 3_600_000;

let tenant: UpstreamTenant;
let clock: ReturnType<typeof movingClock>;
beforeEach(async () => {
  await reset();
  clock = movingClock();
  tenant = new UpstreamTenant('publication');
  await tenant.release({ ...PAIR, version: '4593.2.5', files: { [KERNEL]: 5000 }, aliases: ['current'], bare: true });
});

const open = (options: EdgeOptions = {}, vars: Record<string, string> = {}) =>
  openEdge(tenant, {
    ...options,
    platform: clock.platform,
    vars: { OPERATOR_TOKEN, MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${KERNEL},late.bin`, ...vars },
  });
const api = async (edge: Edge, method: string, path: string) => {
  const answer = await edge.fetch(`/api/${path}`, { method, headers: OPERATOR });
  return { status: answer.status, body: await answer.json<{ state?: string; reason?: string; pin?: string }>() };
};
const mirror = async (edge: Edge, version: string) => {
  await api(edge, 'PUT', `mirrors/stable/amd64-usr/${version}`);
  return await edge.runAll();
};
const current = async (edge: Edge) =>
  /_VERSION=(.*)/.exec(await (await edge.fetch('/stable/amd64-usr/current/version.txt')).text())?.[1];

it('a start whose answer the store lost is launched all the same', async () => {
  const faulty = faultyBucket();
  const edge = await open({ bindings: { RELEASES: faulty.bucket } });
  let lost = 0;
  const { bucket } = faulty;
  const losing = new Proxy(bucket, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name !== 'put' || typeof member !== 'function') return member;
      return async (key: string, ...rest: unknown[]) => {
        const done: unknown = await Reflect.apply(member, target, [key, ...rest]);
        if (key === 'status/stable/amd64-usr/4593.2.5.json' && lost === 0) {
          lost += 1;
          throw new Error('Network connection lost');
        }
        return done;
      };
    },
  });
  const unlucky = await open({ bindings: { RELEASES: losing as R2Bucket } });
  expect((await api(unlucky, 'PUT', 'mirrors/stable/amd64-usr/4593.2.5')).status).toBe(202);
  expect([lost, unlucky.launched.length]).toEqual([1, 1]);
  expect(await unlucky.runAll()).toEqual(['complete']);
  expect(await current(edge)).toBe('4593.2.5');
});

it('a release that only a download had mirrored moves no alias when a late file reopens it', async () => {
  const edge = await open({}, { MIRROR_ON_DEMAND: 'true' });
  await mirror(edge, '4593.2.5');
  await tenant.release({ ...PAIR, version: '4593.2.6', files: { [KERNEL]: 6000 }, bare: true });
  await (await edge.fetch(`/stable/amd64-usr/4593.2.6/${KERNEL}`)).arrayBuffer();
  await edge.settle();
  expect(await edge.runAll()).toEqual(['complete']);
  await tenant.release({ ...PAIR, version: '4593.2.6', files: { [KERNEL]: 6000, 'late.bin': 100 }, bare: true });
  clock.advance(HOUR);
  await edge.poll();
  expect(await edge.runAll()).toEqual(['complete']);
  expect(await current(edge)).toBe('4593.2.5');
});

it.each([
  ['before the manifest', 'manifests/stable/amd64-usr/4593.2.5.json'],
  ['between the manifest and the lists', 'index/stable/amd64-usr.json'],
  ['between the lists and the alias', 'alias/stable/amd64-usr/current.json'],
])('a quarantine while publish is under way wins, %s: no alias names it, no list has it', async (_when, moment) => {
  await tenant.release({ ...PAIR, version: '4593.2.4', files: { [KERNEL]: 4000 }, bare: true });
  const calm = await open();
  await mirror(calm, '4593.2.4');
  let isTaken = false;
  const meddling = new Proxy(env.RELEASES, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (key: string, ...rest: unknown[]) => {
        if (name === 'put' && key === moment && !isTaken) {
          isTaken = true;
          expect((await api(calm, 'DELETE', 'releases/stable/amd64-usr/4593.2.5')).status).toBe(200);
        }
        return (await Reflect.apply(member, target, [key, ...rest])) as unknown;
      };
    },
  });
  const edge = await open({ bindings: { RELEASES: meddling as R2Bucket } });
  await mirror(edge, '4593.2.5');
  expect(isTaken).toBe(true);
  expect(await current(calm)).toBe('4593.2.4');
  expect((await calm.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).status).toBe(404);
});

it('a release that is not mirrored is blocked: it is not passed through, and no alias leads to it', async () => {
  const edge = await open({}, { MIRROR: '' });
  expect((await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).status).toBe(200);
  await edge.settle();
  expect(await api(edge, 'DELETE', 'releases/stable/amd64-usr/4593.2.5')).toMatchObject({
    status: 200,
    body: { version: '4593.2.5', state: 'blocked', publishedAt: null, quarantine: { by: 'operator' } },
  });
  for (const where of [edge, await open({}, { MIRROR: '' })]) {
    for (const path of [`4593.2.5/${KERNEL}`, `4593.2.5/${KERNEL}.sig`, `current/${KERNEL}`, 'current/version.txt']) {
      expect((await where.fetch(`/stable/amd64-usr/${path}`)).status, path).toBe(404);
    }
  }
});

it('a file that the mirror finds bad is refused by pass-through and told on /healthz, without one more download', async () => {
  await tenant.flip(`stable/amd64-usr/4593.2.5/${KERNEL}`, 100);
  const edge = await open();
  expect(await mirror(edge, '4593.2.5')).toEqual(['failed']);
  await tenant.forget();
  const answer = await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
  expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(/^bad-signature/)]);
  await edge.settle();
  expect((await tenant.log(/vmlinuz$/)).filter(({ method }) => method === 'GET')).toEqual([]);
  expect(await (await edge.fetch('/healthz', { headers: OPERATOR })).json()).toMatchObject({
    status: 'degraded',
    refused: [{ path: `/stable/amd64-usr/4593.2.5/${KERNEL}`, reason: 'bad-signature' }],
  });
});

it('a revocation that came while files were copied is seen before publication', async () => {
  const edge = await open({
    doStep: async (name, work) => {
      if (name === 'publish') {
        // Another isolate has just refreshed the keyring.
        await env.RELEASES.put('keyring.asc', (await tenant.key({ key: 'common' })).compromised);
        clock.advance(70_000);
      }
      return await work();
    },
  });
  expect(await mirror(edge, '4593.2.5')).toEqual(['failed']);
  const { body } = await api(edge, 'GET', 'mirrors/stable/amd64-usr/4593.2.5');
  expect(body.reason).toBe('revoked-key');
});

it('a store that fails for a moment does not make the poll move current onto what was distrusted', async () => {
  const edge = await open();
  await mirror(edge, '4593.2.5');
  const faulty = faultyBucket();
  const shaky = await open({ bindings: { RELEASES: faulty.bucket } });
  let reads = 0;
  faulty.moodOf = (operation, key) => {
    if (operation !== 'get' || !key.startsWith('manifests/')) return 'well';
    reads += 1;
    return reads === 2 ? 'throws' : 'well';
  };
  const answer = await shaky.fetch('/api/mirrors/stable/amd64-usr/4593.2.5', { method: 'PUT', headers: OPERATOR });
  expect(answer.status).toBe(503);
});

it('an alias is no explicit wish: what was quarantined stays so until its number is asked for', async () => {
  const edge = await open();
  await mirror(edge, '4593.2.5');
  await api(edge, 'DELETE', 'releases/stable/amd64-usr/4593.2.5');
  expect((await api(edge, 'PUT', 'mirrors/stable/amd64-usr/current')).status).toBe(409);
  expect((await api(edge, 'PUT', 'mirrors/stable/amd64-usr/4593.2.5')).status).toBe(202);
});
