/** What a verdict binds: bytes, under whatever tag upstream gives them; and a bad one heals without a client. */
import { createHash } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { type Edge, edgeOver } from '../support/edge.ts';
import { type MemoryBucket, memoryBucket } from '../support/memory-bucket.ts';
import { provideStreams } from '../support/node-streams.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const FILE = `stable/amd64-usr/4593.2.5/${IMAGE}`;
const PATH = `/${FILE}`;
const SIZE = 2_300_000;
const HELD_BACK = 256 * 1024;

let genuine: Uint8Array<ArrayBuffer>;
let evil: Uint8Array<ArrayBuffer>;
let signature: Uint8Array<ArrayBuffer>;
let key: string;
let vars: Record<string, string>;
beforeAll(async () => {
  provideStreams();
  const signingKey = await makeSigningKey();
  key = publicKeyText(signingKey);
  const made = await makeRelease({ version: '4593.2.5', files: { [IMAGE]: SIZE }, key: signingKey, bare: true });
  genuine = Uint8Array.from(made.get(IMAGE) ?? []);
  signature = Uint8Array.from(made.get(`${IMAGE}.sig`) ?? []);
  evil = Uint8Array.from(genuine, (byte, index) => (index < 500_000 ? byte ^ 0xff : byte));
  vars = {
    OPERATOR_TOKEN: 'operator-token-of-at-least-32-bytes',
    CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
    UPSTREAM_URL: 'http://upstream.test/{channel}/{board}/{version}/{file}',
    SIGNING_KEY_URL: 'http://upstream.test/key.asc',
    SIGNING_KEY_FINGERPRINTS: fingerprint(signingKey),
  };
});

/** What upstream sends for whole files and for parts, and under which tag. */
let upstream: { whole: Uint8Array<ArrayBuffer>; part: Uint8Array<ArrayBuffer>; etag: string };
let clock: number;
let bucket: MemoryBucket;
let edge: Edge;
let wholes: number;
let isAbsent: boolean;
/** How much faster the timers of the edge run. */
let faster: number;
/** What happens in another isolate just before the mark of a stream is written. */
let beforeMark: (() => Promise<unknown>) | undefined;
beforeEach(() => {
  clock = Date.now();
  wholes = 0;
  isAbsent = false;
  beforeMark = undefined;
  faster = 20;
  upstream = { whole: genuine, part: genuine, etag: '"a"' };
  bucket = memoryBucket({ now: () => clock });
  edge = isolate();
});

function isolate(): Edge {
  const MACHINES = { get: async () => null };
  const RELEASES = new Proxy(bucket.r2, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name !== 'put' || typeof member !== 'function') return member;
      return async (key: string, ...rest: unknown[]) => {
        const meanwhile = key.startsWith('unproven/') ? beforeMark : undefined;
        if (meanwhile !== undefined) {
          beforeMark = undefined;
          await meanwhile();
        }
        return (await Reflect.apply(member, target, [key, ...rest])) as unknown;
      };
    },
  });
  return edgeOver(
    { RELEASES, MACHINES, ...vars },
    {
      platform: {
        fetch: answer,
        now: () => clock,
        timer: (milliseconds) => systemPlatform.timer(milliseconds / faster),
      },
    },
  );
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/key.asc') return new Response(key);
  if (pathname.endsWith('.sig')) return new Response(signature);
  if (pathname !== PATH || isAbsent) return new Response(null, { status: 404 });
  const { etag } = upstream;
  const headers = { etag, 'content-length': String(SIZE) };
  if (request.method === 'HEAD') return new Response(null, { headers });
  const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '');
  if (asked === null) {
    wholes += 1;
    return new Response(upstream.whole, { headers });
  }
  const [start, end] = [Number(asked[1]), Number(asked[2])];
  return new Response(upstream.part.slice(start, end + 1), {
    status: 206,
    headers: { etag, 'content-range': `bytes ${start}-${end}/${SIZE}` },
  });
}

const part = (range: string, headers: Record<string, string> = {}) =>
  edge.fetch(PATH, { headers: { range: `bytes=${range}`, ...headers } });

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

