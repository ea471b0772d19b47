/** Mirroring on the real local runtime: Workflow and R2 as wrangler dev has them, and a SIGKILL to all of it. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type JobAnswer, type RunningEdge, runEdge } from '../support/running-edge.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const SECRET = 'webhook-secret-of-at-least-32-bytes';
const MIRROR = 'stable/amd64-usr';

let edge: RunningEdge;
beforeAll(async () => {
  edge = await runEdge({ MIRROR, MIRROR_FILES: `version.txt,${IMAGE}`, WEBHOOK_SECRET: SECRET });
});
afterAll(() => edge.stop());

const bytesOf = async (path: string) => Buffer.from(await (await fetch(`${edge.url}/${path}`)).arrayBuffer());
const upstreamBytes = (path: string) => edge.upstream.files.get(path)?.bytes ?? Buffer.alloc(0);
const jobOf = async (version: string) =>
  (await (await edge.api(`/api/mirrors/${MIRROR}/${version}`)).json()) as JobAnswer;
const put = (version: string) => edge.api(`/api/mirrors/${MIRROR}/${version}`, { method: 'PUT' });

describe('the Workflow', () => {
  it('mirrors what a signed GitHub webhook announces, with live progress, and current names it', async () => {
    await edge.release('4593.2.5', { [IMAGE]: 32 * MIB });
    edge.upstream.rules = [{ path: 'bz2$', method: 'GET', chunkDelayMs: 35 }];
    const body = JSON.stringify({ action: 'published', release: { tag_name: 'stable-4593.2.5', draft: false } });
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const headers = { 'x-github-event': 'release', 'x-hub-signature-256': signature };
    const announced = await fetch(`${edge.url}/webhooks/github`, { method: 'POST', headers, body });
    expect(announced.status).toBe(202);
    const seen: number[] = [];
    for (let job = await jobOf('4593.2.5'); job.state !== 'complete' && job.state !== 'failed'; ) {
      const image = job.files.find(({ name }) => name === IMAGE);
      if (image?.state === 'copying') seen.push(image.bytes);
      await new Promise((resolve) => setTimeout(resolve, 300));
      job = await jobOf('4593.2.5');
    }
    expect(await edge.ended('4593.2.5')).toMatchObject({ state: 'complete', attempt: 1 });
    expect(seen.some((bytes) => bytes > 0 && bytes < 32 * MIB)).toBe(true);
    edge.upstream.rules = [{ path: '.', status: 500 }];
    expect(
      (await bytesOf(`stable/amd64-usr/current/${IMAGE}`)).equals(upstreamBytes(`stable/amd64-usr/4593.2.5/${IMAGE}`)),
    ).toBe(true);
    edge.upstream.rules = [];
  });

  it('ends a file whose signature does not hold at once, and publishes nothing', async () => {
    await edge.release('4593.2.6', { [IMAGE]: 12 * MIB }, false);
    const path = `stable/amd64-usr/4593.2.6/${IMAGE}`;
    const bytes = Buffer.from(upstreamBytes(path));
    bytes[5 * MIB] = (bytes[5 * MIB] ?? 0) ^ 1;
    edge.upstream.put(path, bytes);
    await put('4593.2.6');
    expect(await edge.ended('4593.2.6')).toMatchObject({ state: 'failed', reason: `${IMAGE}: bad-signature` });
    const current = await fetch(`${edge.url}/stable/amd64-usr/current/version.txt`);
    expect(current.headers.get('x-flatcar-version')).toBe('4593.2.5');
  });

  it('cancels a running job', async () => {
    await edge.release('4593.2.7', { [IMAGE]: 48 * MIB }, false);
    edge.upstream.rules = [{ path: 'bz2$', method: 'GET', chunkDelayMs: 100 }];
    await put('4593.2.7');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const cancelled = await edge.api(`/api/mirrors/${MIRROR}/4593.2.7`, { method: 'DELETE' });
    expect(await cancelled.json()).toMatchObject({ state: 'cancelled' });
    edge.upstream.rules = [];
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await edge.ended('4593.2.7')).toMatchObject({ state: 'cancelled' });
    expect(
      (await fetch(`${edge.url}/stable/amd64-usr/4593.2.7/${IMAGE}`, { method: 'HEAD' })).headers.get(
        'x-flatcar-source',
      ),
    ).toBe('upstream');
  });
});

describe('SIGKILL in the middle of a file of four parts', () => {
  const status = `status/${MIRROR}/4593.2.8`;

  it('is taken over on the same state once its heartbeat is two minutes old, and no byte differs', async () => {
    await edge.release('4593.2.8', { [IMAGE]: 32 * MIB });
    edge.upstream.rules = [{ path: 'bz2$', method: 'GET', times: 1, chunkDelayMs: 40 }];
    await put('4593.2.8');
    // Some parts are stored, others are not.
    await vi.waitUntil(
      async () => {
        const image = (await jobOf('4593.2.8')).files.find(({ name }) => name === IMAGE);
        return image?.state === 'copying' && image.bytes > 8 * MIB;
      },
      { timeout: 60_000, interval: 100 },
    );
    await edge.killAndRestart();
    // A heartbeat younger than two minutes is joined: the runtime may be about to go on by itself.
    expect(await (await put('4593.2.8')).json()).toMatchObject({ state: 'running', attempt: 1 });
    const twoMinutesAgo = new Date(Date.now() - 2 * 60_000 - 1_000).toISOString();
    await edge.changeStored(`${status}.json`, { heartbeatAt: twoMinutesAgo });
    expect(await (await put('4593.2.8')).json()).toMatchObject({ attempt: 2 });
    expect(await edge.ended('4593.2.8')).toMatchObject({ state: 'complete', attempt: 2 });
    expect(
      (await bytesOf(`stable/amd64-usr/current/${IMAGE}`)).equals(upstreamBytes(`stable/amd64-usr/4593.2.8/${IMAGE}`)),
    ).toBe(true);
    expect(
      (await fetch(`${edge.url}/stable/amd64-usr/current/${IMAGE}`, { method: 'HEAD' })).headers.get(
        'x-flatcar-source',
      ),
    ).toBe('mirror');
  });
});
