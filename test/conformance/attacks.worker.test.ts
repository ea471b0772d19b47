/**
 * The attacks of The Update Framework's list (theupdateframework.io, "Attacks and weaknesses") that apply to who downloads from
 * here, each tried by an upstream that has turned hostile. docs/security.md says what stops each; it names these tests.
 */

import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Edge, type EdgeOptions, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { poisonedFile } from '../support/hostile-keys.ts';
import { hurried, shortPauses } from '../support/hurried.ts';
import { movingClock } from '../support/moving-clock.ts';
import { IMAGE, KERNEL, PAIR } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const DAY = 24 * 3_600_000;
/** More than is held back: a bad one is a cut, not a clean 502. */
const SIZE = 600_000;

let tenant: UpstreamTenant;
let clock: ReturnType<typeof movingClock>;
beforeEach(async () => {
  await reset();
  clock = movingClock();
  tenant = new UpstreamTenant('attack');
  await tenant.release({
    ...PAIR,
    version: '4593.2.5',
    files: { [IMAGE]: SIZE, [KERNEL]: 5000 },
    aliases: ['current'],
  });
});

const open = (vars: Record<string, string> = {}, options: EdgeOptions = {}) =>
  openEdge(tenant, {
    ...options,
    vars: { OPERATOR_TOKEN, ...vars },
    platform: { ...shortPauses, ...clock.platform, ...options.platform },
  });
