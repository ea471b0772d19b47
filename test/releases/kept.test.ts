/** What an isolate keeps of releases (docs/adr/0032), and how much. */
import { describe, expect, it } from 'vitest';
import { keepSmall } from '../../src/releases/serve/small-files.ts';
import type { ManifestFile } from '../../src/releases/store/manifest.ts';
import { ok } from '../../src/shared/result.ts';
import { faultyBucketOver } from '../support/faulty-bucket.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { nodeEdge } from '../support/node-edge.ts';
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

describe('a part of a file that was mirrored within a day', () => {
  const KERNEL = '/stable/amd64-usr/4593.2.5/flatcar_production_pxe.vmlinuz';

  it('asks in its first minutes whether somebody holds other bytes of it, and not again once that is settled', async () => {
    let shift = 0;
    const platform = { now: () => Date.now() + shift };
    const r2 = faultyBucketOver(memoryBucket(platform).r2);
    const edge = await nodeEdge({ over: r2.bucket, platform });
    await edge.mirror('4593.2.5');
    const callsOf = async () => {
      await (await edge.fetch(KERNEL)).arrayBuffer();
      r2.calls.length = 0;
      const answer = await edge.fetch(KERNEL, { headers: { range: 'bytes=5-9' } });
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([206, 5]);
      return r2.calls.filter((call) => call === 'list').length;
    };
    expect([await callsOf(), await callsOf()]).toEqual([1, 1]);
    shift = 6 * 60_000;
    expect([await callsOf(), await callsOf()]).toEqual([1, 0]);
  });
});
