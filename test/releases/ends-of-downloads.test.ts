/** How a download can end that began with other bytes: by a 416, by a late file of the mirror, or with the genuine rest. */
import { createHash } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { type Edge, edgeOver } from '../support/edge.ts';
import { type MemoryBucket, memoryBucket } from '../support/memory-bucket.ts';
import { provideStreams } from '../support/node-streams.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const RELEASE = 'stable/amd64-usr/4593.2.5';
const PATH = `/${RELEASE}/${IMAGE}`;
const SIZE = 2_300_000;
const HOUR_MS = 3_600_000;
/** How much faster the timers of the edge run. */
const FASTER = 20;

let genuine: Uint8Array<ArrayBuffer>;
let evil: Uint8Array<ArrayBuffer>;
let signature: Uint8Array<ArrayBuffer>;
let vars: Record<string, string>;
let key: string;
beforeAll(async () => {
  provideStreams();
  const signingKey = await makeSigningKey();
  key = publicKeyText(signingKey);
  const made = await makeRelease({ version: '4593.2.5', files: { [IMAGE]: SIZE }, key: signingKey, bare: true });
  genuine = Uint8Array.from(made.get(IMAGE) ?? []);
  signature = Uint8Array.from(made.get(`${IMAGE}.sig`) ?? []);
  evil = Uint8Array.from(genuine, (byte) => byte ^ 0xff);
  vars = {
    UPSTREAM_URL: 'http://upstream.test/{channel}/{board}/{version}/{file}',
    SIGNING_KEY_URL: 'http://upstream.test/key.asc',
    SIGNING_KEY_FINGERPRINTS: fingerprint(signingKey),
    MIRROR: 'stable/amd64-usr',
  };
});

/** What upstream sends: `cutAt` ends a whole download there, once, and `headSize` is what HEAD says of the size. */
let upstream: { bytes: Uint8Array<ArrayBuffer>; etag: string; headSize?: number; cutAt?: number };
let clock: number;
let bucket: MemoryBucket;
let edge: Edge;
beforeEach(() => {
  clock = Date.now();
  upstream = { bytes: genuine, etag: '"a"' };
  bucket = memoryBucket({ now: () => clock });
  edge = isolate();
});

const isolate = (fetch: (request: Request) => Promise<Response> = answer): Edge =>
  edgeOver(
    { RELEASES: bucket.r2, MACHINES: { get: async () => null }, ...vars },
    {
      platform: { fetch, now: () => clock, timer: (milliseconds) => systemPlatform.timer(milliseconds / FASTER) },
    },
  );

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/key.asc') return new Response(key);
  if (pathname === `${PATH}.sig`) return new Response(signature);
  if (pathname !== PATH) return new Response(null, { status: 404 });
  const { bytes, etag, headSize = SIZE, cutAt } = upstream;
  const tag: Record<string, string> = etag === '' ? {} : { etag };
  if (request.method === 'HEAD') return new Response(null, { headers: { ...tag, 'content-length': String(headSize) } });
  const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '');
  if (asked === null) {
    const headers = { ...tag, 'content-length': String(headSize) };
    return new Response(cutAt === undefined ? bytes : cut(bytes, cutAt), { headers });
  }
  const [start, end] = [Number(asked[1]), Number(asked[2])];
  const headers = { ...tag, 'content-range': `bytes ${start}-${end}/${SIZE}` };
  // A download that broke off is not taken up again.
  if (cutAt !== undefined) return new Response(null, { status: 404 });
  return new Response(bytes.slice(start, end + 1), { status: 206, headers });
}

const cut = (bytes: Uint8Array<ArrayBuffer>, until: number) => {
  let at = 0;
  return new ReadableStream({
    type: 'bytes',
    pull: (controller) => {
      if (at >= until) return controller.error(new Error('cut'));
      controller.enqueue(bytes.slice(at, Math.min(until, at + 262_144)));
      at += 262_144;
    },
  });
};

/** What arrives before the end or the cut. */
async function arrived(response: Response): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read().catch(() => undefined);
    if (next?.value === undefined) return Buffer.concat(pieces);
    pieces.push(next.value);
  }
}

const part = (range: string) => edge.fetch(PATH, { headers: { range: `bytes=${range}` } });

