/** Files that come from upstream and are verified on their way: no client ends up with a complete file that is bad. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sameBytes } from '../../src/shared/bytes.ts';
import { type Edge, openEdge } from '../support/edge.ts';
import { hurried, shortPauses } from '../support/hurried.ts';
import { IMAGE, KIB, MIB, PAIR, placeOf, SMALL, VERSION } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

/** Most of the file goes out before the end that is held back. */
const SIZE = MIB + 17;
/** Bytes after which a connection breaks. */
const CUT = 300 * KIB;
const HELD_BACK = 256 * KIB;
const MIDDLE = Math.floor(SIZE / 2);
const HERE = placeOf(IMAGE);
const PATH = `/${HERE}`;

let tenant: UpstreamTenant;
let edge: Edge;
let genuine: Uint8Array;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('pass');
  await tenant.release({
    ...PAIR,
    version: VERSION,
    bare: true,
    files: { [IMAGE]: SIZE, [SMALL]: 2000 },
    aliases: ['current'],
  });
  genuine = await tenant.bytes(HERE);
  await tenant.forget();
  edge = await openEdge(tenant, { platform: shortPauses });
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
    const response = await edge.fetch(`/stable/amd64-usr/current/${IMAGE}`);
    expect(response.headers.get('content-location')).toBe(PATH);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60, no-transform');
    const body = await bodyOf(response);
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('gives its end to a first range by verifying the whole once, for all who wait', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => edge.fetch(PATH, range(SIZE - 10, ''))));
    expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(206));
    for (const response of responses) expect(await bodyOf(response)).toEqual(genuine.subarray(SIZE - 10));
    await edge.settle();
    const whole = (await tenant.log(/bz2$/)).filter(({ method, headers }) => method === 'GET' && !headers['range']);
    expect(whole).toHaveLength(1);
    expect(await verdict()).toMatchObject({ good: true });
  });

  it('gives a part before its end only after the whole has been verified, and from then on with that chunk alone', async () => {
    const asked = async () =>
      (await tenant.log(/bz2$/))
        .filter(({ method }) => method === 'GET')
        .map(({ headers }) => headers['range'] ?? 'whole');
    expect(await bodyOf(await edge.fetch(PATH, range(1000, 1999)))).toEqual(genuine.subarray(1000, 2000));
    expect(await asked()).toEqual(['whole', `bytes=0-${MIB - 1}`]);
    expect(await bodyOf(await edge.fetch(PATH, range(MIB + 1, MIB + 5)))).toEqual(genuine.subarray(MIB + 1, MIB + 6));
    expect((await asked()).slice(2)).toEqual([`bytes=${MIB}-${SIZE - 1}`]);
  });

  it('survives connections that break under way', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', times: 2, cutAfter: CUT });
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
    const resumed = (await tenant.log(/bz2$/)).filter(({ headers }) => headers['range'] !== undefined);
    expect(resumed.length).toBeGreaterThanOrEqual(1);
  });

  it('survives a broken connection of an upstream without ranges', async () => {
    await tenant.switches({ ranges: false });
    await tenant.rules({ path: 'bz2$', method: 'GET', times: 1, cutAfter: CUT });
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
    await tenant.rules({ path: 'bz2$', method: 'GET', endless: 4 * MIB });
    const body = await bodyOf(await edge.fetch(PATH));
    expect(body && sameBytes(body, genuine)).toBe(true);
  });

  it('that is replaced between HEAD and GET is answered as the new one', async () => {
    await bodyOf(await edge.fetch(PATH));
    await tenant.release({ ...PAIR, version: VERSION, bare: true, files: { [IMAGE]: MIB } });
    const response = await edge.fetch(PATH);
    expect(response.headers.get('content-length')).toBe(String(MIB));
    expect((await bodyOf(response))?.length).toBe(MIB);
  });
});

describe('a bad byte in the middle', () => {
  beforeEach(() => tenant.flip(HERE, MIDDLE));

  it('the download is cut before its end, and the verdict stands before the cut', async () => {
    const response = await edge.fetch(PATH);
    expect(response.status).toBe(200);
    expect(await arrived(response)).toBe(SIZE - HELD_BACK);
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

  it('a store that cannot note that unproven bytes leave lets none leave', async () => {
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
    const whole = await isolate.fetch(PATH);
    expect([whole.status, whole.headers.get('retry-after')]).toEqual([503, '5']);
    const tail = await isolate.fetch(PATH, range(SIZE - 10, ''));
    expect(tail.status).toBe(502);
  });
});

describe('signatures of files', () => {
  it('a small file is verified before the first byte: 502, not a cut', async () => {
    await tenant.flip(placeOf(SMALL), 7);
    const response = await edge.fetch(`/${placeOf(SMALL)}`);
    expect([response.status, await response.text()]).toEqual([
      502,
      'bad-signature: the signature of this file does not hold\n',
    ]);
  });

  it.each([
    ['missing', () => tenant.remove(`${HERE}.sig`), /^signature-missing/],
    ['by an unknown key', () => tenant.sign(HERE, 'stranger'), /^unknown-key/],
    ['not a signature at all', () => tenant.put(`${HERE}.sig`, 'nonsense'), /^signature-malformed/],
    ['larger than 8 KiB', () => tenant.put(`${HERE}.sig`, new Uint8Array(9 * KIB)), /^too-large/],
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

describe('verifications', () => {
  it('a client that stops reading does not hold up those who want the end', async () => {
    edge = await openEdge(tenant, { platform: hurried(20) });
    const idle = await edge.fetch(PATH);
    const response = await edge.fetch(PATH, range(SIZE - 100, ''));
    expect(response.status).toBe(206);
    await response.arrayBuffer();
    await idle.body?.cancel();
  });

  it('a file replaced since its facts were looked up is answered as the new one, by its end as well', async () => {
    await edge.fetch(PATH, { method: 'HEAD' });
    await tenant.release({ ...PAIR, version: VERSION, bare: true, files: { [IMAGE]: MIB } });
    const response = await edge.fetch(PATH, { headers: { range: 'bytes=-10' } });
    expect([response.status, response.headers.get('content-range')]).toEqual([
      206,
      `bytes ${MIB - 10}-${MIB - 1}/${MIB}`,
    ]);
    await response.arrayBuffer();
  });

  it('bytes=0- is verified on its way like the whole', async () => {
    const response = await edge.fetch(PATH, { headers: { range: 'bytes=0-' } });
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([206, SIZE]);
    await edge.settle();
    const whole = (await tenant.log(/bz2$/)).filter(({ method, path }) => method === 'GET' && path === HERE);
    expect(whole).toHaveLength(1);
  });
});
