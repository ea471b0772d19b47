/** Aliases of the operator's own, which follow another one after a while. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Version } from '../../src/releases/model.ts';
import { candidatesAt, durationMs } from '../../src/releases/store/ring.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { nodeEdge } from '../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const DAY = 86_400_000;
const key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });

async function open(keep = '3') {
  let now = Date.parse('2026-06-01T00:00:00Z');
  const versions = ['4593.2.4', '4593.2.5', '4593.2.6'];
  const edge = await nodeEdge({ key, versions, vars: { KEEP_RELEASES: keep }, platform: { now: () => now } });
  const nameOf = async (ring: string) => {
    const answer = await edge.fetch(`/${PAIR}/${ring}/version.txt`);
    return answer.status === 200 ? /_VERSION=(.*)/.exec(await answer.text())?.[1] : answer.status;
  };
  const put = async (ring: string, body: object, headers = {}) =>
    await edge.call('PUT', `/api/aliases/${PAIR}/${ring}`, JSON.stringify(body), headers);
  const wait = (milliseconds: number) => {
    now += milliseconds;
  };
  return { edge, nameOf, put, wait };
}

describe('a ring', () => {
  it('moves by itself at the second at which the other alias has named a release for long enough', async () => {
    const { edge, nameOf, put, wait } = await open();
    expect(await nameOf('prod')).toBe(404);
    await edge.mirror('4593.2.5');
    const made = await put('prod', { follows: 'current', after: 'P7D' });
    expect([made.status, await made.json()]).toMatchObject([
      200,
      { alias: 'prod', version: null, from: null, ring: { follows: 'current', after: 'P7D' } },
    ]);
    wait(7 * DAY - 1);
    expect(await nameOf('prod')).toBe(404);
    wait(1);
    expect(await nameOf('prod')).toBe('4593.2.5');
    await edge.mirror('4593.2.6');
    expect([await nameOf('current'), await nameOf('prod')]).toEqual(['4593.2.6', '4593.2.5']);
    wait(7 * DAY - 1);
    expect(await nameOf('prod')).toBe('4593.2.5');
    wait(1);
    expect(await nameOf('prod')).toBe('4593.2.6');
    const file = await edge.fetch(`/${PAIR}/prod/${KERNEL}`);
    expect([file.headers.get('x-flatcar-version'), file.headers.get('content-location')]).toEqual([
      '4593.2.6',
      `/${PAIR}/4593.2.6/${KERNEL}`,
    ]);
    // A client may hold the beginning of the file of the release before.
    const part = await edge.fetch(`/${PAIR}/prod/${KERNEL}`, { headers: { range: 'bytes=10-' } });
    expect(part.status).toBe(428);
  });

  it('keeps what it names, and what it will name, from retention', async () => {
    const { edge, nameOf, put, wait } = await open('1');
    await edge.mirror('4593.2.4');
    await put('prod', { follows: 'current', after: 'P7D' });
    wait(8 * DAY);
    await edge.mirror('4593.2.5');
    wait(DAY);
    await edge.mirror('4593.2.6');
    wait(2 * DAY);
    await edge.poll();
    await edge.settle();
    expect(await nameOf('prod')).toBe('4593.2.4');
    wait(4 * DAY);
    expect(await nameOf('prod')).toBe('4593.2.5');
    wait(DAY);
    expect(await nameOf('prod')).toBe('4593.2.6');
  });

  it('never names a quarantined release, and falls to the one before', async () => {
    const { edge, nameOf, put, wait } = await open();
    await edge.mirror('4593.2.4');
    wait(DAY);
    await edge.mirror('4593.2.5');
    await put('prod', { follows: 'current', after: 'PT12H' });
    wait(DAY);
    expect(await nameOf('prod')).toBe('4593.2.5');
    await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.5`);
    expect(await nameOf('prod')).not.toBe('4593.2.5');
    wait(60_001);
    expect(await nameOf('prod')).toBe('4593.2.4');
    await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.4`);
    wait(60_001);
    expect(await nameOf('prod')).toBe(404);
  });

  it('that was pinned is there after the quarantine of its release, names nothing, says why, and can be pinned anew', async () => {
    const { edge, nameOf, put } = await open();
    await edge.mirror('4593.2.4');
    await edge.mirror('4593.2.5');
    await put('frozen', { version: '4593.2.5' });
    await put('prod', { follows: 'current', after: 'PT0S' });
    const path = `/api/aliases/${PAIR}/frozen`;
    const view = async () => await (await edge.call('GET', path)).json();
    const tag = (await edge.call('GET', path)).headers.get('etag');
    const dry = await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.5?dry_run=1`);
    const moves = [
      { alias: 'current', before: '4593.2.5', after: '4593.2.4' },
      { alias: 'frozen', before: '4593.2.5', after: null },
      { alias: 'prod', before: '4593.2.5', after: '4593.2.4' },
    ];
    expect(await dry.json()).toMatchObject({ aliases: expect.arrayContaining(moves) });
    expect(await nameOf('frozen')).toBe('4593.2.5');
    const done = await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.5`);
    expect(await done.json()).toMatchObject({ aliases: expect.arrayContaining(moves) });
    const fault = '4593.2.5, to which it was pinned, is quarantined; pin it to another release';
    expect(await view()).toMatchObject({ alias: 'frozen', version: null, from: null, pin: null, holds: [], fault });
    expect((await edge.call('GET', path)).headers.get('etag')).not.toBe(tag);
    const list = await (await edge.call('GET', '/api/aliases')).json();
    expect(list).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ alias: 'frozen', fault })]),
    });
    // A machine that names it is neither refused nor given another release.
    expect((await edge.call('PUT', '/api/machines/vm-1?channel=stable&version=frozen', '')).status).toBe(200);
    expect((await put('frozen', { version: '4593.2.4' })).status).toBe(200);
    expect(await nameOf('frozen')).toBe('4593.2.4');
    expect((await edge.call('DELETE', path)).status).toBe(200);
    expect((await edge.call('GET', path)).status).toBe(404);
  });

  it('takes a step back of the other alias at once', async () => {
    const { edge, nameOf, put, wait } = await open();
    await edge.mirror('4593.2.4');
    wait(DAY);
    await edge.mirror('4593.2.5');
    await put('prod', { follows: 'current', after: 'P1D' });
    wait(DAY);
    expect(await nameOf('prod')).toBe('4593.2.5');
    wait(2 * DAY);
    await edge.call('PUT', `/api/aliases/${PAIR}/current`, '{"version":"4593.2.4"}');
    expect(await nameOf('prod')).toBe('4593.2.4');
    const part = await edge.fetch(`/${PAIR}/prod/${KERNEL}`, { headers: { range: 'bytes=10-' } });
    expect(part.status, 'a part, just after the step').toBe(428);
  });

  it('is not lost by pins of the other alias that come and go', async () => {
    const { edge, nameOf, put, wait } = await open();
    await edge.mirror('4593.2.4');
    wait(20 * DAY);
    await edge.mirror('4593.2.5');
    await put('prod', { follows: 'current', after: 'P7D' });
    for (let round = 0; round < 10; round += 1) {
      wait(3_600_000);
      await edge.call('PUT', `/api/aliases/${PAIR}/current`, '{"version":"4593.2.4"}');
      wait(3_600_000);
      await edge.call('DELETE', `/api/aliases/${PAIR}/current`);
      expect(await nameOf('prod'), `round ${round}`).toBe('4593.2.4');
    }
    wait(7 * DAY);
    expect(await nameOf('prod')).toBe('4593.2.5');
  });

  it('loses its pin to a quarantine, and follows again', async () => {
    const { edge, nameOf, put } = await open();
    await edge.mirror('4593.2.4');
    await edge.mirror('4593.2.5');
    await put('prod', { follows: 'current', after: 'P0D' });
    await put('prod', { version: '4593.2.4' });
    await edge.call('DELETE', `/api/releases/${PAIR}/4593.2.4`);
    expect(await nameOf('prod')).toBe('4593.2.5');
  });

  it('is pinned, ended, listed and shown', async () => {
    const { edge, nameOf, put, wait } = await open();
    await edge.mirror('4593.2.4');
    await edge.mirror('4593.2.5');
    expect((await put('canary', { version: '4593.2.4' })).status).toBe(200);
    expect(await nameOf('canary')).toBe('4593.2.4');
    await put('early', { follows: 'current', after: 'P0D' });
    expect(await nameOf('early')).toBe('4593.2.5');
    await put('later', { follows: 'current', after: 'P1D' });
    const { items } = (await (await edge.call('GET', '/api/aliases')).json()) as {
      items: { alias: string; version: string; from: string }[];
    };
    expect(items.map(({ alias, version, from }) => [alias, version, from])).toEqual([
      ['current', '4593.2.5', 'mirror'],
      ['canary', '4593.2.4', 'pin'],
      ['early', '4593.2.5', 'ring'],
      ['later', null, null],
    ]);
    const listing = await (await edge.fetch(`/${PAIR}/`)).text();
    expect([...listing.matchAll(/"\.\/([^"]+)"/g)].map(([, name]) => name)).toEqual([
      ...['4593.2.4/', '4593.2.5/', 'current/', 'canary/', 'early/'],
    ]);
    wait(1);
    const etag = (await edge.call('GET', `/api/aliases/${PAIR}/early`)).headers.get('etag') ?? '';
    expect((await put('early', { version: '4593.2.4' }, { 'if-match': '"other"' })).status).toBe(412);
    expect((await put('early', { follows: 'current', after: 'P2D' }, { 'if-match': etag })).status).toBe(200);
    expect(await nameOf('early')).toBe(404);
    expect((await edge.call('DELETE', `/api/aliases/${PAIR}/canary`)).status).toBe(200);
    expect(await nameOf('canary')).toBe(404);
    for (const method of ['GET', 'DELETE'])
      expect((await edge.call(method, `/api/aliases/${PAIR}/canary`)).status).toBe(404);
    expect(await (await edge.fetch('/channel-info.txt')).text()).toBe('STABLE_CURRENT=4593.2.5\n');
  });

  it('is what a machine boots', async () => {
    const { edge, put } = await open();
    await edge.mirror('4593.2.4');
    await put('canary', { version: '4593.2.4' });
    const made = await edge.call('PUT', '/api/machines/vm?version=canary', '{"ignition":{"version":"3.3.0"}}');
    const { urls } = (await made.json()) as { urls: { ipxe: string } };
    expect(await (await edge.fetchUrl(urls.ipxe)).text()).toContain(`/${PAIR}/4593.2.4`);
    const nowhere = await edge.call('PUT', '/api/machines/other?version=nowhere', '{"ignition":{"version":"3.3.0"}}');
    expect([nowhere.status, await nowhere.text()]).toEqual([422, expect.stringContaining('nowhere is none')]);
    const fleet = await edge.call('PUT', '/api/fleets/room', '{"version":"nowhere"}');
    expect([fleet.status, await fleet.text()]).toEqual([422, expect.stringContaining('nowhere is none')]);
    await edge.call('DELETE', `/api/aliases/${PAIR}/canary`);
    expect((await edge.fetchUrl(urls.ipxe)).status).toBe(503);
  });

  it.each<[string, object, number]>([
    ['current', { follows: 'current', after: 'P1D' }, 422],
    ['currently', { version: '4593.2.5' }, 404],
    ['Prod', { version: '4593.2.5' }, 404],
    ['prod', { follows: 'early', after: 'P1D' }, 422],
    ['prod', { follows: 'current' }, 422],
    ['prod', { follows: 'current', after: '7 days' }, 422],
    ['prod', { follows: 'current', after: 'P1Y' }, 422],
    ['prod', { follows: 'current', after: 'P91D' }, 422],
    ['prod', { version: '4593.2.5', follows: 'current', after: 'P1D' }, 422],
    ['prod', {}, 422],
    ['prod', { version: '4593.2.9' }, 422],
  ])('%s is refused with %j: %i', async (ring, body, status) => {
    const { edge, put, nameOf } = await open();
    await edge.mirror('4593.2.5');
    expect((await put(ring, body)).status).toBe(status);
    if (ring !== 'current') expect(await nameOf(ring)).toBe(404);
  });
});

describe('what a ring may name', () => {
  const version = fc.integer({ min: 1, max: 6 }).map((minor) => `1.2.${minor}` as Version);
  const history = fc.array(fc.tuple(version, fc.integer({ min: 1, max: 5 })), { maxLength: 8 }).map((steps) => {
    let at = 0;
    return steps.map(([named, hours]) => {
      at += hours * 3_600_000;
      return { version: named, at: new Date(at).toISOString() };
    });
  });

  it('was named for long enough, and nothing below it has been named since', () => {
    void fc.assert(
      fc.property(history, fc.nat(10), fc.nat(60), (named, afterHours, nowHours) => {
        const [afterMs, now] = [afterHours * 3_600_000, nowHours * 3_600_000];
        const candidates = candidatesAt(named, afterMs, now);
        for (const { version: one, since } of candidates) {
          const first = named.findIndex(
            ({ version: other, at }) => other === one && Date.parse(at) + afterMs === since,
          );
          const later = named.slice(first + 1).filter(({ at }) => Date.parse(at) <= now);
          if (since > now || first === -1 || later.some(({ version: other }) => other < one)) return false;
        }
        return candidates.every(
          ({ version: one }, index) => index === 0 || one < (candidates[index - 1]?.version ?? ''),
        );
      }),
    );
  });

  it.each([
    ['P7D', 7 * DAY],
    ['P1W', 7 * DAY],
    ['PT12H', DAY / 2],
    ['P1DT1H1M1S', DAY + 3_661_000],
    ['P0D', 0],
    ['P', undefined],
    ['PT', undefined],
    ['P1DT', undefined],
    ['P1M', undefined],
    ['P-1D', undefined],
    ['P90D', 90 * DAY],
    ['P91D', undefined],
    ['p1d', undefined],
  ])('%s is %s ms', (text, expected) => expect(durationMs(text)).toBe(expected));
});
