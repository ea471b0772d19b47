/** The headers that stand between what others wrote and a browser, on every route, whatever it answers. */
import { reset } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Edge, OPERATOR, OPERATOR_TOKEN, openEdge } from './support/edge.ts';
import { config } from './support/machine-texts.ts';
import { machineEdge } from './support/operator.ts';
import { KERNEL, PAIR } from './support/release.ts';
import { UpstreamTenant } from './support/upstream-tenant.ts';

let edge: Edge;
let tenant: UpstreamTenant;
const HERE = '/stable/amd64-usr/4593.2.5';

beforeAll(async () => {
  await reset();
  tenant = new UpstreamTenant('headers');
  await tenant.release({ ...PAIR, version: '4593.2.5', files: { [KERNEL]: 5000 }, aliases: ['current'] });
  edge = await openEdge(tenant, {
    vars: { OPERATOR_TOKEN, MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${KERNEL}` },
  });
  await edge.fetch(`/api/mirrors${HERE}`, { method: 'PUT', headers: OPERATOR });
  expect(await edge.runAll()).toEqual(['complete']);
});

const expectGuarded = (answer: Response, what: string) => {
  expect(answer.headers.get('x-content-type-options'), what).toBe('nosniff');
  if (answer.headers.get('content-type')?.startsWith('text/html')) {
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy, what).toMatch(/^default-src 'none'/);
    expect(policy, what).toContain("frame-ancestors 'none'");
    expect(policy, what).not.toMatch(/unsafe|\*/);
  }
};

describe('every answer', () => {
  it('of every route, asked as everybody and as the operator, by every method', async () => {
    const paths = new Set((await edge.routes()).map(({ path }) => path.replaceAll('*', 'x').replace(/:\w+/g, 'x')));
    expect(paths.size).toBeGreaterThan(20);
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
        for (const headers of [{}, OPERATOR]) {
          const answer = await edge.fetch(path, { method, headers });
          expectGuarded(answer, `${method} ${path}`);
          await answer.body?.cancel();
        }
      }
    }
  });

  it.each([
    ['a page', '/', 200],
    ['the console', '/console', 200],
    ['the document of the API', '/api/docs', 200],
    ['a listing of boards', '/stable/', 200],
    ['a listing of releases', '/stable/amd64-usr/', 200],
    ['a listing of files', `${HERE}/`, 200],
    ['a listing through an alias', '/stable/amd64-usr/current/', 200],
    ['a mirrored file', `${HERE}/${KERNEL}`, 200],
    ['a signature', `${HERE}/${KERNEL}.sig`, 200],
    ['a redirect', '/stable/amd64-usr', 308],
    ['what is not there', '/nothing', 404],
    ['a boot URL of nobody', '/boot/a.b.c.0.d/ignition', 503],
    ['a call without a token', '/api/machines', 401],
  ])('%s', async (name, path, status) => {
    const answer = await edge.fetch(path, { redirect: 'manual' });
    expect([answer.status, name]).toEqual([status, name]);
    expectGuarded(answer, path);
    const length = answer.headers.get('content-length');
    const body = await answer.arrayBuffer();
    if (length !== null) expect(body.byteLength).toBe(Number(length));
  });

  it('a part of a file, and one that has not changed', async () => {
    const part = await edge.fetch(`${HERE}/${KERNEL}`, { headers: { range: 'bytes=0-9' } });
    expect(part.status).toBe(206);
    expectGuarded(part, 'part');
    const etag = part.headers.get('etag') ?? '';
    const same = await edge.fetch(`${HERE}/${KERNEL}`, { headers: { 'if-none-match': etag } });
    expect(same.status).toBe(304);
    expectGuarded(same, '304');
  });

  it('of a broken configuration', async () => {
    const broken = await openEdge(tenant, { vars: { KEEP_RELEASES: 'many' } });
    const answer = await broken.fetch('/');
    expect(answer.status).toBe(500);
    expectGuarded(answer, 'configuration');
  });
});

describe('a boot URL has one spelling', () => {
  it('and any other is answered 404, and logged without the capability', async () => {
    const machines = machineEdge();
    const { urls } = await machines.putMachine('vm', config('/a'));
    const path = new URL(urls.ignition).pathname;
    const capability = path.split('/')[2] ?? '';
    expect((await machines.fetch(path)).status).toBe(200);
    for (const spelt of [
      path.replace('/boot/', '/%62oot/'),
      path.replace('/boot/', '/boo%74/'),
      path.replace('/boot/', '/boot%2f'),
      path.replace('/boot/', '/%42OOT/'),
      path.replace('/ignition', '/%69gnition'),
      path.replace(capability, `%76${capability.slice(1)}`),
    ]) {
      const answer = await machines.fetch(spelt);
      expect([spelt, answer.status]).toEqual([spelt, 404]);
      expectGuarded(answer, spelt);
    }
    await machines.settle();
    expect(JSON.stringify(machines.events)).not.toContain(capability.slice(5));
  });
});

describe('a version has one name', () => {
  it.each(['04593.2.5', '4593.02.5', '4593.2.05', '4593.2.00005'])('%s is not there', async (version) => {
    for (const path of [`/stable/amd64-usr/${version}/${KERNEL}`, `/stable/amd64-usr/${version}/`])
      expect((await edge.fetch(path)).status, path).toBe(404);
    for (const method of ['PUT', 'GET', 'DELETE'])
      expect((await edge.fetch(`/api/mirrors/stable/amd64-usr/${version}`, { method, headers: OPERATOR })).status).toBe(
        404,
      );
    const pin = await edge.fetch('/api/aliases/stable/amd64-usr/current', {
      method: 'PUT',
      headers: OPERATOR,
      body: JSON.stringify({ version }),
    });
    expect([404, 422]).toContain(pin.status);
  });
});