const mirroring = (options: EdgeOptions = {}) =>
  open({ MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${IMAGE},${KERNEL}` }, options);
const path = (file: string, version = '4593.2.5') => `/stable/amd64-usr/${version}/${file}`;
const upstreamPath = (file: string, version = '4593.2.5') => path(file, version).slice(1);
const current = async (edge: Edge) => {
  const answer = await edge.fetch(path('version.txt', 'current'));
  return answer.ok ? /_VERSION=(.*)/.exec(await answer.text())?.[1] : answer.status;
};
const mirror = async (edge: Edge, version: string) => {
  await edge.fetch(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT', headers: OPERATOR });
  await edge.runAll();
  const job = await edge.fetch(`/api/mirrors/stable/amd64-usr/${version}`, { headers: OPERATOR });
  return await job.json<{ state: string; reason?: string }>();
};
/** Bytes that came, and whether they were all that was promised. */
const download = async (edge: Edge, where: string) => {
  const answer = await edge.fetch(where);
  let length = 0;
  try {
    for await (const chunk of answer.body ?? []) length += (chunk as Uint8Array).length;
  } catch {
    return { status: answer.status, isComplete: false };
  }
  return { status: answer.status, isComplete: length === Number(answer.headers.get('content-length')) };
};
const source = async (edge: Edge, where: string) =>
  (await edge.fetch(where, { method: 'HEAD' })).headers.get('x-flatcar-source');

describe('arbitrary software', () => {
  it('an image of the attacker is neither mirrored nor completed', async () => {
    await tenant.flip(upstreamPath(IMAGE), 1000);
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.5')).toMatchObject({ state: 'failed', reason: `${IMAGE}: bad-signature` });
    expect(await download(edge, path(IMAGE))).toMatchObject({ isComplete: false });
    expect((await edge.fetch(path(IMAGE))).status).toBe(502);
  });

  it("a release signed by the attacker's own key is refused", async () => {
    await tenant.key({ key: 'attacker' });
    await tenant.release({
      ...PAIR,
      version: '4593.2.6',
      files: { [IMAGE]: SIZE },
      key: 'attacker',
      aliases: ['current'],
    });
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.6')).toMatchObject({ state: 'failed', reason: 'unknown-key' });
    expect((await edge.fetch(path(IMAGE, '4593.2.6'))).status).toBe(502);
    expect((await edge.fetch(path('version.txt', '4593.2.6'))).status).toBe(502);
  });
});

describe('rollback', () => {
  it('an alias that upstream turns back is not followed, by this isolate or the next', async () => {
    await tenant.release({ ...PAIR, version: '4593.2.4', files: { [IMAGE]: 1000 } });
    const edge = await open();
    expect(await current(edge)).toBe('4593.2.5');
    await edge.settle();
    await tenant.alias('stable/amd64-usr/current', '4593.2.4');
    clock.advance(3_600_000);
    expect(await current(edge)).toBe('4593.2.5');
    expect(await current(await open())).toBe('4593.2.5');
  });

  it('an older release that is mirrored does not move current back', async () => {
    await tenant.release({ ...PAIR, version: '4593.2.4', files: { [IMAGE]: 1000, [KERNEL]: 1000 } });
    const edge = await mirroring();
    await mirror(edge, '4593.2.5');
    expect(await mirror(edge, '4593.2.4')).toMatchObject({ state: 'complete' });
    expect(await current(edge)).toBe('4593.2.5');
  });
});

describe('fast-forward', () => {
  it('a higher number that nobody has signed moves nothing, the floor neither', async () => {
    const edge = await open();
    expect(await current(edge)).toBe('4593.2.5');
    await tenant.key({ key: 'attacker' });
    await tenant.release({
      ...PAIR,
      version: '99999.2.0',
      files: { [IMAGE]: 1000 },
      key: 'attacker',
      aliases: ['current'],
    });
    clock.advance(3_600_000);
    expect(await current(edge)).toBe('4593.2.5');
    await tenant.alias('stable/amd64-usr/current', '4593.2.5');
    clock.advance(3_600_000);
    const answer = await edge.fetch(path('version.txt', 'current'));
    expect([answer.headers.get('x-flatcar-stale'), await answer.text()]).toEqual([
      null,
      expect.stringContaining('=4593.2.5\n'),
    ]);
  });

  it('after a stolen key has raised current, quarantine brings it back down', async () => {
    await tenant.release({ ...PAIR, version: '99999.2.0', files: { [IMAGE]: 1000, [KERNEL]: 1000 } });
    const edge = await mirroring();
    await mirror(edge, '4593.2.5');
    await mirror(edge, '99999.2.0');
    expect(await current(edge)).toBe('99999.2.0');
    await edge.fetch('/api/releases/stable/amd64-usr/99999.2.0', { method: 'DELETE', headers: OPERATOR });
    expect(await current(edge)).toBe('4593.2.5');
  });
});

describe('indefinite freeze', () => {
  it('an upstream that stops answering is said to be stale at once, and is not believed after seven days', async () => {
    const edge = await open();
    expect(await current(edge)).toBe('4593.2.5');
    await edge.settle();
    await tenant.rules({ path: 'version', status: 500 });
    clock.advance(3_600_000);
    const stale = await edge.fetch(path('version.txt', 'current'));
    expect([stale.status, stale.headers.get('x-flatcar-stale')]).toEqual([200, 'unreachable']);
    clock.advance(8 * DAY);
    expect(await current(edge)).toBe(503);
  });

  it('a frozen mirror shows since when: the poll remembers when it last had a verified answer', async () => {
    const edge = await mirroring();
    await edge.poll();
    await edge.runAll();
    await tenant.rules({ path: 'version', status: 500 });
    clock.advance(3_600_000);
    await edge.poll();
    expect(await (await edge.fetch('/')).text()).toMatch(/upstream stale since .*: unreachable/s);
  });
});

describe('endless data', () => {
  it('is cut at the announced length, and at a limit where none is announced', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', endless: 5_000_000 }, { path: 'txt$', endless: 5_000_000 });
    const edge = await open();
    expect(await download(edge, path(IMAGE))).toEqual({ status: 200, isComplete: true });
    expect(await current(edge)).toBe(502);
    await tenant.rules({ path: 'sig$', endless: 5_000_000 });
    expect((await edge.fetch(path(KERNEL))).status).toBe(502);
  });

  it('a file over MAX_FILE_BYTES is not begun', async () => {
    const edge = await open({ MIRROR_FILES: `version.txt,${IMAGE}`, MAX_FILE_BYTES: '1000' });
    expect(await mirror(edge, '4593.2.5')).toMatchObject({ state: 'failed', reason: `${IMAGE}: file-too-large` });
  });
});

describe('slow retrieval', () => {
  it('no headers: 504, while a client that waits 20 s is still there', async () => {
    await tenant.rules({ path: 'vmlinuz', delayMs: 3_000 });
    const isolate = await open({}, { platform: hurried(50) });
    expect((await isolate.fetch(path(KERNEL))).status).toBe(504);
    await isolate.settle();
  });

  it('a body that stops is given up, and is never a complete file', async () => {
    await tenant.rules({ path: 'bz2$', method: 'GET', hangAfter: 1000 });
    const isolate = await open({}, { platform: hurried(50) });
    expect(await download(isolate, path(IMAGE))).toMatchObject({ isComplete: false });
    await isolate.settle();
  });
});

describe('mix and match', () => {
  it('version.txt of current and its signature are of one release, whatever upstream does between the two', async () => {
    const edge = await open();
    const text = await (await edge.fetch(path('version.txt', 'current'))).text();
    await tenant.release({ ...PAIR, version: '4593.2.6', files: { [IMAGE]: 1000 }, aliases: ['current'] });
    const signature = new Uint8Array(await (await edge.fetch(path('version.txt.sig', 'current'))).arrayBuffer());
    expect(text).toContain('=4593.2.5\n');
    expect(signature).toEqual(await tenant.bytes(upstreamPath('version.txt.sig')));
  });

  it('files of a mirrored alias are all of the release that it names', async () => {
    const edge = await mirroring();
    await mirror(edge, '4593.2.5');
    await tenant.release({ ...PAIR, version: '4593.2.6', files: { [IMAGE]: 1000 }, aliases: ['current'] });
    for (const file of ['version.txt', IMAGE, `${IMAGE}.sig`, KERNEL])
      expect((await edge.fetch(path(file, 'current'))).headers.get('x-flatcar-version')).toBe('4593.2.5');
  });

  it('one file of another release in the directory: the job fails, nothing of it is published', async () => {
    await tenant.release({ ...PAIR, version: '4593.2.4', files: { [IMAGE]: SIZE } });
    await tenant.put(upstreamPath(IMAGE), await tenant.bytes(upstreamPath(IMAGE, '4593.2.4')));
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.5')).toMatchObject({ state: 'failed', reason: `${IMAGE}: bad-signature` });
    expect(await source(edge, path(KERNEL))).toBe('upstream');
  });
});

describe('a genuine file in a wrong place', () => {
  const swap = async (from: string, to: string) => {
    for (const ending of ['', '.sig', '.DIGESTS', '.DIGESTS.sig'])
      await tenant.put(`${to}${ending}`, await tenant.bytes(`${from}${ending}`));
  };

  it('under another name: the signed DIGESTS names the other file', async () => {
    await swap(upstreamPath(KERNEL), upstreamPath(IMAGE));
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.5')).toMatchObject({ state: 'failed', reason: `${IMAGE}: digests-other-file` });
  });

  it('a whole older release under a new number: version.txt says its own', async () => {
    await tenant.release({ ...PAIR, version: '4593.2.4', files: { [IMAGE]: SIZE } });
    for (const file of ['version.txt', IMAGE])
      await swap(upstreamPath(file, '4593.2.4'), upstreamPath(file, '4593.2.9'));
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.9')).toMatchObject({ state: 'failed', reason: 'wrong-version' });
    expect((await edge.fetch(path('version.txt', '4593.2.9'))).status).toBe(502);
  });

  it('an old image beside a new version.txt: its signature is older than the build', async () => {
    const versionTxt = 'FLATCAR_VERSION=4593.2.9\nFLATCAR_BUILD_ID="2040-01-01-0000"\n';
    await tenant.release({
      ...PAIR,
      version: '4593.2.9',
      files: { [IMAGE]: SIZE },
      versionTxt,
      signedAt: '2040-01-02T00:00:00Z',
    });
    await swap(upstreamPath(IMAGE), upstreamPath(IMAGE, '4593.2.9'));
    clock.advance(Date.parse('2040-02-01T00:00:00Z') - Date.now());
    const edge = await mirroring();
    expect(await mirror(edge, '4593.2.9')).toMatchObject({ state: 'failed', reason: `${IMAGE}: signed-before-build` });
  });

  it('in another channel: the middle number says which', async () => {
    await tenant.release({
      channel: 'beta',
      board: 'amd64-usr',
      version: '4593.2.5',
      files: { [IMAGE]: 1000 },
      aliases: ['current'],
    });
    const edge = await open();
    expect((await edge.fetch('/beta/amd64-usr/current/version.txt')).status).toBe(502);
    const refused = await edge.fetch('/api/mirrors/beta/amd64-usr/4593.2.5', { method: 'PUT', headers: OPERATOR });
    expect(refused.status).toBe(422);
  });
});

describe('key compromise', () => {
  it('what a compromised subkey has signed is out of the aliases, not served as verified, and not passed through', async () => {
    const edge = await mirroring();
    await mirror(edge, '4593.2.5');
    expect(await source(edge, path(IMAGE))).toBe('mirror');
    const key = await tenant.key({ key: 'common' });
    await tenant.put('key.asc', key.compromised);
    clock.advance(2 * DAY);
    await edge.poll();
    const later = await mirroring();
    expect((await later.fetch(path(IMAGE))).status).toBe(502);
    expect(await current(later)).toBe(502);
  });
});

describe('a poisoned key file', () => {
  it("with a stranger's binding before the genuine one, fetched first, does not blunt the revocation that comes later", async () => {
    const key = await tenant.key({ key: 'common' });
    const edge = await mirroring();
    await tenant.put('key.asc', await poisonedFile(key.armored));
    await mirror(edge, '4593.2.5');
    expect(await source(edge, path(KERNEL))).toBe('mirror');
    await tenant.put('key.asc', key.compromised);
    clock.advance(2 * DAY);
    await edge.poll();
    expect(edge.events.at(-1)).toMatchObject({ distrusted: 'stable/amd64-usr/4593.2.5' });
    expect((await edge.fetch(path(KERNEL))).status).toBe(502);
    clock.advance(365 * DAY);
    const later = await mirroring();
    expect((await later.fetch(path(KERNEL))).status).toBe(502);
    expect(await (await later.fetch('/healthz')).text()).not.toContain(key.subkey);
  });

  it('that an earlier version has stored in that order is cleaned when it is loaded', async () => {
    const key = await tenant.key({ key: 'common' });
    const edge = await mirroring();
    await mirror(edge, '4593.2.5');
    await env.RELEASES.put('keyring.asc', await poisonedFile(key.compromised));
    clock.advance(2 * DAY);
    await edge.poll();
    expect(edge.events.at(-1)).toMatchObject({ distrusted: 'stable/amd64-usr/4593.2.5' });
    expect((await edge.fetch(path(KERNEL))).status).toBe(502);
  });
});

describe('a malicious mirror', () => {
  it.each([
    ['the cloud metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['this machine', 'http://127.0.0.1:1/secret'],
    ['another protocol', 'file:///etc/passwd'],
    ['another host', 'https://evil.example/'],
  ])('that redirects to %s is not followed', async (_what, location) => {
    await tenant.rules({ path: 'vmlinuz', status: 302, location });
    const edge = await open();
    const answer = await edge.fetch(path(KERNEL));
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('foreign-redirect')]);
  });

  it('passes no header of the client on, and none of its own but the safe ones back', async () => {
    const edge = await open();
    await tenant.forget();
    const answer = await edge.fetch(path(IMAGE), {
      headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' },
    });
    await answer.arrayBuffer();
    expect(answer.headers.has('set-cookie')).toBe(false);
    for (const { headers } of await tenant.log()) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('cookie');
      expect(headers).not.toHaveProperty('x-forwarded-for');
    }
  });
});
