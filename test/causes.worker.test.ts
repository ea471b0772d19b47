/** Mistakes of our own and faults of the stores: both stand in the log with their cause, and neither in an answer. */
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemPlatform } from '../src/shared/platform.ts';
import { type Edge, OPERATOR, OPERATOR_TOKEN, openEdge } from './support/edge.ts';
import { UpstreamTenant } from './support/upstream-tenant.ts';

const PLANTED = 'planted-by-a-test';
const FAULT = 'get: We encountered an internal error. Please try again. (10001)';
const RELEASE = {
  channel: 'stable',
  board: 'amd64-usr',
  version: '4593.2.5',
  files: { 'image.bin': 1000 },
  key: 'common',
};
const IGNITION = '{"ignition":{"version":"3.3.0"}}';

/** A binding whose methods throw what `thrown` makes, where it makes something. */
function planted<T extends object>(binding: T, thrown: (method: string, key: string) => Error | undefined): T {
  return new Proxy(binding, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const error = thrown(String(property), String(args[0]));
        if (error !== undefined) return Promise.reject(error);
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

const mistake = () => new TypeError(PLANTED);
const fault = () => new Error(FAULT);
/** Waits between attempts, a hundredth of them; the limits on stores stay longer than the stores take. */
const hurried = (milliseconds: number) =>
  systemPlatform.timer(milliseconds < 2_000 ? milliseconds / 100 : milliseconds);

let tenant: UpstreamTenant;
let thrown: (method: string, key: string) => Error | undefined;
let thrownByKv: (method: string, key: string) => Error | undefined;
let edge: Edge;

beforeEach(async () => {
  tenant = new UpstreamTenant('causes');
  await tenant.release(RELEASE);
  await tenant.alias('stable/amd64-usr/current', '4593.2.5');
  thrown = () => undefined;
  thrownByKv = () => undefined;
  edge = await openEdge(tenant, {
    vars: {
      OPERATOR_TOKEN,
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: 'version.txt,image.bin',
    },
    bindings: {
      RELEASES: planted(env.RELEASES, (method, key) => thrown(method, key)),
      MACHINES: planted(env.MACHINES, (method, key) => thrownByKv(method, key)),
    },
    platform: { timer: hurried },
  });
});

const call = (method: string, path: string, body?: string) =>
  edge.fetch(path, { method, headers: OPERATOR, ...(body === undefined ? {} : { body }) });
const bootPath = async (id: string) => {
  const issued = (await (await call('PUT', `/api/machines/${id}`, IGNITION)).json()) as { urls: { ignition: string } };
  await edge.settle();
  return new URL(issued.urls.ignition).pathname;
};
const bugs = () => edge.events.filter(({ bug }) => typeof bug === 'string' && bug.includes(PLANTED));

/** Requests, each with the call to R2 that its mistake is planted in. */
const REQUESTS: readonly (readonly [name: string, method: string, key: string, ask: () => Promise<Response>])[] = [
  ['a download', 'get', 'alias/', () => edge.fetch('/stable/amd64-usr/current/image.bin')],
  ['a listing', 'get', 'index/', () => edge.fetch('/stable/amd64-usr/')],
  ['the public index', 'get', 'releases.json', () => edge.fetch('/releases.json')],
  ['the list of jobs', 'list', '', () => call('GET', '/api/mirrors')],
  ['a machine that is written', 'put', 'machines/', () => call('PUT', '/api/machines/vm', IGNITION)],
  ['a machine that is read', 'get', 'machines/', () => call('GET', '/api/machines/vm')],
  ['a profile that is written', 'put', 'profiles/', () => call('PUT', '/api/profiles/web/base', IGNITION)],
  ['a pin', 'get', 'index/', () => call('PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"4593.2.5"}')],
];

describe('a mistake of our own in a call to a store', () => {
  it.each(REQUESTS)('%s: 500, the stack in the log, nothing in the answer', async (_name, method, key, ask) => {
    thrown = (asked, name) => (asked === method && (key === '' || name.startsWith(key)) ? mistake() : undefined);
    const response = await ask();
    const body = await response.text();
    await edge.settle();
    expect(response.status).toBe(500);
    expect(body).toMatch(/^internal error [0-9a-f-]{36}\n$/);
    const [event] = bugs();
    expect(event).toMatchObject({ event: 'request', status: 500 });
    expect(event?.['bug']).toContain('causes.worker.test.ts');
    expect(body).toContain(String(event?.['errorId']));
  });

  it('in a dry run is answered and logged like every other one', async () => {
    thrown = (asked, name) => (asked === 'get' && name.startsWith('profiles/') ? mistake() : undefined);
    const response = await call('PUT', '/api/profiles/web/base?dry_run=1', IGNITION);
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringMatching(/^internal error [0-9a-f-]{36}\n$/),
    ]);
    expect([response.headers.get('retry-after'), response.headers.get('cache-control')]).toEqual(['5', 'no-store']);
    await edge.settle();
    expect(bugs()[0]).toMatchObject({ event: 'request', status: 500 });
  });

  it('at boot: 500, which Ignition retries, and nothing of it in the answer', async () => {
    const path = await bootPath('vm-boot');
    thrown = (method) => (method === 'head' ? mistake() : undefined);
    const response = await edge.fetch(path);
    expect([response.status, (await response.text()).includes(PLANTED)]).toEqual([500, false]);
    await edge.settle();
    expect(bugs()).toHaveLength(1);
  });

  it('in KV: the machine boots all the same, and the log has the stack', async () => {
    const path = await bootPath('vm-kv');
    thrownByKv = () => mistake();
    const fresh = await edge.fetch(path);
    expect([fresh.status, await fresh.text()]).toEqual([200, IGNITION]);
    await edge.settle();
    expect(bugs().length).toBeGreaterThan(0);
    expect(bugs()[0]).toMatchObject({ event: 'bug' });
  });

  it('behind an answer: a boot event that cannot be written is told as a bug', async () => {
    const path = await bootPath('vm-event');
    thrown = (method, key) => (method === 'put' && key.startsWith('boots/') ? mistake() : undefined);
    expect((await edge.fetch(path)).status).toBe(200);
    await edge.settle();
    expect(bugs()).toMatchObject([{ event: 'bug' }]);
  });

  it('in a mirror job: the job says internal-error, the log has the stack', async () => {
    thrown = (method, key) => (method === 'put' && key.startsWith('files/') ? mistake() : undefined);
    await call('PUT', '/api/mirrors/stable/amd64-usr/4593.2.5');
    expect(await edge.runAll()).toEqual(['failed']);
    await edge.settle();
    const text = await (await call('GET', '/api/mirrors/stable/amd64-usr/4593.2.5')).text();
    expect(text).not.toContain(PLANTED);
    expect(JSON.parse(text)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/: internal-error$/),
      detail: expect.stringContaining('a bug of this software'),
    });
    expect(bugs().length).toBeGreaterThan(0);
    expect(bugs()[0]).toMatchObject({ event: 'mirror', step: expect.stringContaining('copy ') });
  });

  it('in a round of the cron: the round is told with its stack', async () => {
    thrown = (method, key) => (method === 'get' && key === 'mirror.json' ? mistake() : undefined);
    await edge.poll();
    expect(bugs()).toMatchObject([{ event: 'poll' }]);
  });
});

