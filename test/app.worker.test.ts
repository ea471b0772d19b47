import { reset } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.ts';
import { edgeOver, OPERATOR, OPERATOR_TOKEN, openEdge } from './support/edge.ts';
import { hurried, shortPauses } from './support/hurried.ts';
import { UpstreamTenant } from './support/upstream-tenant.ts';

const SECRETS = { OPERATOR_TOKEN, CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes' };

const TOKEN = 'operator-token-of-at-least-32-bytes';

let tenant: UpstreamTenant;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('app');
});

/** A bucket or namespace whose every call does what `fault` does. */
const failing = <T extends object>(binding: T, fault: () => Promise<never>): T =>
  new Proxy(binding, {
    get: (target, name) => (typeof Reflect.get(target, name) === 'function' ? fault : Reflect.get(target, name)),
  });

describe('statuses', () => {
  it('an unknown path is 404 in one line of text, and reaches nobody', async () => {
    const edge = await openEdge(tenant);
    await tenant.forget();
    const response = await edge.fetch('/favicon.ico');
    expect([response.status, await response.text()]).toEqual([404, 'not found\n']);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await tenant.log()).toEqual([]);
  });

  it.each([
    ['POST', '/stable/amd64-usr/current/version.txt'],
    ['PUT', '/stable/amd64-usr/4593.2.5/version.txt'],
    ['DELETE', '/stable/amd64-usr/'],
    ['OPTIONS', '/stable/'],
    ['POST', '/healthz'],
    ['PATCH', '/keys/signing-key.asc'],
  ])('%s %s is 405 with Allow', async (method, path) => {
    const response = await (await openEdge(tenant)).fetch(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('an unknown path is 404 whatever the method', async () => {
    expect((await (await openEdge(tenant)).fetch('/nothing', { method: 'POST' })).status).toBe(404);
  });

  it.each(['/stable', '/stable/amd64-usr', '/stable/amd64-usr/current'])('%s moves to its slash', async (path) => {
    const response = await (await openEdge(tenant)).fetch(`${path}?x=1`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([308, `${path}/`]);
  });

  it('the operator API is 401 without the token, in application/problem+json', async () => {
    const edge = await openEdge(tenant, { vars: { OPERATOR_TOKEN: TOKEN } });
    for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const response = await edge.fetch('/api/none', { headers: authorization ? { authorization } : {} });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toEqual({
        type: 'urn:flatcar-edge:problem:unauthorized',
        title: 'Not authorized',
        status: 401,
        detail: authorization.startsWith('Bearer ')
          ? 'this token is unknown, or it has ended'
          : expect.stringMatching(/send Authorization: Bearer followed by an operator token/),
        instance: '/api/none',
      });
    }
    const allowed = await edge.fetch('/api/none', { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(allowed.status).toBe(404);
  });

  it('without a configured token nobody is the operator', async () => {
    const edge = await openEdge(tenant);
    for (const authorization of ['Bearer ', 'Bearer undefined']) {
      expect((await edge.fetch('/api/none', { headers: { authorization } })).status).toBe(401);
    }
  });

  it('any of several tokens is accepted', async () => {
    const second = 'another-operator-token-of-32-bytes!';
    const edge = await openEdge(tenant, { vars: { OPERATOR_TOKEN: `${TOKEN},${second}` } });
    expect((await edge.fetch('/api/none', { headers: { authorization: `Bearer ${second}` } })).status).toBe(404);
  });

  it('a bad configuration stops the Worker with the name of the variable', async () => {
    const edge = edgeOver({
      RELEASES: env.RELEASES,
      MACHINES: env.MACHINES,
      MAX_FILE_BYTES: 'many',
      WEBHOOK_SECRET: 'hunter2',
    });
    for (const path of ['/healthz', '/stable/amd64-usr/current/version.txt', '/boot/x/ignition']) {
      const response = await edge.fetch(path);
      const body = await response.text();
      expect(response.status).toBe(500);
      expect(body).toContain('MAX_FILE_BYTES');
      expect(body).toContain('WEBHOOK_SECRET');
      expect(body).not.toContain('hunter2');
    }
  });

  it('a bug is 500 with an id and nothing else', async () => {
    const broken = await openEdge(tenant, {
      platform: {
        timer: () => {
          throw new Error('secret detail');
        },
      },
    });
    const response = await broken.fetch('/stable/amd64-usr/4593.2.5/version.txt');
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringMatching(/^internal error [0-9a-f-]{36}\n$/),
    ]);
    await broken.settle();
    const logged = broken.events.find(({ event }) => event === 'request');
    expect(logged).toMatchObject({ status: 500, bug: expect.stringContaining('secret detail') });
  });
});

describe('host-style URLs', () => {
  it('take the channel from the host', async () => {
    await tenant.release({
      channel: 'stable',
      board: 'amd64-usr',
      version: '4593.2.5',
      aliases: ['current'],
      bare: true,
    });
    const edge = await openEdge(tenant, { vars: { RELEASE_HOST_SUFFIX: 'release.example.org' } });
    expect((await edge.fetch('/stable/amd64-usr/current/version.txt')).status).toBe(200);
    const response = await edge.fetchUrl('http://stable.release.example.org/amd64-usr/current/version.txt');
    expect(response.status).toBe(200);
    // Relative to that host, which has no channel in its paths.
    expect(response.headers.get('content-location')).toBe('/amd64-usr/4593.2.5/version.txt');
    expect((await edge.fetchUrl('http://other.release.example.org/amd64-usr/current/version.txt')).status).toBe(404);
    expect((await edge.fetchUrl('http://stable.release.example.org/healthz')).status).toBe(200);
  });
});

describe('/healthz', () => {
  const health = async (edge: { fetch(path: string, init?: RequestInit): Promise<Response> }) => {
    const response = await edge.fetch('/healthz', { headers: OPERATOR });
    return { status: response.status, body: await response.json<Record<string, unknown>>() };
  };

  it('tells a stranger whether it works, and nothing else', async () => {
    const edge = await openEdge(tenant, { vars: SECRETS });
    for (const headers of [{}, { authorization: 'Bearer none' }]) {
      const response = await edge.fetch('/healthz', { headers });
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    }
  });

  it('is degraded without secrets or a keyring, and says what to do', async () => {
    const { body, status } = await health(await openEdge(tenant, { vars: { OPERATOR_TOKEN } }));
    expect([status, body['status'], body['todo']]).toEqual([
      200,
      'degraded',
      [
        'no machine can boot: set CAPABILITY_SECRET (npx wrangler secret put CAPABILITY_SECRET)',
        'storage: neither STORAGE_KEY nor CAPABILITY_SECRET is set',
      ],
    ]);
    const keyless = await openEdge(tenant, { vars: { ...SECRETS, SIGNING_KEY_URL: tenant.url('none.asc') } });
    await keyless.fetch('/api/keyring/refresh', { method: 'POST', headers: OPERATOR });
    const lost = await health(
      await openEdge(tenant, {
        vars: { ...SECRETS, SIGNING_KEY_FINGERPRINTS: 'A'.repeat(40), SIGNING_KEY_URL: tenant.url('none.asc') },
      }),
    );
    expect([lost.status, lost.body['status']]).toEqual([200, 'degraded']);
    expect(lost.body['todo']).toContainEqual(expect.stringMatching(/^signing key: there is no trusted keyring/));
  });

  it('is 200 with versions and the signing key', async () => {
    const edge = await openEdge(tenant, { vars: SECRETS });
    const { subkey } = await tenant.key({ key: 'common' });
    expect(await health(edge)).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        versions: { 'flatcar-edge': VERSION },
        bindings: { RELEASES: 'ok', MACHINES: 'ok' },
        signingKey: { fingerprint: subkey },
      },
    });
  });

  it.each(['RELEASES', 'MACHINES'] as const)('is 503 when %s fails', async (name) => {
    const binding = failing(env[name], () => Promise.reject(new Error('down')));
    const edge = await openEdge(tenant, { bindings: { [name]: binding }, vars: SECRETS });
    expect((await edge.fetch('/healthz')).headers.get('retry-after')).toBe('5');
    expect(await health(edge)).toMatchObject({
      status: 503,
      body: { status: 'failing', bindings: { [name]: 'failing' } },
    });
  });

  it('is 503, not silence, when a binding hangs', async () => {
    const binding = failing(env.MACHINES, () => new Promise<never>(() => undefined));
    const edge = await openEdge(tenant, { bindings: { MACHINES: binding }, platform: hurried(100) });
    expect((await health(edge)).status).toBe(503);
  });

  it('is computed at most every 10 seconds', async () => {
    let calls = 0;
    let shift = 0;
    const counting = failing(env.MACHINES, () => {
      calls += 1;
      return Promise.reject(new Error('down'));
    });
    const edge = await openEdge(tenant, {
      bindings: { MACHINES: counting },
      platform: { now: () => Date.now() + shift },
    });
    await Promise.all(Array.from({ length: 20 }, () => health(edge)));
    await health(edge);
    expect(calls).toBe(1);
    shift = 10_001;
    await health(edge);
    expect(calls).toBe(2);
  });

  it('warns, and logs, when the signing key ends in less than 60 days', async () => {
    const days = 86_400;
    const key = await tenant.key({ key: 'ending', subkeyLifetime: 50 * days });
    const edge = await openEdge(tenant, {
      vars: {
        ...SECRETS,
        ...{ SIGNING_KEY_FINGERPRINTS: key.fingerprint, SIGNING_KEY_URL: tenant.url('ending.asc') },
      },
    });
    await tenant.put('ending.asc', key.armored);
    const { body } = await health(edge);
    expect(body['signingKey']).toMatchObject({
      fingerprint: key.subkey,
      daysLeft: 49,
      warning: 'the signing key expires in 49 days',
    });
    await edge.settle();
    expect(edge.events.at(-1)).toMatchObject({ warning: 'the signing key expires in 49 days' });
    await edge.poll();
    expect(edge.events.at(-1)).toMatchObject({ event: 'poll', warning: 'the signing key expires in 49 days' });
  });
});

