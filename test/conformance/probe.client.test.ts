/** `npm run probe` against the running Worker, and behind proxies that do what a badly set up zone does. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Meddling, startProxy, type ZoneProxy } from '../support/meddling-proxy.ts';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const script = join(import.meta.dirname, '..', '..', 'tools', 'probe', 'probe.ts');

let edge: RunningEdge;
let proxy: ZoneProxy;
let boot: string;
beforeAll(async () => {
  edge = await runEdge({
    CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
    MIRROR: 'stable/amd64-usr',
    MIRROR_FILES: `version.txt,${IMAGE}`,
  });
  await edge.release('4593.2.5', { [IMAGE]: 3_000_001 });
  await edge.api('/api/mirrors/stable/amd64-usr/current', { method: 'PUT' });
  expect((await edge.ended('4593.2.5')).state).toBe('complete');
  const issued = await edge.api('/api/machines/vm-1', { method: 'PUT', body: '{"ignition":{"version":"3.3.0"}}' });
  boot = ((await issued.json()) as { urls: { ignition: string } }).urls.ignition;
  proxy = await startProxy(edge.url);
});
afterAll(async () => {
  await proxy.close();
  await edge.stop();
});
afterEach(() => proxy.meddle([]));

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await runClient(process.execPath, [script, ...args], edge.folder);
  return { code, text: stdout + stderr, failed: stdout.split('\n').filter((line) => line.startsWith('FAIL')) };
};

describe('npm run probe', () => {
  it('finds nothing wrong with a good edge, resumes with curl, and boots', async () => {
    const { code, text } = await run(edge.url, '--boot', boot);
    expect(text).toMatch(/ok\s+curl -C - completes a broken download\s+byte for byte/);
    expect(text).toMatch(/ok\s+http boot, as Ignition asks\s+200, \d+ bytes of Ignition/);
    expect(text).toMatch(/skipped\s+https boot, as iPXE asks/);
    expect(text).toContain('all is well');
    expect(code).toBe(0);
  });

  const zones: [what: string, rule: Meddling, check: string][] = [
    [
      'sends boots to https',
      { path: '^/boot/', instead: { status: 301, headers: { location: 'https://x/' } } },
      'http boot',
    ],
    [
      'challenges machines',
      { path: '^/boot/', instead: { status: 403, headers: { 'cf-mitigated': 'challenge' } } },
      'http boot, as Ignition asks',
    ],
    ['limits their rate', { path: '^/boot/', instead: { status: 429 } }, '20 boots at once'],
    ['caches boots', { path: '^/boot/', adds: { 'cache-control': 'max-age=60' } }, 'http boot'],
    ['answers the whole file for a range', { path: IMAGE, hides: ['range'] }, 'range of what was just downloaded'],
    ['drops the digest', { path: IMAGE, adds: { 'repr-digest': '' } }, 'whole download: length and digest'],
    ['hides preconditions', { path: IMAGE, hides: ['if-none-match'] }, 'If-None-Match: 304'],
    [
      'redirects current',
      { path: 'version.txt', instead: { status: 302, headers: { location: '/x' } } },
      'version.txt',
    ],
    ['opens the API', { path: '^/api/', instead: { status: 200, body: '{}' } }, 'the API is closed without a token'],
  ];
  it.each(zones)('tells of a zone that %s', async (_what, rule, check) => {
    proxy.meddle([rule]);
    const { code, failed } = await run(proxy.url);
    expect(failed.join('\n')).toContain(check);
    expect(code).toBe(1);
  });

  it('says how it is called', async () => {
    const { code, text } = await run();
    expect([code, text]).toEqual([2, expect.stringContaining('usage: npm run probe')]);
  });
});