describe('an upstream that is honest to whole downloads and lies to parts, under one tag', () => {
  beforeEach(() => {
    upstream.part = Uint8Array.from(genuine, (byte) => byte ^ 0xff);
  });

  it.each(['0-99', '1048576-1048577', '-100', '1500000-'])('bytes=%s: no byte of it leaves', async (range) => {
    for (const verified of [false, true]) {
      if (verified) expect((await arrived(await edge.fetch(PATH))).equals(genuine)).toBe(true);
      const response = await part(range);
      expect(response.status).toBe(503);
      expect(await response.text()).toContain('changed');
    }
  });

  it('a lie after a true beginning is cut before its first byte', async () => {
    await arrived(await edge.fetch(PATH));
    upstream.part = Uint8Array.from(genuine, (byte, index) => (index >= 1_048_576 ? byte ^ 0xff : byte));
    const got = await arrived(await part('1000-2000000'));
    expect(got.equals(genuine.subarray(1000, 1_048_576))).toBe(true);
  });
});

describe('an upstream that sends a bad beginning once, and the genuine file under another tag ever after', () => {
  beforeEach(async () => {
    upstream.whole = evil;
    expect((await arrived(await edge.fetch(PATH))).length).toBe(SIZE - HELD_BACK);
    upstream = { whole: genuine, part: genuine, etag: '"b"' };
  });

  it('who has that beginning does not get the rest, in this isolate or another', async () => {
    for (const where of [edge, isolate()]) {
      const response = await where.fetch(PATH, { headers: { range: `bytes=${SIZE - HELD_BACK}-` } });
      expect(response.status).toBe(428);
      expect(await response.text()).toContain('from its beginning');
    }
  });

  it('who begins again gets the file, with a tag that resumes it; no other tag and no date does', async () => {
    await part('5-9');
    const whole = await edge.fetch(PATH);
    const tag = whole.headers.get('etag') ?? '';
    expect((await arrived(whole)).equals(genuine)).toBe(true);
    const resumed = await part('1000-', { 'if-range': tag });
    expect(resumed.status).toBe(206);
    expect((await arrived(resumed)).equals(genuine.subarray(1000))).toBe(true);
    for (const foreign of ['"a"', '"b"', new Date(clock).toUTCString()]) {
      const restarted = await part('1000-', { 'if-range': foreign });
      expect(restarted.status).toBe(200);
      expect((await arrived(restarted)).equals(genuine)).toBe(true);
    }
  });

  it('a day later, parts need no condition any more', async () => {
    await part('5-9');
    clock += 24 * 3_600_000 + 1000;
    const response = await part('1000-');
    expect([response.status, response.headers.get('etag')]).toEqual([206, '"b"']);
  });
});

