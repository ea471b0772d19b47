/** Files for import tools: made of mirrored images, in steps that may be cut off at any place. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { wantedOf } from '../../../src/mirror/unpack/made-formats.ts';
import { makeSigningKey } from '../../../tools/release-server/signing-key.ts';
import { memoryBucket } from '../../support/memory-bucket.ts';
import { nodeEdge } from '../../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const VERSION = '4593.2.5';
const IMAGE = 'flatcar_production_image.bin';
const QCOW = 'flatcar_production_openstack_image.img';
const hasBzip2 = spawnSync('bzip2', ['--version']).error === undefined;
const hex = (hash: string, bytes: Uint8Array) => createHash(hash).update(bytes).digest('hex');
const packed = (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes, maxBuffer: 64 * 1024 * 1024 });

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
});

describe.skipIf(!hasBzip2)('IMPORT_FORMATS', () => {
  const image = Buffer.concat([
    randomBytes(1_300_000),
    Buffer.alloc(3_000_000),
    Buffer.from('flatcar '.repeat(100_000)),
  ]);
  const qcow = randomBytes(50_000);

  async function open(formats: string, options: { readonly now?: () => number } = {}) {
    const { r2 } = memoryBucket({ now: options.now ?? Date.now, minPartBytes: 1024 * 1024 });
    const edge = await nodeEdge({
      key,
      over: r2,
      versions: [VERSION],
      filesOf: () => ({ [`${IMAGE}.bz2`]: packed(image), [`${QCOW}.bz2`]: packed(qcow) }),
      ...(options.now === undefined ? {} : { platform: { now: options.now } }),
      partBytes: 1024 * 1024,
      vars: { MIRROR_FILES: `${IMAGE}.bz2,${QCOW}.bz2`, IMPORT_FORMATS: formats },
    });
    return { ...edge, r2 };
  }
  const bytesOf = async (edge: Awaited<ReturnType<typeof open>>, name: string) => {
    const answer = await edge.fetch(`/${PAIR}/${VERSION}/${name}`);
    expect([name, answer.status]).toEqual([name, 200]);
    return Buffer.from(await answer.arrayBuffer());
  };

  it('makes the plain image and one packed by gzip, with digests, provenance and a place in the lists', async () => {
    const edge = await open('raw.gz,img');
    await edge.call('PUT', `/api/mirrors/${PAIR}/${VERSION}`);
    expect(await edge.runAll()).toEqual(['complete', 'made']);
    expect((await bytesOf(edge, IMAGE)).equals(image)).toBe(true);
    expect((await bytesOf(edge, QCOW)).equals(qcow)).toBe(true);
    const gz = await bytesOf(edge, `${IMAGE}.gz`);
    expect(gunzipSync(gz).equals(image)).toBe(true);
    expect(gz.length).toBeLessThan(image.length * 0.6);
    // gzip itself finds one member with a good check sum.
    const gzip = spawnSync('gzip', ['-t'], { input: gz });
    if (gzip.error === undefined) expect([gzip.status, gzip.stderr.toString()]).toEqual([0, '']);
    const sums = (await bytesOf(edge, 'SHA256SUMS')).toString();
    expect(sums).toContain(`${hex('sha256', image)}  ${IMAGE}\n`);
    expect(sums).toContain(`${hex('sha256', gz)}  ${IMAGE}.gz\n`);
    const statement = JSON.parse((await bytesOf(edge, `${IMAGE}.gz.provenance.json`)).toString()) as {
      subject: unknown[];
      predicate: { checks: unknown[] };
    };
    expect(statement.subject).toMatchObject([{ digest: { sha512: hex('sha512', gz) } }]);
    const source = hex('sha512', await bytesOf(edge, `${IMAGE}.bz2`));
    expect(statement.predicate.checks).toEqual([
      { check: 'made-of', from: `${IMAGE}.bz2`, format: 'raw.gz', sha512: source },
    ]);
    const stream = await (await edge.fetch('/streams/stable.json')).json<Record<string, never>>();
    const text = JSON.stringify(stream);
    expect(text).toContain(`"uncompressed-sha256":"${hex('sha256', image)}"`);
    expect(text).toContain('"raw.gz"');
    // Nothing is left behind, and nothing is made again.
    const { objects } = await edge.r2.list({ prefix: 'files/' });
    expect(objects.filter(({ key: name }) => name.includes('carry'))).toEqual([]);
    await edge.poll();
    expect(edge.launched).toEqual([]);
  });

  it('goes on where it was cut off, whatever step it was in', async () => {
    for (const at of [1, 2, 3, 5, 8]) {
      let time = Date.parse('2026-11-27T12:00:00Z');
      // Every look at the clock takes so long that a step ends behind each block.
      const edge = await open('raw.gz', { now: () => (time += 40_000) });
      await edge.call('PUT', `/api/mirrors/${PAIR}/${VERSION}`);
      const [release] = edge.launched.splice(0);
      if (release !== undefined) await edge.run(release);
      let steps = 0;
      const [unpack] = edge.launched.splice(0);
      if (unpack === undefined) throw new Error('nothing was launched');
      const outcome = await edge.run(unpack, async (_name, work) => {
        steps += 1;
        // The step is done, but nobody learns of it: it runs again.
        if (steps === at) await work();
        return await work();
      });
      expect([at, outcome]).toEqual([at, 'made']);
      expect(steps).toBeGreaterThan(7);
      expect(gunzipSync(await bytesOf(edge, `${IMAGE}.gz`)).equals(image)).toBe(true);
    }
  });

  it('a run that follows one which died goes on where that was', async () => {
    let time = Date.parse('2026-11-27T12:00:00Z');
    const edge = await open('img', { now: () => (time += 40_000) });
    await edge.call('PUT', `/api/mirrors/${PAIR}/${VERSION}`);
    const [release] = edge.launched.splice(0);
    if (release !== undefined) await edge.run(release);
    const [unpack] = edge.launched.splice(0);
    if (unpack === undefined) throw new Error('nothing was launched');
    const names: string[] = [];
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    void edge.run(unpack, async (name, work) => {
      names.push(name.split(' ')[0] ?? '');
      if (names.length < 5) return await work();
      resolve();
      return await new Promise(() => undefined);
    });
    await reached;
    expect(names).toEqual(['tell', 'what', 'begin', 'unpack', 'unpack']);
    time += 20 * 60_000;
    await edge.poll();
    const [next] = edge.launched.splice(0);
    if (next === undefined) throw new Error('it was not taken over');
    const places: string[] = [];
    const outcome = await edge.run(next, async (name, work) => {
      const result = await work();
      if (name.startsWith('begin')) places.push(JSON.stringify(result));
      return result;
    });
    expect(outcome).toBe('made');
    expect(places[0]).toMatch(/"bit":[1-9]/);
    expect((await bytesOf(edge, IMAGE)).equals(image)).toBe(true);
  });

  it('says why it cannot, and serves nothing that is not whole', async () => {
    const edge = await nodeEdge({
      key,
      versions: [VERSION],
      filesOf: () => ({ [`${IMAGE}.bz2`]: 'no bzip2 at all' }),
      vars: { MIRROR_FILES: `${IMAGE}.bz2`, IMPORT_FORMATS: 'img' },
    });
    await edge.call('PUT', `/api/mirrors/${PAIR}/${VERSION}`);
    expect(await edge.runAll()).toEqual(['complete', `failed: ${IMAGE}: it is no bzip2 (it does not begin as bzip2)`]);
    expect((await edge.fetch(`/${PAIR}/${VERSION}/${IMAGE}`)).status).toBe(404);
    // An hour later it is tried again, and not before.
    await edge.poll();
    expect(edge.launched).toEqual([]);
  });

  it('makes nothing that upstream has unpacked itself, and nothing of what was not proved', () => {
    const files = { 'a.bin.bz2': 1, 'b.img.bz2': 1, 'b.img': 1, 'c.bz2': 1, 'c.bz2.sig': 1 };
    const wanted = wantedOf(files, (name) => name !== 'c.bz2', ['raw.gz', 'img']);
    expect(wanted.map(({ name }) => name)).toEqual(['a.bin.gz', 'a.bin', 'b.img.gz']);
  });
});