describe('a fault of a store', () => {
  it.each(REQUESTS)(
    '%s: 503, R2’s own words and code in the log, nothing of them in the answer',
    async (_name, method, key, ask) => {
      thrown = (asked, name) => (asked === method && (key === '' || name.startsWith(key)) ? fault() : undefined);
      const response = await ask();
      const body = await response.text();
      await edge.settle();
      expect(response.status).toBe(503);
      expect(body).not.toContain('10001');
      const event = edge.events.find(({ causeCode }) => causeCode !== undefined);
      expect(event).toMatchObject({ event: 'request', status: 503, cause: `Error: ${FAULT}`, causeCode: '10001' });
      expect(event?.['causeStack']).toContain('causes.worker.test.ts');
    },
  );

  it('in a mirror job: the step is tried again, and the job tells in words which store call it was', async () => {
    thrown = (method, key) => (method === 'put' && key.startsWith('files/') ? fault() : undefined);
    await call('PUT', '/api/mirrors/stable/amd64-usr/4593.2.5');
    expect(await edge.runAll()).toEqual(['failed']);
    const job = await (await call('GET', '/api/mirrors/stable/amd64-usr/4593.2.5')).json();
    expect(job).toMatchObject({ detail: expect.stringContaining('our store does not answer (write file)') });
    expect(edge.events.find(({ state }) => state === 'retrying')).toMatchObject({
      event: 'mirror',
      causeCode: '10001',
    });
  });
});

describe('a job tells why in words', () => {
  const failed = async () => {
    await call('PUT', '/api/mirrors/stable/amd64-usr/4593.2.5');
    await edge.runAll();
    return (await (await call('GET', '/api/mirrors/stable/amd64-usr/4593.2.5')).json()) as {
      reason: string;
      detail: string;
      files: { name: string; reason?: string; detail?: string }[];
    };
  };

  it('the key id of a signature by a strange key', async () => {
    await tenant.key({ key: 'stranger' });
    await tenant.release({ ...RELEASE, key: 'stranger' });
    const job = await failed();
    expect(job.detail).toMatch(/unknown-key: signed by [0-9a-f]{16}, which is not under a pinned key/i);
  });

  it('the status and the host of an upstream that answers what it should not', async () => {
    await tenant.rules({ path: '/image.bin$', status: 403 });
    const job = await failed();
    const image = job.files.find(({ name }) => name === 'image.bin');
    expect([job.detail, image?.detail].join()).toContain('upstream answered 403');
  });
});
