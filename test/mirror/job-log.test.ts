/** The log of a mirror job: what was tried of its files, and how that ended. */
import { describe, expect, it } from 'vitest';
import type { JobLog } from '../../src/mirror/api/log-shapes.ts';
import type { FileStatus } from '../../src/mirror/store/job.ts';
import { triesOf, withTry } from '../../src/mirror/store/tries.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const VERSION = '4593.2.5';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const JOB = `/api/mirrors/stable/amd64-usr/${VERSION}`;
const STATUS = `status/stable/amd64-usr/${VERSION}/${KERNEL}.json`;

const start = async (edge: NodeEdge) => {
  expect((await edge.call('PUT', JOB)).status).toBe(202);
  return await edge.runAll();
};
const logOf = async (edge: NodeEdge, search = '') =>
  (await (await edge.call('GET', `${JOB}/log${search}`)).json()) as JobLog;
const shortly = ({ items }: JobLog, file: string) =>
  items.filter((line) => line.file === file).map(({ attempt, state, reason }) => [attempt, state, reason]);

describe('the log of a job', () => {
  it('tells each try at each file over the attempts, with the reason in words', async () => {
    const edge = await nodeEdge();
    const path = `/stable/amd64-usr/${VERSION}/${KERNEL}`;
    const genuine = edge.upstream.get(path) ?? new Uint8Array();
    edge.upstream.set(
      path,
      genuine.map((byte, at) => (at === 7 ? byte ^ 1 : byte)),
    );
    expect((await edge.call('GET', `${JOB}/log`)).status).toBe(404);
    expect(await start(edge)).toEqual(['failed']);
    edge.upstream.set(path, genuine);
    expect(await start(edge)).toEqual(['complete']);
    const log = await logOf(edge);
    expect(shortly(log, KERNEL)).toEqual([
      // A bad signature is not believed at once: upstream may be in the middle of a change.
      [1, 'failed', 'bad-signature'],
      [1, 'failed', 'bad-signature'],
      [2, 'verified', undefined],
    ]);
    expect(shortly(log, 'version.txt').at(-1)).toEqual([2, 'verified', undefined]);
    expect(log.items.find(({ state }) => state === 'failed')).toMatchObject({
      detail: expect.stringMatching(/signature/),
      bytes: 300,
      until: expect.any(String),
    });
    expect([...log.items.map(({ from }) => from)].sort()).toEqual(log.items.map(({ from }) => from));
    const one = await logOf(edge, `?file=${KERNEL}`);
    expect(new Set(one.items.map(({ file }) => file))).toEqual(new Set([KERNEL]));
    expect((await logOf(edge, '?file=nothing')).items).toEqual([]);
  });

  it('tells of a run that was killed, which could not say so itself', async () => {
    const edge = await nodeEdge();
    expect((await edge.call('PUT', JOB)).status).toBe(202);
    const copying = { name: KERNEL, attempt: 1, state: 'copying', bytes: 120, size: 300 };
    const at = { startedAt: '2026-01-01T00:00:00.000Z', heartbeatAt: '2026-01-01T00:00:09.000Z' };
    await edge.bucket.r2.put(STATUS, JSON.stringify({ ...copying, ...at }));
    expect((await logOf(edge)).items).toMatchObject([{ file: KERNEL, state: 'copying', bytes: 120, until: null }]);
    await edge.runAll();
    expect(shortly(await logOf(edge), KERNEL)).toEqual([
      [1, 'stopped', undefined],
      [1, 'verified', undefined],
    ]);
  });

  it('names a record that cannot be read, and a job goes on over it', async () => {
    const edge = await nodeEdge();
    expect((await edge.call('PUT', JOB)).status).toBe(202);
    await edge.bucket.r2.put(STATUS, '{');
    expect((await logOf(edge)).unreadable).toMatchObject([{ id: KERNEL }]);
    expect(await edge.runAll()).toEqual(['complete']);
    expect(shortly(await logOf(edge), KERNEL)).toEqual([[1, 'verified', undefined]]);
  });

  it('keeps the last twenty tries, and reads a record that an earlier version wrote', () => {
    const at = { startedAt: '2026-01-01T00:00:00Z', heartbeatAt: '2026-01-01T00:00:01Z' };
    const early: FileStatus = { name: KERNEL, attempt: 3, state: 'failed', bytes: 0, size: 9, ...at };
    expect(triesOf(undefined)).toEqual([]);
    expect(triesOf(early)).toEqual([]);
    let tries = triesOf({ ...early, state: 'copying', bytes: 4 });
    for (let attempt = 4; attempt < 40; attempt += 1) {
      const { startedAt, heartbeatAt: endedAt } = at;
      tries = withTry(tries, { attempt, startedAt, endedAt, state: 'failed', bytes: 0 });
    }
    expect(tries.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, index) => 20 + index));
  });
});