/** Writes the manifest that the mirror would write; `added` has the image with the date on which it came. */
async function publish(publishedAt: number, added?: number): Promise<void> {
  const entry = async (name: string, bytes: Uint8Array<ArrayBuffer>, more: object = {}) => {
    const stored = await bucket.r2.put(`files/${RELEASE}/1/${name}`, bytes);
    const sha512 = createHash('sha512').update(bytes).digest('hex');
    const at = new Date(clock).toISOString();
    const base = { key: `files/${RELEASE}/1/${name}`, etag: stored?.etag ?? '', size: bytes.length, sha512 };
    return { ...base, verifiedAt: at, ...more };
  };
  const addedAt = new Date(added ?? publishedAt).toISOString();
  const signedBy = 'A'.repeat(40);
  const image = {
    [IMAGE]: await entry(IMAGE, genuine, { addedAt, signedBy }),
    [`${IMAGE}.sig`]: await entry(`${IMAGE}.sig`, signature, { addedAt }),
  };
  const files = {
    'version.txt': await entry('version.txt', new Uint8Array(10)),
    ...(added === undefined ? {} : image),
  };
  const [channel, board, version] = RELEASE.split('/');
  const manifest = { channel, board, version, publishedAt: new Date(publishedAt).toISOString(), files };
  await bucket.r2.put(`manifests/${RELEASE}.json`, JSON.stringify(manifest));
}

describe('a 416, which tells a client that it has the whole file', () => {
  it('is not made of a size that upstream says when a client has as many bytes', async () => {
    upstream = { bytes: evil, etag: '', cutAt: 1_100_000 };
    const got = await arrived(await edge.fetch(PATH));
    expect(got.length).toBeGreaterThan(0);
    upstream = { bytes: genuine, etag: '', headSize: got.length };
    expect((await part(`${got.length}-`)).status).not.toBe(416);
  });
  it('is not made of the genuine size while a client may hold more bytes of another file', async () => {
    const longer = new Uint8Array(6_000_000).fill(69);
    upstream = { bytes: longer, etag: '', headSize: longer.length, cutAt: 3_300_000 };
    const got = await arrived(await edge.fetch(PATH));
    expect(got.length).toBeGreaterThan(SIZE);
    upstream = { bytes: genuine, etag: '"g"' };
    await arrived(await edge.fetch(PATH));
    expect((await part(`${got.length}-`)).status).toBe(428);
  });
  it('comes for a verified file of which nothing else has left', async () => {
    await arrived(await edge.fetch(PATH));
    await edge.settle();
    const answer = await part(`${SIZE}-`);
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
  });
});

describe('a file that the mirror adds late', () => {
  it('completes no download from before, however long ago its release was published', async () => {
    const publishedAt = clock - 72 * HOUR_MS;
    await publish(publishedAt);
    upstream = { bytes: evil, etag: '"a"' };
    const got = await arrived(await edge.fetch(PATH));
    await publish(publishedAt, clock);
    edge = isolate();
    expect((await part(`${got.length}-`)).status).toBe(428);
  });
});

describe('a genuine download that broke off before the mirror had the file', () => {
  beforeEach(async () => {
    upstream = { bytes: genuine, etag: '"a"', cutAt: 1_500_000 };
    await arrived(await edge.fetch(PATH));
    await edge.settle();
    upstream = { bytes: genuine, etag: '"a"' };
    await publish(clock, clock);
    edge = isolate();
  });

  it('keeps parts from nobody once the poll has looked at it', async () => {
    expect((await part('1048576-')).status).toBe(428);
    await edge.poll();
    await edge.settle();
    const rest = await part('1048576-');
    expect([rest.status, (await arrived(rest)).equals(genuine.subarray(1_048_576))]).toEqual([206, true]);
  });
});

it('a download that broke off before its first byte leaves no mark', async () => {
  upstream = { bytes: genuine, etag: '"a"', cutAt: 0 };
  await arrived(await edge.fetch(PATH));
  await edge.settle();
  expect([...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'))).toEqual([]);
});

it('verifications that the runtime has dropped do not hold up those of other files', async () => {
  const hung: string[] = [];
  edge = isolate(async (request) => {
    const { pathname } = new URL(request.url);
    if (!/4593\.2\.[6-9]/.test(pathname)) return await answer(request);
    if (pathname.endsWith('.sig')) return new Response(signature);
    if (request.method === 'HEAD')
      return new Response(null, { headers: { etag: '"x"', 'content-length': String(SIZE) } });
    hung.push(pathname);
    return await new Promise<Response>(() => undefined);
  });
  for (const patch of [6, 7, 8, 9])
    void edge.fetch(PATH.replace('4593.2.5', `4593.2.${patch}`), { headers: { range: 'bytes=5-9' } });
  while (hung.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  clock += 2 * 60_000;
  expect((await part('5-9')).status).toBe(206);
});
