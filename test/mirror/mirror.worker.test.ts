import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sameBytes } from '../../src/shared/bytes.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import { type Edge, type EdgeOptions, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { movingClock } from '../support/moving-clock.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const MIB = 1024 * 1024;
const PAIR = { channel: 'stable', board: 'amd64-usr' } as const;
const IMAGE = 'flatcar_production_image.bin.bz2';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const FILES = { [IMAGE]: 6000, [KERNEL]: 3000 };
/** Two parts of an upload, where that is the point. */
const LARGE = { ...FILES, [IMAGE]: 9 * MIB + 3 };
const VARS = { OPERATOR_TOKEN, MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${IMAGE},${KERNEL},missing.bin` };
const V5 = '/api/mirrors/stable/amd64-usr/4593.2.5';

interface JobAnswer {
  attempt: number;
  state: string;
  reason?: string;
  files: { name: string; state: string; bytes: number; size: number; reason?: string }[];
}

let tenant: UpstreamTenant;
let edge: Edge;
let clock: ReturnType<typeof movingClock>;
beforeEach(async () => {
  await reset();
  clock = movingClock();
  tenant = new UpstreamTenant('mirror');
  await tenant.release({ ...PAIR, version: '4593.2.5', files: FILES, aliases: ['current'] });
  edge = await open();
});
afterEach(() => edge.settle());

const open = (options: EdgeOptions = {}) =>
  openEdge(tenant, {
    ...options,
    vars: { ...VARS, ...options.vars },
    platform: { ...clock.platform, ...options.platform },
  });
const api = async (path: string, init: RequestInit = {}, at = edge) => {
  const response = await at.fetch(path, { ...init, headers: { ...OPERATOR, ...init.headers } });
  return { status: response.status, body: (await response.json<never>()) as JobAnswer & Record<string, unknown> };
};
const put = (path: string, body?: unknown) =>
  api(path, { method: 'PUT', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const upstreamBytes = (file: string, version = '4593.2.5') => tenant.bytes(`stable/amd64-usr/${version}/${file}`);
const sourceOf = async (path: string) => (await edge.fetch(path, { method: 'HEAD' })).headers.get('x-flatcar-source');
const current = async () =>
  /_VERSION=(.*)/.exec(await (await edge.fetch('/stable/amd64-usr/current/version.txt')).text())?.[1];
const mirror = async (version: string) => {
  await put(`/api/mirrors/stable/amd64-usr/${version}`);
  return await edge.runAll();
};
const newRelease = (version: string, more = {}) =>
  tenant.release({ ...PAIR, version, files: { [KERNEL]: 5000 }, bare: true, ...more });
const largeRelease = () => tenant.release({ ...PAIR, version: '4593.2.5', files: LARGE });

describe('a whole run', () => {
  it('ends with every file in R2, verified, byte for byte, and current naming it', async () => {
    await largeRelease();
    const queued = await put(V5);
    expect(queued).toMatchObject({
      status: 202,
      body: { attempt: 1, state: 'queued', startedAt: null, finishedAt: null },
    });
    expect(await edge.runAll()).toEqual(['complete']);
    const { body } = await api(V5);
    expect(body).toMatchObject({ attempt: 1, state: 'complete' });
    expect(body.files.map(({ name, state, bytes, size }) => [name, state, bytes, size])).toEqual([
      ['version.txt', 'verified', 154, 154],
      [IMAGE, 'verified', LARGE[IMAGE], LARGE[IMAGE]],
      [KERNEL, 'verified', LARGE[KERNEL], LARGE[KERNEL]],
      ['missing.bin', 'absent', 0, 0],
    ]);
    await tenant.rules({ path: '.', status: 500 });
    edge = await open();
    for (const base of [IMAGE, KERNEL, 'version.txt']) {
      for (const file of [base, `${base}.sig`, `${base}.DIGESTS`, `${base}.DIGESTS.asc`, `${base}.DIGESTS.sig`]) {
        await tenant.rules({ path: '.', status: 500 });
        const response = await edge.fetch(`/stable/amd64-usr/current/${file}`);
        expect([file, response.status, response.headers.get('x-flatcar-source')]).toEqual([file, 200, 'mirror']);
        const bytes = new Uint8Array(await response.arrayBuffer());
        await tenant.rules();
        expect(sameBytes(bytes, await upstreamBytes(file))).toBe(true);
      }
    }
  });

  it('serves with digest, signer, strong etag and for ever; an alias for a minute', async () => {
    await mirror('4593.2.5');
    const numbered = await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
    const bytes = await numbered.arrayBuffer();
    const digest = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-512', bytes))));
    expect(Object.fromEntries(numbered.headers)).toMatchObject({
      'repr-digest': `sha-512=:${digest}:`,
      'x-flatcar-signed-by': (await tenant.key({ key: 'common' })).subkey,
      'x-flatcar-version': '4593.2.5',
      'cache-control': 'public, max-age=31536000, immutable, no-transform',
    });
    const alias = await edge.fetch(`/stable/amd64-usr/current/${KERNEL}`, { method: 'HEAD' });
    expect(alias.headers.get('cache-control')).toBe('public, max-age=60, no-transform');
    expect(alias.headers.get('content-location')).toBe(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
  });

  it('lets the official mirror script skip what it has, companions included', async () => {
    await mirror('4593.2.5');
    for (const file of [KERNEL, `${KERNEL}.sig`, `${KERNEL}.DIGESTS`]) {
      const head = await edge.fetch(`/stable/amd64-usr/4593.2.5/${file}`, { method: 'HEAD' });
      const seconds = Date.parse(head.headers.get('last-modified') ?? '') / 1000;
      const own = `"${seconds.toString(36)}${Number(head.headers.get('content-length')).toString(36)}"`;
      const again = await edge.fetch(`/stable/amd64-usr/4593.2.5/${file}`, {
        method: 'HEAD',
        headers: { 'if-none-match': own },
      });
      expect([file, again.status]).toEqual([file, 304]);
    }
  });

  it('resumes a broken connection, of an upstream with or without ranges', async () => {
    for (const [version, ranges] of [
      ['4593.2.6', true],
      ['4593.2.7', false],
    ] as const) {
      await tenant.release({ ...PAIR, version, files: { [IMAGE]: 10 * MIB }, bare: true });
      await tenant.switches({ ranges });
      await tenant.rules({ path: 'bz2$', method: 'GET', times: 1, cutAfter: 9 * MIB });
      expect(await mirror(version)).toEqual(['complete']);
      const body = new Uint8Array(await (await edge.fetch(`/stable/amd64-usr/${version}/${IMAGE}`)).arrayBuffer());
      expect(sameBytes(body, await upstreamBytes(IMAGE, version))).toBe(true);
    }
  });

  it('holds at most 6 connections at any moment', async () => {
    await tenant.release({
      ...PAIR,
      version: '4593.2.8',
      files: { [IMAGE]: 15 * MIB, [KERNEL]: 15 * MIB },
      bare: true,
    });
    const connections = { now: 0, most: 0 };
    const counted = <T>(work: Promise<T>): Promise<T> => {
      connections.now += 1;
      connections.most = Math.max(connections.most, connections.now);
      return work.finally(() => {
        connections.now -= 1;
      });
    };
    const slowly = async <T>(work: () => Promise<T>): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      return await work();
    };
    const upload = (inner: R2MultipartUpload) => ({
      key: inner.key,
      uploadId: inner.uploadId,
      uploadPart: (...args: Parameters<R2MultipartUpload['uploadPart']>) =>
        counted(slowly(() => inner.uploadPart(...args))),
      complete: (parts: R2UploadedPart[]) => counted(slowly(() => inner.complete(parts))),
      abort: () => counted(inner.abort()),
    });
    const bucket = new Proxy(env.RELEASES, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          const result = counted(slowly(() => method.apply(target, args) as Promise<unknown>));
          return name === 'createMultipartUpload' ? result.then((made) => upload(made as R2MultipartUpload)) : result;
        };
      },
    });
    // A connection to upstream lasts until its body has been read.
    const fetch_ = async (request: Request) => {
      let done: () => unknown = () => undefined;
      void counted(
        new Promise<void>((resolve) => {
          done = () => resolve();
        }),
      );
      const response = await fetch(request).catch((cause: unknown) => {
        done();
        throw cause;
      });
      if (response.body === null || request.method === 'HEAD') done();
      if (response.body === null || request.method === 'HEAD') return response;
      const { readable, writable } = new IdentityTransformStream();
      void response.body.pipeTo(writable).then(done, done);
      return new Response(readable, response);
    };
    edge = await open({
      // Three parts of each file, as small as R2 takes them.
      partBytes: 5 * MIB,
      bindings: { RELEASES: bucket as R2Bucket },
      platform: { fetch: fetch_ },
      vars: { MIRROR_FILES: `version.txt,${IMAGE},${KERNEL}` },
    });
    expect(await mirror('4593.2.8')).toEqual(['complete']);
    console.log(`most connections at once: ${connections.most}`);
    expect(connections.most).toBeLessThanOrEqual(6);
    expect(connections.most).toBeGreaterThanOrEqual(3);
  });
});

describe('what must not be published', () => {
  const HERE = 'stable/amd64-usr/4593.2.5';
  const CASES: readonly [name: string, spoil: () => Promise<unknown>, reason: RegExp][] = [
    ['a bad byte', () => tenant.flip(`${HERE}/${IMAGE}`, 5000), /bz2: bad-signature/],
    ['no signature', () => tenant.remove(`${HERE}/${IMAGE}.sig`), /bz2: signature-missing/],
    ['an unknown key', () => tenant.sign(`${HERE}/${IMAGE}`, 'stranger'), /bz2: unknown-key/],
    ['SHA-1', () => tenant.sign(`${HERE}/${KERNEL}`, 'common', 'sha1'), /vmlinuz: weak-hash/],
    [
      'a genuine file of another name',
      async () => {
        for (const ending of ['', '.sig', '.DIGESTS', '.DIGESTS.sig']) {
          await tenant.put(`${HERE}/${KERNEL}${ending}`, await upstreamBytes(`version.txt${ending}`));
        }
      },
      /vmlinuz: digests-other-file/,
    ],
    [
      'another digest in the signed DIGESTS',
      async () => {
        const text = new TextDecoder().decode(await upstreamBytes(`${KERNEL}.DIGESTS`));
        await tenant.put(`${HERE}/${KERNEL}.DIGESTS`, text.replace(/[0-9a-f]{128}/, 'a'.repeat(128)));
        await tenant.sign(`${HERE}/${KERNEL}.DIGESTS`, 'common');
      },
      /vmlinuz: wrong-digest/,
    ],
    ['a tampered DIGESTS', () => tenant.flip(`${HERE}/${KERNEL}.DIGESTS`, 3), /vmlinuz: digests-bad-signature/],
    ['no version.txt', () => tenant.remove(`${HERE}/version.txt`), /^absent$/],
    [
      'another version inside version.txt',
      () => newRelease('4593.2.5', { versionTxt: 'FLATCAR_VERSION=4593.2.4\n' }),
      /^wrong-version$/,
    ],
    [
      'no image',
      async () => {
        await tenant.remove(`${HERE}/${IMAGE}`);
        await tenant.remove(`${HERE}/${KERNEL}`);
      },
      /^no-image$/,
    ],
    [
      'files signed long before the build',
      () =>
        tenant.release({
          ...PAIR,
          version: '4593.2.5',
          files: FILES,
          versionTxt: 'FLATCAR_VERSION=4593.2.5\nFLATCAR_BUILD_ID="2039-01-01-0000"\n',
        }),
      /signed-before-build/,
    ],
  ];

  it.each(CASES)(
    '%s: failed with its reason, nothing served as verified, current unmoved',
    async (_name, spoil, reason) => {
      await newRelease('4593.2.4');
      await mirror('4593.2.4');
      await spoil();
      expect(await mirror('4593.2.5')).toEqual(['failed']);
      const { body } = await api(V5);
      expect(body.state).toBe('failed');
      expect(body.reason).toMatch(reason);
      for (const file of [IMAGE, KERNEL, 'version.txt'])
        expect(await sourceOf(`/stable/amd64-usr/4593.2.5/${file}`)).not.toBe('mirror');
      expect(await current()).toBe('4593.2.4');
    },
  );

  it('a file over MAX_FILE_BYTES ends at once', async () => {
    edge = await open({ vars: { MAX_FILE_BYTES: '5999' } });
    expect(await mirror('4593.2.5')).toEqual(['failed']);
    expect((await api(V5)).body.reason).toBe(`${IMAGE}: file-too-large`);
    expect((await tenant.log(/bz2$/)).filter(({ method }) => method === 'GET')).toHaveLength(0);
  });

  it('an endless body is cut to its announced length; a short one fails', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', endless: 5 * MIB });
    expect(await mirror('4593.2.5')).toEqual(['complete']);
    await newRelease('4593.2.6', { files: { [IMAGE]: 10_000 } });
    // It is asked for again and again, with growing delays.
    edge = await open({ platform: { timer: (milliseconds) => systemPlatform.timer(milliseconds / 10) } });
    await tenant.switches({ ranges: false });
    await tenant.rules({ path: 'bz2$', method: 'GET', cutAfter: 5000 });
    expect(await mirror('4593.2.6')).toEqual(['failed']);
    expect((await api('/api/mirrors/stable/amd64-usr/4593.2.6')).body.reason).toBe(`${IMAGE}: truncated`);
  });

  it('no upload is left open, and no object that a manifest does not name is ever served', async () => {
    await largeRelease();
    await tenant.flip(`${HERE}/${IMAGE}`, 8 * MIB + 5);
    expect(await mirror('4593.2.5')).toEqual(['failed']);
    const listed = await env.RELEASES.list({ prefix: `files/${HERE}/${IMAGE}/` });
    expect(listed.objects).toEqual([]);
  });
});

describe('attempts', () => {
  it('a hundred triggers at once make one job', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => put(V5)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.attempt))).toEqual(new Set([1]));
    expect(edge.launched).toHaveLength(1);
  });

  it('a failed job starts again as a new attempt and takes over what was verified', async () => {
    await tenant.flip(`stable/amd64-usr/4593.2.5/${KERNEL}`, 5);
    expect(await mirror('4593.2.5')).toEqual(['failed']);
    await tenant.flip(`stable/amd64-usr/4593.2.5/${KERNEL}`, 5);
    await tenant.forget();
    expect(await mirror('4593.2.5')).toEqual(['complete']);
    expect((await api(V5)).body).toMatchObject({ attempt: 2, state: 'complete' });
    expect((await tenant.log(/bz2$/)).filter(({ method }) => method === 'GET')).toHaveLength(0);
  });

  it('a complete job joins, and reopens only for files that came late', async () => {
    await mirror('4593.2.5');
    expect((await put(V5)).body).toMatchObject({ attempt: 1, state: 'complete' });
    expect(edge.launched).toHaveLength(0);
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { ...FILES, 'missing.bin': 3000 } });
    expect((await put(V5)).body).toMatchObject({ attempt: 2, state: 'queued' });
    expect(await edge.runAll()).toEqual(['complete']);
    clock.advance(61_000);
    expect(await sourceOf('/stable/amd64-usr/4593.2.5/missing.bin')).toBe('mirror');
  });

  it('a cancelled job stops, keeps nothing open, and starts again when asked', async () => {
    await put(V5);
    expect((await api(V5, { method: 'DELETE' })).body).toMatchObject({ state: 'cancelled' });
    expect(await edge.runAll()).toEqual(['lost']);
    expect((await api(V5)).body).toMatchObject({ state: 'cancelled' });
    expect(await sourceOf(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).toBe('upstream');
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
    expect(await mirror('4593.2.5')).toEqual(['complete']);
  });

  it('a job that nobody has heard of for two minutes is taken over by the poll; the old attempt does no harm', async () => {
    await put(V5);
    const [old] = edge.launched.splice(0);
    clock.advance(9 * 60_000);
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
    clock.advance(2 * 60_000);
    await edge.poll();
    expect(edge.launched).toMatchObject([{ attempt: 2 }]);
    expect(await edge.runAll()).toEqual(['complete']);
    expect(old && (await edge.run(old))).toBe('lost');
    expect((await api(V5)).body).toMatchObject({ attempt: 2, state: 'complete' });
  });
});

describe('aliases', () => {
  beforeEach(async () => {
    await newRelease('4593.2.4');
    await newRelease('4593.2.6');
  });

  it('name the highest published release, whatever the order; unpublished numbers change nothing', async () => {
    await mirror('4593.2.5');
    await mirror('4593.2.4');
    expect(await current()).toBe('4593.2.5');
    await mirror('4593.2.6');
    expect(await current()).toBe('4593.2.6');
  });

  it('pin, roll back, unpin', async () => {
    await mirror('4593.2.4');
    await mirror('4593.2.5');
    const alias = '/api/aliases/stable/amd64-usr/current';
    expect(await put(alias, { version: '4593.2.4' })).toMatchObject({
      status: 200,
      body: { pin: '4593.2.4', version: '4593.2.4', before: '4593.2.5', published: '4593.2.5', floor: '4593.2.5' },
    });
    expect(await current()).toBe('4593.2.4');
    await mirror('4593.2.6');
    expect(await current()).toBe('4593.2.4');
    expect((await api(alias, { method: 'DELETE' })).body['pin']).toBeNull();
    expect(await current()).toBe('4593.2.6');
  });

  it.each([
    ['{"version":"4593.2.9"}', 422, /version: 4593.2.9 is not published/],
    ['{"version":7}', 422, /^version: must be/],
    ['{', 400, /JSON/],
    ['[]', 400, /JSON/],
  ])('a pin %s is refused and changes nothing', async (body, status, detail) => {
    await mirror('4593.2.5');
    const answer = await api('/api/aliases/stable/amd64-usr/current', { method: 'PUT', body });
    expect(answer.status).toBe(status);
    expect(answer.body['detail']).toMatch(detail);
    expect((await api('/api/aliases/stable/amd64-usr/current')).body['pin']).toBeNull();
  });

  it('LTS streams move by their own releases only', async () => {
    edge = await open({ vars: { MIRROR: 'lts/amd64-usr/current-2023,lts/amd64-usr/current-2024' } });
    const lts = { ...PAIR, channel: 'lts' };
    await newRelease('3510.3.8', { ...lts, aliases: ['current-2023'] });
    await newRelease('4081.3.10', { ...lts, aliases: ['current-2024'] });
    await edge.poll();
    expect(await edge.runAll()).toEqual(['complete', 'complete']);
    const named = async (alias: string) =>
      (await edge.fetch(`/lts/amd64-usr/${alias}/version.txt`)).headers.get('x-flatcar-version');
    expect([await named('current-2023'), await named('current-2024')]).toEqual(['3510.3.8', '4081.3.10']);
    await newRelease('3510.3.9', lts);
    await put('/api/mirrors/lts/amd64-usr/3510.3.9');
    await edge.runAll();
    expect([await named('current-2023'), await named('current-2024')]).toEqual(['3510.3.9', '4081.3.10']);
  });

  it('an alias of a pair that is not in MIRROR follows upstream, whatever was mirrored', async () => {
    edge = await open({ vars: { MIRROR: '' } });
    await mirror('4593.2.6');
    expect(await current()).toBe('4593.2.5');
  });
});

describe('quarantine', () => {
  const RELEASE = '/api/releases/stable/amd64-usr/4593.2.5';

  it('takes a release out of everything at once; poll and webhook skip it; only a PUT of its mirror lifts it', async () => {
    await newRelease('4593.2.4');
    await mirror('4593.2.4');
    await mirror('4593.2.5');
    expect(await current()).toBe('4593.2.5');
    expect(await api(RELEASE, { method: 'DELETE' })).toMatchObject({
      status: 200,
      body: { state: 'quarantined', aliases: [{ alias: 'current', before: '4593.2.5', after: '4593.2.4' }] },
    });
    expect(await current()).toBe('4593.2.4');
    expect((await api('/api/aliases/stable/amd64-usr/current')).body).toMatchObject({
      version: '4593.2.4',
      floor: '4593.2.4',
    });
    for (const path of ['version.txt', IMAGE, `${IMAGE}.sig`, '']) {
      expect((await edge.fetch(`/stable/amd64-usr/4593.2.5/${path}`)).status).toBe(404);
    }
    const index = JSON.stringify(await (await edge.fetch('/releases.json')).json());
    expect(index).toContain('4593.2.4');
    expect(index).not.toContain('4593.2.5');
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
    expect(await mirror('4593.2.5')).toEqual(['complete']);
    expect(await current()).toBe('4593.2.5');
  });

  it('of the only release: current is 404, not a way round', async () => {
    await mirror('4593.2.5');
    await api(RELEASE, { method: 'DELETE' });
    expect((await edge.fetch('/stable/amd64-usr/current/version.txt')).status).toBe(404);
    await tenant.alias('stable/amd64-usr/current', '4593.2.4');
    await newRelease('4593.2.4');
    clock.advance(10 * 60_000);
    expect(await current()).toBe('4593.2.4');
  });

  it('files go a day later, the tombstone stays', async () => {
    await mirror('4593.2.5');
    await api(RELEASE, { method: 'DELETE' });
    const count = async () => (await env.RELEASES.list({ prefix: 'files/stable/amd64-usr/4593.2.5/' })).objects.length;
    clock.advance(23 * 3_600_000);
    await edge.poll();
    expect(await count()).toBe(18);
    clock.advance(25 * 3_600_000);
    await edge.poll();
    expect(await count()).toBe(0);
    expect((await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).status).toBe(404);
  });

  it('of what is not published blocks it', async () => {
    expect((await api(RELEASE, { method: 'DELETE' })).status).toBe(200);
    expect((await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).status).toBe(404);
  });
});

describe('retention', () => {
  it('keeps KEEP_RELEASES and whatever an alias names; objects go a day after they left', async () => {
    edge = await open({ vars: { KEEP_RELEASES: '2' } });
    for (const version of ['4593.2.1', '4593.2.2', '4593.2.3', '4593.2.4']) await newRelease(version);
    await mirror('4593.2.1');
    await put('/api/aliases/stable/amd64-usr/current', { version: '4593.2.1' });
    for (const version of ['4593.2.2', '4593.2.3', '4593.2.4']) expect(await mirror(version)).toEqual(['complete']);
    const published = async () =>
      (
        await (
          await edge.fetch('/stable/amd64-usr/', { headers: { accept: 'application/json' } })
        ).json<{ name: string }[]>()
      ).map(({ name }) => name);
    expect(await published()).toEqual(['4593.2.1/', '4593.2.3/', '4593.2.4/', 'current/']);
    const kept = async (version: string) =>
      (await env.RELEASES.list({ prefix: `files/stable/amd64-usr/${version}/` })).objects.length > 0;
    expect(await kept('4593.2.2')).toBe(true);
    clock.advance(25 * 3_600_000);
    await edge.poll();
    expect([await kept('4593.2.1'), await kept('4593.2.2'), await kept('4593.2.3')]).toEqual([true, false, true]);
    expect(await sourceOf(`/stable/amd64-usr/4593.2.2/${KERNEL}`)).toBe('upstream');
  });

  it('a release that has left comes back when it is asked for, without being copied again', async () => {
    edge = await open({ vars: { KEEP_RELEASES: '1' } });
    await newRelease('4593.2.1');
    await newRelease('4593.2.2');
    await mirror('4593.2.1');
    await mirror('4593.2.2');
    const versions = async () =>
      (await (await edge.fetch('/releases.json')).json<{ channels: Record<string, Record<string, object>> }>())
        .channels['stable']?.['amd64-usr'];
    expect(Object.keys((await versions()) ?? {})).toEqual(['4593.2.2']);
    await tenant.forget();
    expect(await mirror('4593.2.1')).toEqual(['complete']);
    expect(Object.keys((await versions()) ?? {}).sort()).toEqual(['4593.2.1', '4593.2.2']);
    expect((await tenant.log(/vmlinuz$/)).filter(({ method }) => method === 'GET')).toHaveLength(0);
    expect(await current()).toBe('4593.2.2');
  });

  it('sweeps objects that no manifest names', async () => {
    await mirror('4593.2.5');
    await env.RELEASES.put(`files/stable/amd64-usr/4593.2.5/${KERNEL}/7`, 'orphan');
    clock.advance(25 * 3_600_000);
    await edge.poll();
    expect(await env.RELEASES.head(`files/stable/amd64-usr/4593.2.5/${KERNEL}/7`)).toBeNull();
    expect(await sourceOf(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).toBe('mirror');
  });
});

describe('the poll', () => {
  it('finds a new release by itself, once', async () => {
    await edge.poll();
    await edge.poll();
    expect(edge.launched).toMatchObject([{ version: '4593.2.5', attempt: 1 }]);
    expect(await edge.runAll()).toEqual(['complete']);
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
    expect(await current()).toBe('4593.2.5');
  });

  it('leaves current where it is until the new release is complete, and for good if it fails', async () => {
    await edge.poll();
    await edge.runAll();
    await newRelease('4593.2.6', { aliases: ['current'] });
    await tenant.flip(`stable/amd64-usr/4593.2.6/${KERNEL}`, 5);
    await edge.poll();
    expect(edge.launched).toMatchObject([{ version: '4593.2.6' }]);
    expect((await put('/api/mirrors/stable/amd64-usr/current')).body).toMatchObject({
      version: '4593.2.6',
      state: 'queued',
    });
    expect(await current()).toBe('4593.2.5');
    expect(await edge.runAll()).toEqual(['failed']);
    expect(await current()).toBe('4593.2.5');
    await tenant.flip(`stable/amd64-usr/4593.2.6/${KERNEL}`, 5);
    expect(await mirror('4593.2.6')).toEqual(['complete']);
    expect(await current()).toBe('4593.2.6');
  });

  it('looks again for files of the last seven days that came late', async () => {
    await edge.poll();
    await edge.runAll();
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { ...FILES, 'missing.bin': 3000 } });
    clock.advance(6 * 86_400_000);
    await edge.poll();
    expect(edge.launched).toMatchObject([{ attempt: 2 }]);
    await edge.runAll();
    clock.advance(2 * 86_400_000);
    await tenant.remove('stable/amd64-usr/current');
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
  });

  it('gives a failing release a growing rest', async () => {
    await tenant.flip(`stable/amd64-usr/4593.2.5/${KERNEL}`, 5);
    await edge.poll();
    expect(await edge.runAll()).toEqual(['failed']);
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
    clock.advance(11 * 60_000);
    await edge.poll();
    expect(await edge.runAll()).toEqual(['failed']);
    clock.advance(11 * 60_000);
    await edge.poll();
    expect(edge.launched).toHaveLength(0);
  });

  it('logs what fails and goes on', async () => {
    edge = await open({ vars: { MIRROR: 'beta/amd64-usr,stable/amd64-usr' } });
    await edge.poll();
    expect(edge.launched).toHaveLength(1);
    expect(edge.events.at(-1)).toMatchObject({
      event: 'poll',
      faults: expect.stringContaining('beta/amd64-usr: absent'),
    });
  });
});

describe('a signing subkey that turns out compromised', () => {
  it('makes what it signed distrusted: out of aliases and lists, not served as verified, and not passed through either', async () => {
    await mirror('4593.2.5');
    const key = await tenant.key({ key: 'common' });
    await tenant.put('key.asc', key.compromised);
    await edge.poll();
    expect(await sourceOf(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).toBe('mirror');
    clock.advance(25 * 3_600_000);
    await edge.poll();
    expect(edge.events.at(-1)).toMatchObject({ distrusted: 'stable/amd64-usr/4593.2.5' });
    clock.advance(61_000);
    const response = await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
    expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('revoked-key')]);
    expect((await edge.fetch('/stable/amd64-usr/current/version.txt')).status).toBe(502);
    expect(await (await edge.fetch('/releases.json')).json()).toMatchObject({ channels: {} });
  });
});

describe('listings', () => {
  beforeEach(() => mirror('4593.2.5'));

  it('HTML: one href="./name" a line, the first quoted attribute; directories end in a slash', async () => {
    const names = async (path: string) => {
      const html = await (await edge.fetch(path)).text();
      return html.split('\n').flatMap((line) => /^[^"]*href="\.\/([^"]+)"/.exec(line)?.[1] ?? []);
    };
    expect(await names('/stable/')).toEqual(['amd64-usr/', 'arm64-usr/']);
    expect(await names('/stable/amd64-usr/')).toEqual(['4593.2.5/', 'current/']);
    expect(await names('/stable/amd64-usr/current/')).toContain(IMAGE);
    expect(await names('/stable/amd64-usr/4593.2.5/')).toHaveLength(20);
    expect((await edge.fetch('/stable/amd64-usr/4593.2.4/')).status).toBe(404);
  });

  it('JSON for those who ask', async () => {
    const response = await edge.fetch('/stable/amd64-usr/4593.2.5/', { headers: { accept: 'application/json' } });
    const entries = await response.json<Record<string, unknown>[]>();
    expect(entries.find(({ name }) => name === KERNEL)).toMatchObject({
      size: FILES[KERNEL],
      type: 'file',
      verified: true,
      url: `/stable/amd64-usr/4593.2.5/${KERNEL}`,
      sha512: expect.stringMatching(/^[0-9a-f]{128}$/),
      signedBy: expect.stringMatching(/^[0-9A-F]{40}$/),
    });
    expect(entries.find(({ name }) => name === `${KERNEL}.sig`)).toMatchObject({ verified: false });
  });

  it('releases.json and feed.atom come with an etag and without a list of the bucket', async () => {
    let lists = 0;
    const bucket = new Proxy(env.RELEASES, {
      get: (target, name) => {
        if (name === 'list') lists += 1;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const isolate = await open({ bindings: { RELEASES: bucket } });
    const response = await isolate.fetch('/releases.json');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const index = await response.json<{
      channels: Record<string, Record<string, Record<string, { files: Record<string, unknown> }>>>;
    }>();
    expect(Object.keys(index.channels['stable']?.['amd64-usr']?.['4593.2.5']?.files ?? {})).toHaveLength(18);
    const etag = response.headers.get('etag') ?? '';
    expect((await isolate.fetch('/releases.json', { headers: { 'if-none-match': etag } })).status).toBe(304);
    const feed = await (await isolate.fetch('/feed.atom')).text();
    expect(feed).toContain('<title>stable 4593.2.5 amd64-usr</title>');
    await isolate.fetch('/stable/amd64-usr/4593.2.5/');
    expect(lists).toBe(0);
  });
});

describe('demand', () => {
  it('is off by default', async () => {
    await (await edge.fetch(`/stable/amd64-usr/4593.2.5/${KERNEL}`)).arrayBuffer();
    await edge.settle();
    expect(edge.launched).toHaveLength(0);
  });

  it('one job at a time, by a whole GET alone, of a MIRROR pair at or above the floor; it never moves an alias', async () => {
    edge = await open({ vars: { MIRROR_ON_DEMAND: 'true' } });
    await newRelease('4593.2.4');
    await newRelease('4593.2.6');
    await newRelease('4790.0.0', { ...PAIR, channel: 'alpha' });
    await current();
    const get = async (path: string, init?: RequestInit) => {
      await (await edge.fetch(path, init)).arrayBuffer();
      await edge.settle();
    };
    await get(`/stable/amd64-usr/4593.2.6/${KERNEL}`, { headers: { range: 'bytes=0-9' } });
    await get(`/stable/amd64-usr/4593.2.6/${KERNEL}`, { method: 'HEAD' });
    await get(`/stable/amd64-usr/4593.2.4/${KERNEL}`);
    await get(`/alpha/amd64-usr/4790.0.0/${KERNEL}`);
    expect(edge.launched).toHaveLength(0);
    await get(`/stable/amd64-usr/4593.2.6/${KERNEL}`);
    await get(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
    expect(edge.launched).toMatchObject([{ version: '4593.2.6' }]);
    expect(await edge.runAll()).toEqual(['complete']);
    expect(await current()).toBe('4593.2.5');
    await get(`/stable/amd64-usr/4593.2.5/${KERNEL}`);
    expect(edge.launched).toMatchObject([{ version: '4593.2.5' }]);
    await edge.runAll();
    expect((await put('/api/mirrors/stable/amd64-usr/4593.2.6')).body.state).toBe('complete');
    expect(await current()).toBe('4593.2.6');
  });
});
