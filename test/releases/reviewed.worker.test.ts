/** Cases in which an earlier version of the release front was unavailable, went backwards or said the wrong thing. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { type Edge, openEdge } from '../support/edge.ts';
import { movingClock } from '../support/moving-clock.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const MIB = 1024 * 1024;
const FILE = 'flatcar_production_image.bin.bz2';
const SMALL = 'flatcar_production_image_verity.txt';
const HERE = `stable/amd64-usr/4593.2.5/${FILE}`;
const PAIR = { channel: 'stable', board: 'amd64-usr', bare: true } as const;
const CURRENT = '/stable/amd64-usr/current/version.txt';
const MINUTE = 60_000;

let tenant: UpstreamTenant;
let edge: Edge;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('reviewed');
  await tenant.release({
    ...PAIR,
    version: '4593.2.5',
    files: { [FILE]: 2 * MIB, [SMALL]: 900 },
    aliases: ['current'],
  });
  edge = await openEdge(tenant);
});
afterEach(() => edge.settle());

const tail = (size = 2 * MIB) => ({ headers: { range: `bytes=${size - 100}-` } });
const writeAlias = (record: object) => env.RELEASES.put('alias/stable/amd64-usr/current.json', JSON.stringify(record));
const versionOf = (response: Response) => response.headers.get('x-flatcar-version');

describe('verifications', () => {
  it('a client that stops reading does not hold up those who want the end', async () => {
    const hurried = { timer: (milliseconds: number) => systemPlatform.timer(milliseconds / 20) };
    edge = await openEdge(tenant, { platform: hurried });
    const idle = await edge.fetch(`/${HERE}`);
    const response = await edge.fetch(`/${HERE}`, tail());
    expect(response.status).toBe(206);
    await response.arrayBuffer();
    await idle.body?.cancel();
  });

  it('a file replaced since its facts were looked up is answered as the new one, by its end as well', async () => {
    await edge.fetch(`/${HERE}`, { method: 'HEAD' });
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { [FILE]: MIB } });
    const response = await edge.fetch(`/${HERE}`, { headers: { range: 'bytes=-10' } });
    expect([response.status, response.headers.get('content-range')]).toEqual([
      206,
      `bytes ${MIB - 10}-${MIB - 1}/${MIB}`,
    ]);
    await response.arrayBuffer();
  });

  it('bytes=0- is verified on its way like the whole', async () => {
    const response = await edge.fetch(`/${HERE}`, { headers: { range: 'bytes=0-' } });
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([206, 2 * MIB]);
    await edge.settle();
    const whole = (await tenant.log(/bz2$/)).filter(({ method, path }) => method === 'GET' && path === HERE);
    expect(whole).toHaveLength(1);
  });
});

describe('aliases', () => {
  it('a newer last good pair in R2 wins over what this isolate remembers', async () => {
    const clock = movingClock();
    const old = await openEdge(tenant, { platform: clock.platform });
    await old.fetch(CURRENT);
    await tenant.release({ ...PAIR, version: '4593.2.6', aliases: ['current'] });
    const other = await openEdge(tenant);
    await other.fetch(CURRENT);
    await other.settle();
    await tenant.rules({ path: '.', status: 500 });
    clock.advance(10 * MINUTE);
    const response = await old.fetch(CURRENT);
    expect([response.status, versionOf(response)]).toEqual([200, '4593.2.6']);
  });

  it('a floor that rose while upstream was asked counts', async () => {
    let raise = true;
    const fetch_ = async (request: Request) => {
      const response = await fetch(request);
      if (raise && /version\.txt$/.test(request.url)) {
        raise = false;
        await writeAlias({ floor: '4593.2.9' });
      }
      return response;
    };
    edge = await openEdge(tenant, { platform: { fetch: fetch_ } });
    const response = await edge.fetch(CURRENT);
    expect([response.status, await response.text()]).toEqual([502, expect.stringMatching(/^below-floor/)]);
  });

  it('our own publication below the floor is not served under the alias', async () => {
    await writeAlias({ version: '4593.2.4', floor: '4593.2.5' });
    edge = await openEdge(tenant, { vars: { MIRROR: 'stable/amd64-usr' } });
    expect(versionOf(await edge.fetch(CURRENT))).toBe('4593.2.5');
  });

  it('a hanging upstream does not keep the last good copy from anybody', async () => {
    await edge.fetch(CURRENT);
    await edge.settle();
    await tenant.rules({ path: '.', delayMs: 60_000 });
    const hurried = { timer: (milliseconds: number) => systemPlatform.timer(milliseconds / 20) };
    const cold = await openEdge(tenant, { platform: hurried });
    await tenant.rules({ path: 'stable', delayMs: 60_000 });
    const responses = await Promise.all([cold.fetch(CURRENT), cold.fetch(CURRENT)]);
    for (const response of responses)
      expect([response.status, response.headers.get('x-flatcar-stale')]).toEqual([200, 'timeout']);
  });
});

describe('odd upstreams', () => {
  it('without tag and date there is no ETag to revalidate or resume by', async () => {
    await tenant.switches({ etag: false, lastModified: false });
    const response = await edge.fetch(`/${HERE}`, { method: 'HEAD' });
    expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([null, null]);
    const part = await edge.fetch(`/${HERE}`, { headers: { range: 'bytes=0-9', 'if-range': '"anything"' } });
    expect(part.status).toBe(200);
    await part.arrayBuffer();
    const version = await edge.fetch(CURRENT);
    expect(version.headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it('HEAD that is not allowed, or has no length, is made up for', async () => {
    await tenant.rules({ path: 'bz2', method: 'HEAD', status: 405 });
    expect((await edge.fetch(`/${HERE}`, { method: 'HEAD' })).headers.get('content-length')).toBe(String(2 * MIB));
    await tenant.rules();
    await tenant.switches({ length: false });
    const isolate = await openEdge(tenant);
    expect((await (await isolate.fetch(`/${HERE}`)).arrayBuffer()).byteLength).toBe(2 * MIB);
    await isolate.settle();
  });

  it('a weak tag on GET and none on HEAD is still the same small file', async () => {
    await tenant.rules({ path: 'verity.txt$', method: 'HEAD', headers: { etag: 'W/"weak"' } });
    expect((await edge.fetch(`/stable/amd64-usr/4593.2.5/${SMALL}`)).status).toBe(200);
  });

  it('a small file that has grown is answered as it is now', async () => {
    await edge.fetch(`/stable/amd64-usr/4593.2.5/${SMALL}`, { method: 'HEAD' });
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { [SMALL]: 300_000 } });
    const response = await edge.fetch(`/stable/amd64-usr/4593.2.5/${SMALL}`);
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 300_000]);
  });

  it('a key server that fails is not asked by every request', async () => {
    await tenant.remove('key.asc');
    await tenant.forget();
    for (let count = 0; count < 10; count += 1) await edge.fetch(CURRENT);
    expect(await tenant.log(/key\.asc/)).toHaveLength(1);
  });

  it('our own unreadable keyring is our fault: 503, and not overwritten', async () => {
    await env.RELEASES.put('keyring.asc', 'nonsense');
    const response = await edge.fetch(CURRENT);
    expect([response.status, await response.text()]).toEqual([503, 'our store does not answer (read keyring)\n']);
  });
});

describe('host-style', () => {
  it('Content-Location is a path of that host', async () => {
    edge = await openEdge(tenant, { vars: { RELEASE_HOST_SUFFIX: 'release.example.org' } });
    const response = await edge.fetchUrl('http://stable.release.example.org/amd64-usr/current/version.txt');
    expect(response.headers.get('content-location')).toBe('/amd64-usr/4593.2.5/version.txt');
  });
});
