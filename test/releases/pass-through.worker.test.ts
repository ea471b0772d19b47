import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sameBytes } from '../../src/shared/bytes.ts';
import { type Edge, openEdge } from '../support/edge.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 17;
const MIDDLE = Math.floor(SIZE / 2);
const FILE = 'flatcar_production_image.bin.bz2';
const HERE = `stable/amd64-usr/4593.2.5/${FILE}`;
const PATH = `/${HERE}`;
const SMALL = 'flatcar_production_image_verity.txt';
const PAIR = { channel: 'stable', board: 'amd64-usr', bare: true } as const;

let tenant: UpstreamTenant;
let edge: Edge;
let genuine: Uint8Array;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('pass');
  await tenant.release({ ...PAIR, version: '4593.2.5', files: { [FILE]: SIZE, [SMALL]: 2000 }, aliases: ['current'] });
  genuine = await tenant.bytes(HERE);
  await tenant.forget();
  edge = await openEdge(tenant);
});

// What goes on after an answer must not write into the next test's bucket.
afterEach(() => edge.settle());

/** The whole body, or `undefined` when it was cut before its end. */
const bodyOf = (response: Response): Promise<Uint8Array | undefined> =>
  response.arrayBuffer().then(
    (buffer) => new Uint8Array(buffer),
    () => undefined,
  );

/** As much of the body as arrives before the end or the cut. */
async function arrived(response: Response): Promise<number> {
  const reader = response.body?.getReader();
  let length = 0;
  for (;;) {
    const next = await reader?.read().catch(() => undefined);
    if (next?.value === undefined) return length;
    length += next.value.length;
  }
}

const verdict = async () => {
  const object = await env.RELEASES.get(`verdicts/${HERE}`);
  return object === null ? null : await object.json<{ good: boolean; reason?: string }>();
};

const range = (from: number, to: number | '') => ({ headers: { range: `bytes=${from}-${to}` } });

describe('a good file', () => {
  it('arrives whole and leaves a good verdict', async () => {
    const response = await edge.fetch(PATH);
    const body = await bodyOf(response);
    expect(body && sameBytes(body, genuine)).toBe(true);
    await edge.settle();
    expect(await verdict()).toMatchObject({ good: true });
    expect(edge.events.at(-1)).toMatchObject({ status: 200, source: 'upstream', outcome: 'sent', bytes: SIZE });
  });

  it('arrives through the alias as the numbered file', async () => {
    const response = await edge.fetch(`/stable/amd64-usr/current/${FILE}`);
    expect(response.headers.get('content-location')).toBe(PATH);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    const body = await bodyOf(response);
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('gives its end to a first range by verifying the whole once, for all who wait', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => edge.fetch(PATH, range(SIZE - 1000, ''))));
    expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(206));
    for (const response of responses) expect(await bodyOf(response)).toEqual(genuine.subarray(SIZE - 1000));
    await edge.settle();
    const whole = (await tenant.log(/bz2$/)).filter(({ method, headers }) => method === 'GET' && !headers['range']);
    expect(whole).toHaveLength(1);
    expect(await verdict()).toMatchObject({ good: true });
  });

  it('gives ranges before its end without a verification', async () => {
    expect(await bodyOf(await edge.fetch(PATH, range(1000, 1999)))).toEqual(genuine.subarray(1000, 2000));
    const whole = (await tenant.log(/bz2$/)).filter(({ method, headers }) => method === 'GET' && !headers['range']);
    expect(whole).toHaveLength(0);
  });

  it('survives connections that break under way', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', times: 2, cutAfter: MIB });
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
    const resumed = (await tenant.log(/bz2$/)).filter(({ headers }) => headers['range'] !== undefined);
    expect(resumed.length).toBeGreaterThanOrEqual(1);
  });

  it('survives a broken connection of an upstream without ranges', async () => {
    await tenant.switches({ ranges: false });
    await tenant.rules({ path: 'bz2$', method: 'GET', times: 1, cutAfter: MIB });
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('is cut short, never completed, when upstream stays broken', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', cutAfter: 1000 }, { path: 'bz2$', method: 'GET', status: 500 });
    await tenant.switches({ ranges: false });
    const response = await edge.fetch(PATH);
    expect(await bodyOf(response)).toBeUndefined();
    expect(await verdict()).toBeNull();
  });

  it('that keeps sending past its announced size is cut to measure', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', endless: 40 * MIB });
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('that is replaced between HEAD and GET is answered as the new one', async () => {
    await bodyOf(await edge.fetch(PATH));
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { [FILE]: 2 * MIB } });
    const response = await edge.fetch(PATH);
    expect(response.headers.get('content-length')).toBe(String(2 * MIB));
    expect((await bodyOf(response))?.length).toBe(2 * MIB);
  });
});