it('a stream that finds a verdict once its mark is written is bound by it from its first byte on', async () => {
  // The store waits for the other isolate in between.
  faster = 1;
  upstream.whole = evil;
  beforeMark = async () => {
    upstream.whole = genuine;
    // Another isolate verifies the file, and remembers that nothing else has left.
    const other = isolate();
    expect(await arrived(await other.fetch(PATH, { headers: { range: 'bytes=5-9' } }))).toHaveLength(5);
    await other.settle();
  };
  const response = await edge.fetch(PATH);
  expect((await arrived(response)).length).toBe(0);
  await edge.settle();
  expect([...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'))).toEqual([]);
});

describe('a stream that breaks before there is a verdict', () => {
  const interrupted = async () => {
    const reader = (await edge.fetch(PATH)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await edge.settle();
  };

  it('is resumed when its bytes were the genuine ones', async () => {
    await interrupted();
    expect([...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'))).toHaveLength(1);
    const response = await part('1048576-');
    expect(response.status).toBe(206);
    expect((await arrived(response)).equals(genuine.subarray(1_048_576))).toBe(true);
    expect([...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'))).toEqual([]);
  });

  it('is marked for a day, and the sweep deletes the mark then', async () => {
    await interrupted();
    const marks = () => [...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'));
    await edge.poll();
    expect(marks()).toHaveLength(1);
    clock += 24 * 3_600_000;
    await edge.poll();
    expect(marks()).toEqual([]);
  });

  it('is not resumed when they were not', async () => {
    upstream.whole = evil;
    await interrupted();
    upstream.whole = genuine;
    expect((await part('1048576-')).status).toBe(428);
  });

  it('is not resumed when nobody knows what they were', async () => {
    await interrupted();
    const [mark] = [...bucket.objects.keys()].filter((name) => name.startsWith('unproven/'));
    // As an isolate leaves it that is gone before the end.
    await bucket.r2.put(mark ?? '', '', { customMetadata: { ended: '' } });
    await arrived(await edge.fetch(PATH));
    const patience = setInterval(() => {
      clock += 5_000;
    }, 5);
    const response = await part('1048576-');
    clearInterval(patience);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

describe('a release that is mirrored while clients may hold other bytes of it', () => {
  const publish = async () => {
    const files = {
      [IMAGE]: {
        ...{ key: `files/${FILE}/1`, size: SIZE, sha512: createHash('sha512').update(genuine).digest('hex') },
        ...{
          etag: (await bucket.r2.put(`files/${FILE}/1`, genuine))?.etag ?? '',
          verifiedAt: new Date(clock).toISOString(),
        },
      },
    };
    const manifest = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5', files };
    const publishedAt = new Date(clock).toISOString();
    await bucket.r2.put('manifests/stable/amd64-usr/4593.2.5.json', JSON.stringify({ ...manifest, publishedAt }));
  };

  it('does not complete them, and does so a day later', async () => {
    upstream.whole = evil;
    await arrived(await edge.fetch(PATH));
    await publish();
    expect((await part('1000000-')).status).toBe(428);
    const whole = await edge.fetch(PATH);
    expect(whole.headers.get('x-flatcar-source')).toBe('mirror');
    expect((await arrived(whole)).equals(genuine)).toBe(true);
    const restarted = await part('1000000-', { 'if-range': whole.headers.get('etag') ?? '' });
    expect([restarted.status, (await arrived(restarted)).equals(genuine)]).toEqual([200, true]);
    clock += 25 * 3_600_000;
    expect((await part('1000000-')).status).toBe(206);
  });

  it('resumes as ever what was never anything else', async () => {
    await arrived(await edge.fetch(PATH));
    await edge.settle();
    await publish();
    expect((await part('1000000-')).status).toBe(206);
  });
});

describe('one bad download of a file that is genuine', () => {
  const headers = { authorization: 'Bearer operator-token-of-at-least-32-bytes' };
  const health = async () => (await (await isolate().fetch('/healthz', { headers })).json()) as Record<string, unknown>;
  beforeEach(async () => {
    upstream.whole = evil;
    await arrived(await edge.fetch(PATH));
    upstream.whole = genuine;
  });

  it('is told on /healthz and on the public page', async () => {
    expect(await health()).toMatchObject({
      status: 'degraded',
      refused: [{ path: PATH, reason: 'bad-signature', since: new Date(clock).toISOString() }],
    });
    const page = await (await isolate().fetch('/', { headers: { accept: 'text/html' } })).text();
    expect(page).toContain(FILE);
    expect(page).toContain('bad-signature');
  });

  it('heals by the poll, without a client, once it is ten minutes old', async () => {
    const before = wholes;
    await edge.poll();
    await edge.poll();
    expect(wholes).toBe(before);
    expect((await edge.fetch(PATH)).status).toBe(502);
    clock += 10 * 60_000;
    await Promise.all([edge.poll(), isolate().poll()]);
    expect(wholes).toBe(before + 1);
    expect((await arrived(await edge.fetch(PATH))).equals(genuine)).toBe(true);
    expect(await health()).toMatchObject({ status: 'ok', refused: [] });
  });

  it('heals behind the answer to a client that asks', async () => {
    clock += 10 * 60_000;
    expect((await edge.fetch(PATH)).status).toBe(502);
    await edge.settle();
    expect((await arrived(await edge.fetch(PATH))).equals(genuine)).toBe(true);
  });

  it('is told no longer once upstream has the file no more', async () => {
    isAbsent = true;
    clock += 10 * 60_000;
    await edge.poll();
    expect(await health()).toMatchObject({ status: 'ok', refused: [] });
  });

  it('stays refused as long as it is bad, and is tried once in ten minutes', async () => {
    upstream.whole = evil;
    const before = wholes;
    for (let round = 1; round <= 3; round += 1) {
      clock += 10 * 60_000;
      await edge.poll();
      await edge.poll();
      expect(wholes).toBe(before + round);
      expect((await edge.fetch(PATH)).status).toBe(502);
      await edge.settle();
    }
  });
});
