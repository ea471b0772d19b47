/** Upstreams that redirect, fail, encode, hang or leave out headers: what is taken from them, and what is not. */
import { reset } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Edge, openEdge } from '../support/edge.ts';
import { hurried, shortPauses } from '../support/hurried.ts';
import { IMAGE, KIB, PAIR, placeOf, SMALL, VERSION } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

/** More than what is held back. */
const SIZE = 300 * KIB;
const HERE = placeOf(IMAGE);
const PATH = `/${HERE}`;

let tenant: UpstreamTenant;
let edge: Edge;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('odd');
  await tenant.release({
    ...PAIR,
    version: VERSION,
    bare: true,
    files: { [IMAGE]: SIZE, [SMALL]: 900 },
    aliases: ['current'],
  });
  edge = await openEdge(tenant, { platform: shortPauses });
  await tenant.forget();
});

// What goes on after an answer must not write into the next test's bucket.
afterEach(() => edge.settle());

const lengthOf = async (response: Response) => (await response.arrayBuffer()).byteLength;

describe('an upstream that is odd', () => {
  it('without tag and date there is no ETag to revalidate or resume by', async () => {
    await tenant.switches({ etag: false, lastModified: false });
    const response = await edge.fetch(PATH, { method: 'HEAD' });
    expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([null, null]);
    const part = await edge.fetch(PATH, { headers: { range: 'bytes=0-9', 'if-range': '"anything"' } });
    expect(part.status).toBe(200);
    await part.arrayBuffer();
    const version = await edge.fetch('/stable/amd64-usr/current/version.txt');
    expect(version.headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it('HEAD that is not allowed, or has no length, is made up for', async () => {
    await tenant.rules({ path: 'bz2', method: 'HEAD', status: 405 });
    expect((await edge.fetch(PATH, { method: 'HEAD' })).headers.get('content-length')).toBe(String(SIZE));
    await tenant.rules();
    await tenant.switches({ length: false });
    const isolate = await openEdge(tenant);
    expect(await lengthOf(await isolate.fetch(PATH))).toBe(SIZE);
    await isolate.settle();
  });

  it('a weak tag on GET and none on HEAD is still the same small file', async () => {
    await tenant.rules({ path: 'verity.txt$', method: 'HEAD', headers: { etag: 'W/"weak"' } });
    expect((await edge.fetch(`/${placeOf(SMALL)}`)).status).toBe(200);
  });

  it('a small file that has grown is answered as it is now', async () => {
    await edge.fetch(`/${placeOf(SMALL)}`, { method: 'HEAD' });
    await tenant.release({ ...PAIR, version: VERSION, bare: true, files: { [SMALL]: 300_000 } });
    const response = await edge.fetch(`/${placeOf(SMALL)}`);
    expect([response.status, await lengthOf(response)]).toEqual([200, 300_000]);
  });
});

describe('what upstream may not do', () => {
  it.each([
    ['an absent file', { status: 404 }, 404],
    ['a file that is gone', { status: 410 }, 404],
    ['a forbidden one', { status: 403 }, 502],
    ['a server error that stays', { status: 500 }, 503],
    ['an encoding', { headers: { 'content-encoding': 'gzip' } }, 502],
    ['a foreign redirect', { status: 302, location: 'http://evil.example/x' }, 502],
    ['a redirect to a private address', { status: 302, location: 'http://10.0.0.1/x' }, 502],
    ['a redirect to another port of our own host', { status: 302, location: 'http://127.0.0.1:1/x' }, 502],
    ['a redirect to another scheme', { status: 302, location: 'ftp://127.0.0.1/x' }, 502],
    ['a redirect to nowhere', { status: 302, location: 'http://[' }, 502],
    ['a redirect with credentials', { status: 302, location: 'http://user:word@127.0.0.1/x' }, 502],
  ] as const)('%s', async (_name, rule, status) => {
    await tenant.rules({ path: 'bz2$', ...rule });
    const response = await edge.fetch(PATH);
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('location')).toBeNull();
    expect((await response.text()).trimEnd()).not.toContain('\n');
  });

  it('a redirect loop ends', async () => {
    await tenant.rules({ path: 'bz2$', status: 302, location: tenant.url(HERE) });
    const response = await edge.fetch(PATH);
    expect([response.status, (await response.text()).split(':')[0]]).toEqual([502, 'redirect-loop']);
  });

  it('a listed redirect host is followed', async () => {
    const elsewhere = tenant.base.replace('127.0.0.1', 'localhost');
    await tenant.rules({ path: 'stable.*bz2$', status: 302, location: `${elsewhere}/${tenant.name}/moved/${IMAGE}` });
    const moved = (await tenant.bytes(HERE)).subarray(0, 1000);
    await tenant.put(`moved/${IMAGE}`, moved);
    await tenant.put(`${HERE}.sig`, await signatureOver(moved));
    expect((await edge.fetch(PATH)).status).toBe(502);
    const open = await openEdge(tenant, { vars: { UPSTREAM_REDIRECT_HOSTS: 'localhost' } });
    expect(await lengthOf(await open.fetch(PATH))).toBe(1000);
  });

  it('passing failures are retried', async () => {
    await tenant.rules({ path: 'bz2', times: 2, status: 503 });
    expect((await edge.fetch(PATH, { method: 'HEAD' })).status).toBe(200);
  });

  it('no answer at all is 504', async () => {
    await tenant.rules({ path: 'bz2$', delayMs: 60_000 });
    const isolate = await openEdge(tenant, { platform: hurried(20) });
    expect((await isolate.fetch(PATH)).status).toBe(504);
  });
});

async function signatureOver(bytes: Uint8Array): Promise<Uint8Array> {
  await tenant.put('scratch', bytes);
  await tenant.sign('scratch', 'common');
  return await tenant.bytes('scratch.sig');
}

describe('headers', () => {
  it('only safe ones go to upstream, and only safe ones come back', async () => {
    await tenant.rules({
      path: 'bz2$',
      headers: { 'x-powered-by': 'spy', 'access-control-allow-origin': 'https://evil.example' },
    });
    const secrets = {
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-forwarded-for': '1.2.3.4',
      'accept-encoding': 'gzip',
    };
    const response = await edge.fetch(PATH, { headers: secrets });
    await response.arrayBuffer();
    for (const name of ['set-cookie', 'x-powered-by', 'access-control-allow-origin', 'server']) {
      expect(response.headers.get(name)).toBeNull();
    }
    for (const { headers } of await tenant.log()) {
      for (const name of ['authorization', 'cookie', 'x-forwarded-for']) expect(headers[name]).toBeUndefined();
      expect(headers['accept-encoding']).toBe('identity');
    }
  });

  it('queries are no part of anything', async () => {
    const response = await edge.fetch(`${PATH}?x=1&y=../..`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    for (const { path } of await tenant.log()) expect(path).not.toContain('?');
  });
});
