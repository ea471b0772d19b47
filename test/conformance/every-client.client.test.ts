/**
 * Every client, in every way of downloading that it knows: files that are mirrored and files that are passed through, by number and below
 * a name that moves. Each ends with the very bytes of one release, or it says that it failed; never with a mixture.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildGo, type Command, downloadClients, GO } from '../support/clients/programs.ts';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';
import { type SlowLine, startSlowLine } from '../support/slow-line.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const SIZE = 12 * MIB + 7;
const FIRST = '4593.2.5';
const SECOND = '4593.2.6';
/** What each client gets while it downloads, on all of its connections: two seconds, in whose middle a name moves. */
const BYTES_PER_SECOND = 6 * MIB;

const bin = mkdtempSync(join(tmpdir(), 'flatcar-edge-clients-'));
const clients = downloadClients(bin);
const present = clients.filter(({ isThere }) => isThere);
const missing = clients.filter(({ isThere }) => !isThere).map(({ name }) => name);
if (missing.length > 0) console.log(`not installed, and not tried: ${missing.join(', ')}`);

let edge: RunningEdge;
let lines: readonly SlowLine[] = [];
beforeAll(async () => {
  edge = await runEdge({ MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${IMAGE}` });
  lines = await Promise.all(present.map(() => startSlowLine(edge.url, BYTES_PER_SECOND)));
  if (present.some(({ name }) => name === GO)) await run(buildGo(bin), edge.folder);
  for (const version of [FIRST, SECOND]) {
    await edge.release(version, { [IMAGE]: SIZE });
    // The same files for a board that is not mirrored.
    for (const [path, { bytes }] of [...edge.upstream.files])
      if (path.startsWith(`stable/amd64-usr/${version}/`)) edge.upstream.put(path.replace('amd64', 'arm64'), bytes);
    await edge.api(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT' });
    expect((await edge.ended(version)).state).toBe('complete');
  }
});
afterAll(async () => {
  rmSync(bin, { recursive: true });
  await Promise.all(lines.map((line) => line.close()));
  await edge?.stop();
});

const folder = () => mkdtempSync(join(edge.folder, 'client-'));
const bytesOf = (version: string) =>
  edge.upstream.files.get(`stable/amd64-usr/${version}/${IMAGE}`)?.bytes ?? Buffer.alloc(0);
const read = (at: string, name = IMAGE) =>
  existsSync(join(at, name)) ? readFileSync(join(at, name)) : Buffer.alloc(0);

async function run(command: Command, at: string, mustSucceed = true) {
  const [program, ...args] = command;
  const done = await runClient(program, args, at, { HOME: at });
  if (mustSucceed && done.code !== 0) throw new Error(`${command.join(' ')}: ${done.code} ${done.stderr}`);
  return done;
}

const log = () => readFileSync(join(edge.folder, 'runtime.log'), 'utf8');
/** What the service logged of requests for the image since the mark: `GET 206`, in their order. */
const answersSince = (mark: number) =>
  [
    ...log()
      .slice(mark)
      .matchAll(/"method":"(\w+)","path":"[^"]*bz2".*?"status":(\d+)/g),
  ].map(([, method, status]) => `${method} ${status}`);

/** Waits until there is a line of this answer since the mark: a line comes after the last byte of its download. */
const answered = (mark: number, answer: string) =>
  vi.waitUntil(() => answersSince(mark).includes(answer), { timeout: 10_000, interval: 50 });

/** Waits until the download since the mark has its lines, and gives a new mark. */
async function markAfter(mark: number): Promise<number> {
  await vi.waitUntil(() => answersSince(mark).some((answer) => answer.startsWith('GET 20')), { timeout: 10_000 });
  for (let seen = -1; seen !== log().length; ) {
    seen = log().length;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return log().length;
}

const SOURCES = [
  ['mirrored', 'amd64-usr', 'mirror'],
  ['passed through', 'arm64-usr', 'upstream'],
] as const;

describe.each(SOURCES)('a file that is %s', (_what, board, source) => {
  const at = (version: string, base = edge.url) => `${base}/stable/${board}/${version}/${IMAGE}`;
  /** Lets `current` name a release. What is passed through is known to a new isolate at once, to others within a minute. */
  const move = async (version: string) => {
    if (board === 'arm64-usr') {
      edge.upstream.aliases.set('stable/arm64-usr/current', version);
      return edge.killAndRestart();
    }
    const body = JSON.stringify({ version });
    expect((await edge.api('/api/aliases/stable/amd64-usr/current', { method: 'PUT', body })).status).toBe(200);
  };
  const named = async () => {
    const head = await fetch(at('current'), { method: 'HEAD' });
    expect(head.headers.get('x-flatcar-source')).toBe(source);
    return head.headers.get('x-flatcar-version');
  };

  describe.each(present)('$name', (client) => {
    it('fetches the whole', async () => {
      const there = folder();
      await run(client.whole(at(SECOND), IMAGE), there);
      expect(read(there).equals(bytesOf(SECOND))).toBe(true);
    });

    if (client.resume)
      it('goes on with a part, and does not take the whole again', async () => {
        const there = folder();
        if (client.begin) await run(client.begin(at(SECOND), IMAGE), there, false);
        else writeFileSync(join(there, IMAGE), bytesOf(SECOND).subarray(0, 5 * MIB));
        const modified = new Date((await fetch(at(SECOND), { method: 'HEAD' })).headers.get('last-modified') ?? '');
        utimesSync(join(there, IMAGE), modified, modified);
        const mark = log().length;
        await run(client.resume?.(at(SECOND), IMAGE) ?? ['false'], there);
        expect(read(there).equals(bytesOf(SECOND))).toBe(true);
        await answered(mark, 'GET 206');
      });

    if (client.part && (board === 'amd64-usr' || client.byListing !== 'part'))
      it('fetches the end alone', async () => {
        const there = folder();
        await run(client.part?.(at(SECOND), SIZE - 2000, 'part') ?? ['false'], there);
        expect(read(there, 'part').equals(bytesOf(SECOND).subarray(-2000))).toBe(true);
      });

    if (client.again && (board === 'amd64-usr' || client.byListing !== 'again'))
      it('does not take again what it has', async () => {
        const there = folder();
        const before = log().length;
        await run(client.whole(at(SECOND), IMAGE), there);
        const mark = await markAfter(before);
        await run(client.again?.(at(SECOND), IMAGE) ?? ['false'], there);
        expect(read(there).equals(bytesOf(SECOND))).toBe(true);
        if (client.againAnswer === undefined) await vi.waitUntil(() => log().slice(mark).includes(`/${SECOND}/"`));
        else await answered(mark, client.againAnswer);
        expect(answersSince(mark).filter((answer) => answer.startsWith('GET 20'))).toEqual([]);
      });
  });

  it('current has moved since each of them began: each begins anew, or has an error and what it had', async () => {
    await move(FIRST);
    expect(await named()).toBe(FIRST);
    const begun = present.filter(({ resume }) => resume).map((client) => ({ client, there: folder() }));
    for (const { client, there } of begun)
      if (client.begin) await run(client.begin(at('current'), IMAGE), there, false);
      else writeFileSync(join(there, IMAGE), bytesOf(FIRST).subarray(0, 5 * MIB));
    for (const { there } of begun) {
      expect(read(there).length).toBeGreaterThan(0);
      expect(read(there).length).toBeLessThan(SIZE);
    }
    await move(SECOND);
    expect(await named()).toBe(SECOND);
    for (const { client, there } of begun) {
      const had = read(there);
      const { code } = await run(client.resume?.(at('current'), IMAGE) ?? ['false'], there, false);
      const mayEnd = { always: [true], sometimes: [true, false], never: [false] }[client.beginsAnew ?? 'never'];
      expect([client.name, mayEnd]).toEqual([client.name, expect.arrayContaining([code === 0])]);
      expect(read(there).equals(code === 0 ? bytesOf(SECOND) : had)).toBe(true);
    }
  });

  // An alias that is passed through is asked for once a minute: it does not move within a test.
  if (board === 'amd64-usr')
    it('current moves while each of them downloads: each has one release, and those with several connections may have an error', async () => {
      await move(FIRST);
      expect(await named()).toBe(FIRST);
      const ends = present.map(async (client, index) => {
        const there = folder();
        const command = client.whole(at('current', lines[index]?.url), IMAGE);
        const { code } = await run(command, there, client.inParts !== true);
        const isOne = [FIRST, SECOND].some((version) => read(there).equals(bytesOf(version)));
        return [client.name, code !== 0 || isOne];
      });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await move(SECOND);
      for (const end of await Promise.all(ends)) expect(end).toEqual([end[0], true]);
    });
});
