/** Runs that make files for import tools, with faults where they hurt most: between two writes that belong together. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSigningKey } from '../../../tools/release-server/signing-key.ts';
import { memoryBucket } from '../../support/memory-bucket.ts';
import { nodeEdge } from '../../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const VERSION = '4593.2.5';
const IMAGE = 'flatcar_production_image.bin';
const MIB = 1024 * 1024;
const hasBzip2 = spawnSync('bzip2', ['--version']).error === undefined;
const packed = (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes, maxBuffer: 64 * MIB });
const never = () => new Promise<never>(() => undefined);

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
});

/** What happens before and behind a call of R2. */
interface Taps {
  put?: ((name: string) => Promise<unknown> | undefined) | undefined;
  afterPut?: ((name: string) => void) | undefined;
  afterGet?: ((name: string) => Promise<unknown> | undefined) | undefined;
}

async function open(format: string, image: Buffer) {
  const clock = { time: Date.parse('2026-11-27T12:00:00Z'), tick: 10 };
  const now = () => (clock.time += clock.tick);
  const { r2, objects } = memoryBucket({ now, minPartBytes: MIB });
  const taps: Taps = {};
  const over = new Proxy(r2, {
    get(target, name) {
      if (name === 'put')
        return async (...args: Parameters<R2Bucket['put']>) => {
          await taps.put?.(args[0]);
          const done = await target.put(...args);
          taps.afterPut?.(args[0]);
          return done;
        };
      if (name === 'get')
        return async (...args: Parameters<R2Bucket['get']>) => {
          const got = await target.get(...args);
          await taps.afterGet?.(args[0]);
          return got;
        };
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const edge = await nodeEdge({
    key,
    over,
    versions: [VERSION],
    filesOf: () => ({ [`${IMAGE}.bz2`]: packed(image) }),
    platform: { now },
    partBytes: 8 * MIB,
    vars: {
      MIRROR_FILES: `${IMAGE}.bz2`,
      IMPORT_FORMATS: format,
      ANNOUNCE_URLS: 'https://ci.test/hook release.*',
      WEBHOOK_SECRET: 'webhook-secret-of-at-least-32-bytes',
    },
    elsewhere: async () => new Response(null, { status: 204 }),
  });
  await edge.call('PUT', `/api/mirrors/${PAIR}/${VERSION}`);
  const [release] = edge.launched.splice(0);
  if (release !== undefined) await edge.run(release);
  const [unpack] = edge.launched.splice(0);
  if (unpack === undefined) throw new Error('nothing was launched');
  const served = async (name: string) => await edge.fetch(`/${PAIR}/${VERSION}/${name}`);
  return { edge, unpack, taps, clock, objects, served };
}

describe.skipIf(!hasBzip2)('a run for import tools', () => {
  it.each(['img', 'raw.gz'])(
    'whose step was done, forgotten, done again to another place and cut off makes the right bytes: %s',
    async (format) => {
      const image = randomBytes(4_500_000);
      const { edge, unpack, taps, clock, served } = await open(format, image);
      clock.tick = 40_000;
      const { promise: died, resolve } = Promise.withResolvers<void>();
      let steps = 0;
      void edge.run(unpack, async (name, work) => {
        if (!name.startsWith('unpack') || ++steps !== 2) return await work();
        // All of its calls are made, and its answer is lost.
        await work();
        // On a faster machine it gets farther, and is cut off between what it keeps and the note of that.
        clock.tick = 15_000;
        let hasKept = false;
        taps.afterPut = (written) => {
          hasKept ||= written.includes('.carry-');
        };
        taps.put = (written) => {
          if (!hasKept || !written.startsWith('unpack/')) return undefined;
          resolve();
          return never();
        };
        return await work();
      });
      await died;
      Object.assign(taps, { put: undefined, afterPut: undefined });
      clock.tick = 40_000;
      clock.time += 20 * 60_000;
      await edge.poll();
      const [next] = edge.launched.splice(0);
      if (next === undefined) throw new Error('it was not taken over');
      expect(await edge.run(next)).toBe('made');
      const answer = await served(format === 'img' ? IMAGE : `${IMAGE}.gz`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect((format === 'img' ? bytes : gunzipSync(bytes)).equals(image)).toBe(true);
    },
  );

  it('publishes nothing but what its steps have made', async () => {
    const { edge, unpack, served, objects } = await open('img', randomBytes(3_000_000));
    const outcome = await edge.run(unpack, async (name, work) => {
      const result = await work();
      // Somebody else has written to the bucket.
      const key = [...objects.keys()].find((one) => one.includes(`/${IMAGE}/`));
      if (name.startsWith('complete') && key !== undefined) {
        const object = objects.get(key);
        object?.bytes.set([1, 2, 3], 1000);
      }
      return result;
    });
    expect(outcome).toBe(`failed: ${IMAGE}: the object in our store is not what was made`);
    expect((await served(IMAGE)).status).toBe(404);
    const job = await edge.call('GET', `/api/mirrors/${PAIR}/${VERSION}`);
    expect(await job.json()).toMatchObject({
      state: 'complete',
      warnings: [expect.stringContaining('not what was made')],
    });
  });

  it('that died between the manifest and the lists is finished by the next one', async () => {
    const { edge, unpack, taps, clock } = await open('img', randomBytes(200_000));
    const { promise: died, resolve } = Promise.withResolvers<void>();
    void edge.run(unpack, async (name, work) => {
      if (!name.startsWith('publish')) return await work();
      taps.put = async (written) => {
        if (written.startsWith('index/')) throw new Error('R2 is out of order');
      };
      await work().catch(() => undefined);
      resolve();
      return await never();
    });
    await died;
    taps.put = undefined;
    clock.time += 3_600_000;
    await edge.poll();
    expect(await edge.runAll()).toEqual(['made']);
    const text = await (await edge.fetch(`/releases.json`)).text();
    expect(text).toContain(`"${IMAGE}"`);
    const { items } = await (await edge.call('GET', '/api/announcements')).json<{
      items: { id: string; type: string }[];
    }>();
    const told = await Promise.all(
      items.map(
        async ({ id }) => (await (await edge.call('GET', `/api/announcements/${id}`)).json()) as { data: object },
      ),
    );
    expect(told.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({ added: expect.arrayContaining([IMAGE]) }),
    );
    // And then nothing more is to be done.
    clock.time += 3_600_000;
    await edge.poll();
    expect(await edge.runAll()).toEqual([]);
  });

  it('adds nothing to a release that was taken back and lifted while it worked', async () => {
    const { edge, unpack, taps, served, objects } = await open('img', randomBytes(200_000));
    taps.afterGet = async (name) => {
      if (!name.includes(`/${IMAGE}/`)) return;
      taps.afterGet = undefined;
      expect((await edge.call('DELETE', `/api/releases/${PAIR}/${VERSION}`)).status).toBe(200);
      expect((await edge.call('POST', `/api/releases/${PAIR}/${VERSION}/lift`)).status).toBe(200);
    };
    const outcome = await edge.run(unpack);
    expect(outcome).toBe(`failed: ${IMAGE}: the packed image is gone`);
    expect((await served(IMAGE)).status).toBe(404);
    const releases = await (await edge.call('GET', '/api/releases?state=published')).json();
    expect(releases).toMatchObject({ items: [] });
    expect([...objects.keys()].filter((name) => name.startsWith('files/') && name.includes(`/${IMAGE}/`))).toEqual([]);
  });
});
