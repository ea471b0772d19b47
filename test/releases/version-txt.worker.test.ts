/** version.txt of upstream: verified, never older than the floor, from the last good copy while upstream fails. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Platform } from '../../src/shared/platform.ts';
import { openEdge } from '../support/edge.ts';
import { hurried, shortPauses } from '../support/hurried.ts';
import { movingClock } from '../support/moving-clock.ts';
import { PAIR } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const STREAM = { ...PAIR, bare: true };
const CURRENT = '/stable/amd64-usr/current/version.txt';
const HERE = (version: string) => `stable/amd64-usr/${version}/version.txt`;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let tenant: UpstreamTenant;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('version');
  await tenant.release({ ...STREAM, version: '4593.2.5', aliases: ['current'] });
});

const open = (platform: Partial<Platform> = {}) => openEdge(tenant, { platform: { ...shortPauses, ...platform } });
const text = async (response: Response) => `${response.status} ${(await response.text()).trim()}`;
const servedVersion = (response: Response) => response.headers.get('x-flatcar-version');
const writeAlias = (record: object) => env.RELEASES.put('alias/stable/amd64-usr/current.json', JSON.stringify(record));
const versionOf = (body: string) => /^FLATCAR_VERSION=(.*)$/m.exec(body)?.[1];

describe('version.txt of an alias', () => {
  it('is byte-identical to upstream, with its numbered path and its signer', async () => {
    const edge = await open();
    const response = await edge.fetch(CURRENT);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-location')).toBe('/stable/amd64-usr/4593.2.5/version.txt');
    expect(response.headers.get('cache-control')).toBe('public, max-age=60, no-transform');
    expect(response.headers.get('x-flatcar-version')).toBe('4593.2.5');
    expect(response.headers.get('x-flatcar-signed-by')).toBe((await tenant.key({ key: 'common' })).subkey);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(await tenant.bytes(HERE('4593.2.5')));
    const signature = await edge.fetch(`${CURRENT}.sig`);
    expect(new Uint8Array(await signature.arrayBuffer())).toEqual(await tenant.bytes(`${HERE('4593.2.5')}.sig`));
  });

  it('serves current-YYYY of an LTS stream', async () => {
    await tenant.release({ ...STREAM, channel: 'lts', version: '4081.3.10', aliases: ['current-2024'] });
    const edge = await open();
    expect(versionOf(await (await edge.fetch('/lts/amd64-usr/current-2024/version.txt')).text())).toBe('4081.3.10');
    expect((await edge.fetch('/lts/amd64-usr/current-2021/version.txt')).status).toBe(404);
  });
});

/** Each makes the upstream of a running edge answer what must be refused. */
const REFUSALS: readonly [name: string, spoil: (tenant: UpstreamTenant) => Promise<unknown>, reason: string][] = [
  ['tampered content', (t) => t.flip(HERE('4593.2.5'), 20), 'bad-signature'],
  ['tampered signature', (t) => t.flip(`${HERE('4593.2.5')}.sig`, 300), 'bad-signature'],
  ['missing signature', (t) => t.remove(`${HERE('4593.2.5')}.sig`), 'signature-missing'],
  ['unknown key', (t) => t.sign(HERE('4593.2.5'), 'stranger'), 'unknown-key'],
  ['SHA-1 signature', (t) => t.sign(HERE('4593.2.5'), 'common', 'sha1'), 'weak-hash'],
  [
    'CR LF inside',
    (t) =>
      t.release({ ...STREAM, version: '4593.2.5', versionTxt: 'FLATCAR_VERSION=4593.2.5\r\nFLATCAR_BUILD_ID=""\r\n' }),
    'carriage-return',
  ],
  [
    'no version inside',
    (t) => t.release({ ...STREAM, version: '4593.2.5', versionTxt: 'FLATCAR_BUILD=4593\n' }),
    'no-version',
  ],
  [
    'a version older than the floor',
    (t) => t.release({ ...STREAM, version: '4593.2.4', aliases: ['current'] }),
    'below-floor',
  ],
  [
    "alpha's genuine file under stable's name",
    (t) => t.release({ ...STREAM, version: '4593.2.5', versionTxt: 'FLATCAR_VERSION=4790.0.0\n' }),
    'wrong-channel',
  ],
];