describe('/keys/signing-key.asc', () => {
  it('serves the pinned key', async () => {
    const edge = await openEdge(tenant);
    const response = await edge.fetch('/keys/signing-key.asc');
    expect(response.headers.get('content-type')).toBe('application/pgp-keys');
    expect(await response.text()).toContain('-----BEGIN PGP PUBLIC KEY BLOCK-----');
  });

  it.each([
    [
      'a redirect to a foreign host',
      { status: 302, location: 'http://evil.example/key.asc' },
      502,
      /^key-foreign-redirect/,
    ],
    [
      'a redirect to a private address',
      { status: 302, location: 'http://192.168.0.1/key.asc' },
      502,
      /^key-foreign-redirect/,
    ],
    ['a failing key server', { status: 500 }, 503, /cannot be fetched/],
  ] as const)('%s is not followed to a key', async (_name, rule, status, line) => {
    const edge = await openEdge(tenant, { platform: shortPauses });
    await tenant.rules({ path: 'key.asc', ...rule });
    const response = await edge.fetch('/keys/signing-key.asc');
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(line);
  });

  it('an unpinned key is no key', async () => {
    const edge = await openEdge(tenant, { vars: { SIGNING_KEY_FINGERPRINTS: 'A'.repeat(40) } });
    expect((await edge.fetch('/keys/signing-key.asc')).status).toBe(502);
  });
});

it('the entry itself answers', async () => {
  const response = await exports.default.fetch('http://edge.test/nothing');
  expect(response.status).toBe(404);
});
