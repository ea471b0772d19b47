/** Announcements: what happens here is told to every receiver that is named, in order, signed, until it is taken or a day is over. */
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, it } from 'vitest';
import { shownUrl } from '../../src/announcements/receivers.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { movingClock } from '../support/moving-clock.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';
import { seeded } from '../support/seeded.ts';

const SECRET = 'webhook-secret-of-at-least-32-bytes';
const PAIR = 'stable/amd64-usr';
const HOOK = 'https://ci.test/hook';
const HOUR = 3_600_000;

interface Told {
  readonly url: string;
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly status: number;
}

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
});

/** An edge that is told what its receivers were sent. Time passes while deliveries wait. */
async function announcing(urls: string, answers: (url: string, passed: number) => number | 'silence' = () => 204) {
  const clock = movingClock();
  const { now } = clock.platform;
  const start = now();
  const told: Told[] = [];
  const edge = await nodeEdge({
    key,
    versions: ['4593.2.4', '4593.2.5'],
    vars: { ANNOUNCE_URLS: urls, WEBHOOK_SECRET: SECRET },
    platform: { now, random: seeded(7) },
    elsewhere: async (request) => {
      const body = await request.text();
      const headers = Object.fromEntries(request.headers);
      const answer = answers(request.url, now() - start);
      const at = new Date(Number(headers['webhook-timestamp']) * 1000);
      const signature = new Webhook(SECRET, { format: 'raw' }).sign(headers['webhook-id'] ?? '', at, body);
      if (headers['webhook-signature'] !== signature || Math.abs(now() - at.getTime()) > 2_000)
        throw new Error('the signature is wrong');
      const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
      const status = answer === 'silence' ? 0 : answer;
      told.push({ url: request.url, id: headers['webhook-id'] ?? '', type, data, status });
      if (answer === 'silence') throw new Error('connection reset');
      return new Response(null, { status: answer });
    },
  });
  const deliver = () =>
    edge.deliver(async (milliseconds) => {
      clock.advance(milliseconds);
    });
  return { edge, clock, told, deliver, passed: () => now() - start };
}

const taken = (told: readonly Told[]) => told.filter(({ status }) => status >= 200 && status < 300);
const typesOf = (told: readonly Told[]) => taken(told).map(({ type }) => type);
const names = ({ data }: Told) => String(data['alias']);
const listed = async (edge: NodeEdge) =>
  (await (await edge.call('GET', '/api/announcements')).json()) as {
    receivers: Record<string, unknown>[];
    items: { id: string; type: string; deliveries: Record<string, unknown>[] }[];
  };