describe.each(REFUSALS)('refuses %s', (_name, spoil, reason) => {
  it(`with ${reason}, and serves the last good copy that it has in memory`, async () => {
    const clock = movingClock();
    const edge = await open(clock.platform);
    const good = await (await edge.fetch(CURRENT)).text();
    await spoil(tenant);
    clock.advance(10 * MINUTE);
    const response = await edge.fetch(CURRENT);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-flatcar-stale')).toBe(reason);
    expect(await response.text()).toBe(good);
    await edge.settle();
    expect(edge.events.at(-1)).toMatchObject({ staleReason: reason });
  });

  it('and serves the last good copy that another isolate left in R2', async () => {
    const first = await open();
    const good = await (await first.fetch(CURRENT)).text();
    await first.settle();
    await spoil(tenant);
    const second = await open();
    const response = await second.fetch(CURRENT);
    expect([response.status, response.headers.get('x-flatcar-stale')]).toEqual([200, reason]);
    expect(await response.text()).toBe(good);
    const signature = await second.fetch(`${CURRENT}.sig`);
    expect(signature.status).toBe(200);
  });

  it('and answers 502 with the reason where there is no last good copy', async () => {
    const first = await open();
    await first.fetch(CURRENT);
    await first.settle();
    for (const name of ['version.txt', 'version.txt.sig']) {
      await env.RELEASES.delete(`upstream/stable/amd64-usr/current/${name}`);
    }
    await spoil(tenant);
    const second = await open();
    const response = await second.fetch(CURRENT);
    expect(await text(response)).toMatch(new RegExp(`^502 ${reason}`));
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

describe('while upstream fails', () => {
  it('serves the last good copy for seven days and no longer', async () => {
    const clock = movingClock();
    const edge = await open(clock.platform);
    await edge.fetch(CURRENT);
    await tenant.rules({ path: '.', status: 500 });
    clock.advance(7 * DAY - 30 * MINUTE);
    const response = await edge.fetch(CURRENT);
    expect([response.status, response.headers.get('x-flatcar-stale')]).toEqual([200, 'unreachable']);
    clock.advance(40 * MINUTE);
    expect(await text(await edge.fetch(CURRENT))).toMatch(/^503 upstream is unreachable/);
  });

  it('a numbered path is never answered from another time: 503', async () => {
    const edge = await open();
    await tenant.rules({ path: '.', status: 500 });
    const response = await edge.fetch('/stable/amd64-usr/4593.2.5/version.txt');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });

  it('a numbered path whose version.txt says another number is refused', async () => {
    await tenant.release({ ...STREAM, version: '4593.2.4', versionTxt: 'FLATCAR_VERSION=4593.2.5\n' });
    const edge = await open();
    expect(await text(await edge.fetch('/stable/amd64-usr/4593.2.4/version.txt'))).toMatch(/^502 wrong-version/);
  });

  it('a numbered path below the floor is served: the floor is about aliases', async () => {
    await tenant.release({ ...STREAM, version: '4593.2.4' });
    const edge = await open();
    await edge.fetch(CURRENT);
    expect((await edge.fetch('/stable/amd64-usr/4593.2.4/version.txt')).status).toBe(200);
  });
});

describe('freshness', () => {
  it('asks upstream once a minute, in the background, and then serves the new release', async () => {
    const clock = movingClock();
    const edge = await open(clock.platform);
    await edge.fetch(CURRENT);
    await tenant.release({ ...STREAM, version: '4593.2.6', aliases: ['current'] });
    clock.advance(MINUTE - 1000);
    expect(versionOf(await (await edge.fetch(CURRENT)).text())).toBe('4593.2.5');
    await edge.settle();
    expect(await tenant.log(/current\/version\.txt$/)).toHaveLength(1);
    clock.advance(2000);
    expect(versionOf(await (await edge.fetch(CURRENT)).text())).toBe('4593.2.5');
    await edge.settle();
    expect(versionOf(await (await edge.fetch(CURRENT)).text())).toBe('4593.2.6');
    expect(await tenant.log(/current\/version\.txt$/)).toHaveLength(2);
  });

  it('after an idle hour waits for upstream instead of handing out the old one', async () => {
    const clock = movingClock();
    const edge = await open(clock.platform);
    await edge.fetch(CURRENT);
    await tenant.release({ ...STREAM, version: '4593.2.6', aliases: ['current'] });
    clock.advance(60 * MINUTE);
    expect(versionOf(await (await edge.fetch(CURRENT)).text())).toBe('4593.2.6');
  });

  it('a pin in R2 counts at once', async () => {
    await tenant.release({ ...STREAM, version: '4593.2.4' });
    const edge = await open();
    await edge.fetch(CURRENT);
    await env.RELEASES.put(
      'alias/stable/amd64-usr/current.json',
      JSON.stringify({ pin: '4593.2.4', floor: '4593.2.5' }),
    );
    expect(versionOf(await (await edge.fetch(CURRENT)).text())).toBe('4593.2.4');
  });

  it('an unreadable alias object is 503, not a guess', async () => {
    const edge = await open();
    await env.RELEASES.put('alias/stable/amd64-usr/current.json', '{"version":');
    expect((await edge.fetch(CURRENT)).status).toBe(503);
  });
});

describe('many at once on a cold cache', () => {
  const askers = 200;
  const counted = () => tenant.log(/current\/version\.txt$/);

  it('200 requests make exactly one fetch of version.txt', async () => {
    const edge = await open();
    await tenant.rules({ path: 'version', delayMs: 50 });
    const responses = await Promise.all(Array.from({ length: askers }, () => edge.fetch(CURRENT)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await counted()).toHaveLength(1);
  });

  it('a leader whose fetch fails for good fails nobody else', async () => {
    const edge = await open();
    // All three attempts of the leader meet a broken upstream; whoever comes next does not.
    await tenant.rules({ path: 'current/version.txt$', times: 3, status: 500 });
    const responses = await Promise.all(Array.from({ length: askers }, () => edge.fetch(CURRENT)));
    const failed = responses.filter(({ status }) => status !== 200);
    expect(failed.length).toBeLessThanOrEqual(1);
    expect(await counted()).toHaveLength(4);
  });
});

describe('what another isolate does, or the operator', () => {
  it('a newer last good pair in R2 wins over what this isolate remembers', async () => {
    const clock = movingClock();
    const old = await open(clock.platform);
    await old.fetch(CURRENT);
    await tenant.release({ ...STREAM, version: '4593.2.6', aliases: ['current'] });
    const other = await open();
    await other.fetch(CURRENT);
    await other.settle();
    await tenant.rules({ path: '.', status: 500 });
    clock.advance(10 * MINUTE);
    const response = await old.fetch(CURRENT);
    expect([response.status, servedVersion(response)]).toEqual([200, '4593.2.6']);
  });

  it('a floor that rose while upstream was asked counts', async () => {
    let raise = true;
    const fetch_ = async (request: Request) => {
      const response = await fetch(request);
      if (raise && /version\.txt$/.test(request.url)) {
        raise = false;
        await writeAlias({ floor: '4593.2.9' });
      }
      return response;
    };
    const edge = await open({ fetch: fetch_ });
    const response = await edge.fetch(CURRENT);
    expect([response.status, await response.text()]).toEqual([502, expect.stringMatching(/^below-floor/)]);
  });

  it('our own publication below the floor is not served under the alias', async () => {
    await writeAlias({ version: '4593.2.4', floor: '4593.2.5' });
    const edge = await openEdge(tenant, { vars: { MIRROR: 'stable/amd64-usr' } });
    expect(servedVersion(await edge.fetch(CURRENT))).toBe('4593.2.5');
  });

  it('a hanging upstream does not keep the last good copy from anybody', async () => {
    const edge = await open();
    await edge.fetch(CURRENT);
    await edge.settle();
    await tenant.rules({ path: '.', delayMs: 60_000 });
    const cold = await open(hurried(20));
    await tenant.rules({ path: 'stable', delayMs: 60_000 });
    const responses = await Promise.all([cold.fetch(CURRENT), cold.fetch(CURRENT)]);
    for (const response of responses)
      expect([response.status, response.headers.get('x-flatcar-stale')]).toEqual([200, 'timeout']);
  });
});

describe('keys and keyring', () => {
  it('a key server that fails is not asked by every request', async () => {
    const edge = await open();
    await tenant.remove('key.asc');
    await tenant.forget();
    for (let count = 0; count < 10; count += 1) await edge.fetch(CURRENT);
    expect(await tenant.log(/key\.asc/)).toHaveLength(1);
  });

  it('our own unreadable keyring is our fault: 503, and not overwritten', async () => {
    const edge = await open();
    await env.RELEASES.put('keyring.asc', 'nonsense');
    const response = await edge.fetch(CURRENT);
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringMatching(/^what is stored cannot be read \(keyring\.asc: /),
    ]);
    expect(await (await env.RELEASES.get('keyring.asc'))?.text()).toBe('nonsense');
  });
});
