/** What an isolate holds of releases (docs/adr/0032): how long, how much, and what makes it forget. */
import { describe, expect, it } from 'vitest';
import { keepSmall } from '../../src/releases/serve/small-files.ts';
import type { ManifestFile } from '../../src/releases/store/manifest.ts';
import { ok } from '../../src/shared/result.ts';
import { faultyBucketOver } from '../support/faulty-bucket.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';
import { nodePlatform } from '../support/node-platform.ts';

const entry = (key: string, size: number) => ({ key, etag: 'e', size }) as ManifestFile;

describe('small files', () => {
  const opening = (change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes) => {
    const asked: string[] = [];
    const open = keepSmall(nodePlatform, async (file, range) => {
      asked.push(file.key);
      const bytes = Uint8Array.from({ length: file.size }, (_, at) => at % 251);
      const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
      return ok({ body: new Response(Uint8Array.from(change(part))).body ?? new ReadableStream(), cache: 'none' });
    });
    const read = async (file: ManifestFile, range?: { start: number; end: number }) => {
      const opened = await open(file, range);
      if (!opened.ok || opened.value === undefined) return undefined;
      return { cache: opened.value.cache, bytes: new Uint8Array(await new Response(opened.value.body).arrayBuffer()) };
    };
    return { asked, read, open };
  };

  it('are read once, whole and in parts, each by its key and etag', async () => {
    const { asked, read } = opening();
    expect(await read(entry('a', 300))).toMatchObject({ cache: 'none', bytes: { length: 300 } });
    expect((await read(entry('a', 300), { start: 10, end: 12 }))?.bytes).toEqual(Uint8Array.of(10, 11, 12));
    expect(await read(entry('a', 300))).toMatchObject({ cache: 'memory' });
    await read({ ...entry('a', 300), etag: 'other' });
    expect(asked).toEqual(['a', 'a']);
  });

  it('take a bounded memory, and large ones none', async () => {
    const { asked, read } = opening();
    for (let round = 0; round < 2; round += 1) await read(entry('large', 16 * 1024 + 1));
    expect(asked).toEqual(['large', 'large']);
    for (let at = 0; at < 200; at += 1) await read(entry(`f${at}`, 16 * 1024));
    asked.length = 0;
    await read(entry('f199', 16 * 1024));
    expect(asked).toEqual([]);
    await read(entry('f0', 16 * 1024));
    expect(asked).toEqual(['f0']);
  });

  it('are not kept where R2 gave fewer bytes than the manifest says', async () => {
    const { open, asked } = opening((bytes) => bytes.subarray(1));
    for (let round = 0; round < 2; round += 1)
      expect(await open(entry('short', 300), undefined)).toMatchObject({
        ok: false,
        error: { reason: 'store-unreachable' },
      });
    expect(asked).toEqual(['short', 'short']);
  });
});

describe('a name', () => {
  const CURRENT = '/stable/amd64-usr/current/version.txt';
  const versionOf = async (edge: NodeEdge, headers: Record<string, string> = {}) =>
    (await edge.fetch(CURRENT, { headers })).headers.get('x-flatcar-version');
  const pin = async (edge: NodeEdge, version: string) =>
    expect(
      (await edge.call('PUT', '/api/aliases/stable/amd64-usr/current?force=1', JSON.stringify({ version }))).status,
    ).toBe(200);

  it('is a second old at most for whole downloads, as it is now for parts, and what this isolate does counts at once', async () => {
    let shift = 0;
    const platform = { now: () => Date.now() + shift };
    const memory = memoryBucket(platform);
    const r2 = faultyBucketOver(memory.r2);
    const one = await nodeEdge({ over: r2.bucket, platform, versions: ['4593.2.4', '4593.2.5'] });
    const other = await nodeEdge({ over: memory.r2, platform, versions: [] });
    for (const version of ['4593.2.4', '4593.2.5']) await one.mirror(version);
    expect(await versionOf(one)).toBe('4593.2.5');
    await pin(one, '4593.2.4');
    expect(await versionOf(one)).toBe('4593.2.4');
    await pin(other, '4593.2.5');
    expect(await versionOf(one, { range: 'bytes=0-', 'if-range': '"x"' })).toBe('4593.2.5');
    shift = 1_001;
    expect(await versionOf(one)).toBe('4593.2.5');
    r2.calls.length = 0;
    expect(await versionOf(one)).toBe('4593.2.5');
    expect(r2.calls).toEqual([]);
  });
});