describe('announcements', () => {
  it('a release is told once when it is published, and then the alias that it moves', async () => {
    const { edge, told, deliver } = await announcing(HOOK);
    await edge.mirror('4593.2.5');
    await deliver();
    expect(typesOf(told)).toEqual(['release.published', 'alias.moved']);
    expect(told[0]?.data).toMatchObject({ channel: 'stable', board: 'amd64-usr', version: '4593.2.5' });
    expect(Object.keys(told[0]?.data['files'] as object)).toContain('version.txt');
    expect(told[1]?.data).toMatchObject({ alias: 'current', version: '4593.2.5', before: null });
    // The job runs again, the poll comes round: nothing is told twice.
    await edge.mirror('4593.2.5').catch(() => undefined);
    await edge.poll();
    await deliver();
    expect(told).toHaveLength(2);
  });

  it('pins, rings that move by themselves, quarantines and failures are told', async () => {
    const { edge, told, deliver, clock } = await announcing(HOOK);
    await edge.mirror('4593.2.4');
    await edge.mirror('4593.2.5');
    await edge.call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"PT1H"}');
    clock.advance(HOUR);
    await edge.poll();
    await edge.call('PUT', `/api/aliases/${PAIR}/current`, '{"version":"4593.2.4"}');
    await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.5?reason=breaks`);
    await edge.call('PUT', `/api/mirrors/${PAIR}/4000.2.0`);
    await edge.runAll();
    await deliver();
    const moves = taken(told).filter(({ type }) => type === 'alias.moved');
    // The last two are of one moment.
    const inOrder = [...moves.slice(0, 3), ...moves.slice(3).toSorted((a, b) => (names(a) < names(b) ? -1 : 1))];
    expect(inOrder.map(({ data }) => [data['alias'], data['before'], data['version']])).toEqual([
      ['current', null, '4593.2.4'],
      ['current', '4593.2.4', '4593.2.5'],
      ['prod', null, '4593.2.5'],
      ['current', '4593.2.5', '4593.2.4'],
      ['prod', '4593.2.5', '4593.2.4'],
    ]);
    const rest = taken(told).filter(({ type }) => !['alias.moved', 'release.published'].includes(type));
    expect(rest.map(({ type, data }) => [type, data['version'], data['reason']])).toEqual([
      ['release.quarantined', '4593.2.5', 'breaks'],
      ['release.failed', '4000.2.0', 'absent'],
    ]);
  });

  it('a machine that calls back is told once a boot, with its labels and without a secret', async () => {
    const { edge, told, deliver, clock } = await announcing(`${HOOK} machine.booted`);
    await edge.mirror('4593.2.5');
    const made = await edge.call('PUT', '/api/machines/vm-1?label=rack=7', '{"ignition":{"version":"3.4.0"}}');
    const { urls } = (await made.json()) as { urls: { ignition: string } };
    const done = urls.ignition.replace('http://edge.test', '').replace(/ignition$/, 'done');
    for (const wait of [0, 1_000, 120_000]) {
      clock.advance(wait);
      expect((await edge.fetch(done, { method: 'POST', body: 'uname' })).status).toBe(204);
      await edge.settle();
    }
    await deliver();
    expect(typesOf(told)).toEqual(['machine.booted', 'machine.booted']);
    expect(told[0]?.data).toMatchObject({ machine: 'vm-1', version: 'current', labels: { rack: '7' }, said: 'uname' });
    expect(JSON.stringify(told)).not.toContain(done.split('/')[2]);
  });

  it('every release reaches a receiver that fails at random for an hour: at least once, with one id, in order', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seeded(seed);
      const { edge, told, deliver, clock } = await announcing(`${HOOK} release.*`, (_url, passed) => {
        if (passed >= HOUR) return 204;
        const dice = random();
        return dice < 0.3 ? 'silence' : dice < 0.5 ? 500 : dice < 0.6 ? 429 : dice < 0.7 ? 302 : 204;
      });
      for (const version of ['4593.2.4', '4593.2.5']) {
        await edge.mirror(version);
        clock.advance(1_000);
      }
      await deliver();
      const versions = taken(told).map(({ data }) => data['version']);
      expect(versions).toEqual(['4593.2.4', '4593.2.5']);
      for (const version of versions) {
        const ids = told.filter(({ data }) => data['version'] === version).map(({ id }) => id);
        expect(new Set(ids).size).toBe(1);
      }
      expect(told.length).toBeGreaterThan(2);
    }
  });

  it('a receiver that never answers holds up nobody, and is given up after a day', async () => {
    const { edge, told, deliver, passed } = await announcing(`https://dead.test/ release.*,${HOOK} release.*`, (url) =>
      url.startsWith('https://dead.test/') ? 'silence' : 204,
    );
    await edge.mirror('4593.2.4');
    await edge.mirror('4593.2.5');
    expect(told).toEqual([]);
    await deliver();
    expect(taken(told).map(({ data }) => data['version'])).toEqual(['4593.2.4', '4593.2.5']);
    const dead = told.filter(({ url }) => url === 'https://dead.test/');
    expect(dead.length).toBeGreaterThan(20);
    expect(dead.length).toBeLessThan(60);
    expect(passed()).toBeGreaterThan(24 * HOUR);
    expect(passed()).toBeLessThan(28 * HOUR);
    const { items, receivers } = await listed(edge);
    expect(receivers).toMatchObject([
      { url: 'https://dead.test/', waiting: 0, lastFailure: 'no connection' },
      { url: HOOK, waiting: 0, failures: 0, lastFailure: null },
    ]);
    expect(items.map(({ deliveries }) => deliveries.map(({ state }) => state))).toEqual([
      ['given-up', 'delivered'],
      ['given-up', 'delivered'],
    ]);
  });

  it('what was given up can be sent again, with the same id and body', async () => {
    let isBack = false;
    const { edge, told, deliver } = await announcing(`${HOOK}?token=xyz release.*`, () => (isBack ? 200 : 410));
    await edge.mirror('4593.2.5');
    await deliver();
    const [first] = (await listed(edge)).items;
    expect(first?.deliveries).toMatchObject([{ url: `${HOOK}?…`, state: 'given-up', status: 410, attempts: 1 }]);
    isBack = true;
    const dry = await edge.call('POST', `/api/announcements/${first?.id}/send?dry_run=1`);
    expect(await dry.json()).toMatchObject({ dryRun: true, results: [{ isTaken: false }] });
    expect(told).toHaveLength(1);
    const sent = await edge.call('POST', `/api/announcements/${first?.id}/send`);
    expect(await sent.json()).toMatchObject({ dryRun: false, results: [{ isTaken: true, status: 200 }] });
    expect(told[1]).toEqual({ ...told[0], status: 200 });
    const shown = await edge.call('GET', `/api/announcements/${first?.id}`);
    expect(await shown.json()).toMatchObject({ type: 'release.published', data: { version: '4593.2.5' } });
  });

  it('a stage of an expiring key that began weeks ago is tried for a day, and an expired key is told once', async () => {
    const DAY = 24 * HOUR;
    const clock = movingClock();
    const { now } = clock.platform;
    const created = new Date('2025-01-01T00:00:00Z');
    const subkeyLifetime = Math.floor((now() + 45 * DAY - created.getTime()) / 1000);
    const ending = await makeSigningKey({ created, subkeyLifetime });
    const told: string[] = [];
    const edge = await nodeEdge({
      key: ending,
      vars: { ANNOUNCE_URLS: `${HOOK} key.expiring`, WEBHOOK_SECRET: SECRET },
      platform: { now, random: seeded(7) },
      elsewhere: async (request) => {
        told.push(request.headers.get('webhook-id') ?? '');
        return new Response(null, { status: told.length === 1 ? 503 : 204 });
      },
    });
    const round = async () => {
      await edge.poll();
      await edge.errands();
      await edge.deliver(async (milliseconds) => clock.advance(milliseconds));
    };
    await round();
    expect([told.length, new Set(told).size]).toEqual([2, 1]);
    for (let day = 0; day < 120; day += 1) {
      clock.advance(DAY);
      await round();
    }
    // 60, 30, 14, 7, 3 and 1 days before, and the end itself; the first one twice.
    expect([told.length, new Set(told).size]).toEqual([8, 7]);
  });

  it('a run that died is started again by the next minute', async () => {
    const { edge, told, deliver, clock } = await announcing(`${HOOK} release.*`);
    await edge.mirror('4593.2.5');
    edge.deliveries.splice(0);
    await edge.errands();
    expect(edge.deliveries).toEqual([]);
    clock.advance(6 * 60_000);
    await edge.errands();
    await deliver();
    expect(typesOf(told)).toEqual(['release.published']);
  });

  it('nothing is sent without a signature: it waits, and the health of the service says so', async () => {
    const told: string[] = [];
    const edge = await nodeEdge({
      key,
      vars: { ANNOUNCE_URLS: HOOK },
      elsewhere: async ({ url }) => {
        told.push(url);
        return new Response(null, { status: 204 });
      },
    });
    await edge.mirror('4593.2.5');
    await edge.errands();
    expect(edge.deliveries).toEqual([]);
    const health = (await (await edge.call('GET', '/healthz')).json()) as { todo: string[] };
    expect(health.todo.join()).toContain('announcements wait: set WEBHOOK_SECRET');
    const { receivers } = await listed(edge);
    expect(receivers).toMatchObject([{ waiting: 2 }]);
    expect(told).toEqual([]);
  });

  it.each([
    ['https://user:word@ci.test/', 'without credentials'],
    ['ftp://ci.test/', 'http or https'],
    [`${HOOK} release.gone`, 'release.gone is none of'],
    [`${HOOK},${HOOK}`, 'twice'],
  ])('ANNOUNCE_URLS=%s is refused', async (urls, why) => {
    const edge = await nodeEdge({ key, vars: { ANNOUNCE_URLS: urls } });
    const answer = await edge.fetch('/healthz');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain(why);
  });
});

it.each([
  ['https://ci.test/hook', 'https://ci.test/hook'],
  ['https://ci.test/hook?key=secret', 'https://ci.test/hook?…'],
  [
    'https://hooks.slack.com/services/T0001/B0001/abcdefghijklmnopqrstuvwx',
    'https://hooks.slack.com/services/T0001/B0001/abc…',
  ],
])('whoever may read sees of the receiver %s no token: %s', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