describe('a bad byte in the middle', () => {
  beforeEach(() => tenant.flip(HERE, MIDDLE));

  it('the download is cut before its end, and the verdict stands before the cut', async () => {
    const response = await edge.fetch(PATH);
    expect(response.status).toBe(200);
    expect(await arrived(response)).toBe(SIZE - 256 * 1024);
    expect(await verdict()).toMatchObject({ good: false, reason: 'bad-signature' });
    await edge.settle();
    expect(edge.events.at(-1)).toMatchObject({ outcome: 'refused: bad-signature' });
  });

  it('then every request for it is 502, ranges and HEAD too, in another isolate as well', async () => {
    await arrived(await edge.fetch(PATH));
    for (const isolate of [edge, await openEdge(tenant)]) {
      for (const init of [{}, range(0, 0), range(SIZE - 10, ''), { method: 'HEAD' }]) {
        const response = await isolate.fetch(PATH, init);
        await response.body?.cancel();
        expect(response.status).toBe(502);
        expect(response.headers.get('cache-control')).toBe('no-store');
      }
    }
    expect(await (await edge.fetch(PATH)).text()).toMatch(/^bad-signature/);
  });

  it('four parallel ranges never make a complete file', async () => {
    const quarter = Math.floor(SIZE / 4);
    const parts = [0, 1, 2, 3].map((part) => range(part * quarter, part === 3 ? SIZE - 1 : (part + 1) * quarter - 1));
    const responses = await Promise.all(parts.map((init) => edge.fetch(PATH, init)));
    expect(responses.map(({ status }) => status)).toContain(502);
    expect(responses[3]?.status).toBe(502);
    await Promise.all(responses.map((response) => response.body?.cancel()));
    expect(await verdict()).toMatchObject({ good: false });
  });

  it('once upstream has mended the file (new etag), it downloads', async () => {
    await arrived(await edge.fetch(PATH));
    expect((await edge.fetch(PATH)).status).toBe(502);
    await tenant.flip(HERE, MIDDLE);
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('once upstream has mended the signature instead, it downloads', async () => {
    await arrived(await edge.fetch(PATH));
    await tenant.sign(HERE, 'common');
    expect((await bodyOf(await edge.fetch(PATH)))?.length).toBe(SIZE);
  });

  it('a store that cannot take the verdict still gets nothing past the end', async () => {
    const broken = new Proxy(env.RELEASES, {
      get: (bucket, name) => {
        if (name === 'put') return () => Promise.reject(new Error('put fails'));
        const value: unknown = Reflect.get(bucket, name);
        return typeof value === 'function' ? value.bind(bucket) : value;
      },
    });
    const isolate = await openEdge(tenant, { bindings: { RELEASES: broken } });
    // The keyring cannot be kept either, so nothing is trusted: no byte leaves.
    expect((await isolate.fetch(PATH)).status).toBe(503);
    await edge.fetch('/keys/signing-key.asc');
    expect(await arrived(await isolate.fetch(PATH))).toBe(SIZE - 256 * 1024);
    const tail = await isolate.fetch(PATH, range(SIZE - 10, ''));
    expect(tail.status).toBe(502);
  });
});

describe('signatures of files', () => {
  it('a small file is verified before the first byte: 502, not a cut', async () => {
    await tenant.flip(`stable/amd64-usr/4593.2.5/${SMALL}`, 7);
    const response = await edge.fetch(`/stable/amd64-usr/4593.2.5/${SMALL}`);
    expect([response.status, await response.text()]).toEqual([
      502,
      'bad-signature: the signature of this file does not hold\n',
    ]);
  });

  it.each([
    ['missing', () => tenant.remove(`${HERE}.sig`), /^signature-missing/],
    ['by an unknown key', () => tenant.sign(HERE, 'stranger'), /^unknown-key/],
    ['not a signature at all', () => tenant.put(`${HERE}.sig`, 'nonsense'), /^signature-malformed/],
    ['larger than 64 KiB', () => tenant.put(`${HERE}.sig`, new Uint8Array(70_000)), /^too-large/],
  ] as const)('%s: 502 for the file and its ranges, the .sig itself passes', async (_name, spoil, reason) => {
    await spoil();
    for (const init of [{}, range(0, 9), { method: 'HEAD' }]) {
      const response = await edge.fetch(PATH, init);
      expect(response.status).toBe(502);
      if (!('method' in init)) expect(await response.text()).toMatch(reason);
    }
  });

  it('ALLOW_UNSIGNED lets a file without a signature pass, and no file with a bad one', async () => {
    const lax = await openEdge(tenant, { vars: { ALLOW_UNSIGNED: 'true' } });
    await tenant.remove(`${HERE}.sig`);
    expect((await bodyOf(await lax.fetch(PATH)))?.length).toBe(SIZE);
    await tenant.sign(HERE, 'stranger');
    expect((await (await openEdge(tenant, { vars: { ALLOW_UNSIGNED: 'true' } })).fetch(PATH)).status).toBe(502);
  });

  it('companions pass as they are', async () => {
    const response = await edge.fetch(`${PATH}.sig`);
    expect(await bodyOf(response)).toEqual(await tenant.bytes(`${HERE}.sig`));
    expect(response.headers.get('content-type')).toBe('application/pgp-signature');
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
    await tenant.rules({ path: 'stable.*bz2$', status: 302, location: `${elsewhere}/${tenant.name}/moved/${FILE}` });
    await tenant.put(`moved/${FILE}`, genuine.subarray(0, 1000));
    await tenant.put(`${HERE}.sig`, await signatureOver(genuine.subarray(0, 1000)));
    expect((await edge.fetch(PATH)).status).toBe(502);
    const open = await openEdge(tenant, { vars: { UPSTREAM_REDIRECT_HOSTS: 'localhost' } });
    expect((await bodyOf(await open.fetch(PATH)))?.length).toBe(1000);
  });

  it('passing failures are retried', async () => {
    await tenant.rules({ path: 'bz2', times: 2, status: 503 });
    expect((await edge.fetch(PATH, { method: 'HEAD' })).status).toBe(200);
  });

  it('no answer at all is 504', async () => {
    await tenant.rules({ path: 'bz2$', delayMs: 60_000 });
    // The same waits, a hundred times as fast.
    const { timer } = await import('../../src/shared/platform.ts').then(({ systemPlatform }) => systemPlatform);
    const hurried = await openEdge(tenant, { platform: { timer: (milliseconds) => timer(milliseconds / 20) } });
    expect((await hurried.fetch(PATH)).status).toBe(504);
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
    await bodyOf(response);
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
