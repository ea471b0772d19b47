/** The URLs of a machine by number: listed without themselves, ended one by one, and still ended after a backup. */
import { beforeEach, describe, expect, it } from 'vitest';
import { restoredUrls, shownUrls, withNewUrl, withoutUrl } from '../../src/machines/records/urls.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge();
});

const urlOf = async (answer: Response): Promise<string> =>
  (await answer.json<{ urls: { ignition: string } }>()).urls.ignition;
const put = async () => await urlOf(await edge.call('PUT', '/api/machines/a', config('/u')));
const another = async (body = '{}') => await urlOf(await edge.call('POST', '/api/machines/a/token', body));
const statusOf = async (url: string, method = 'GET') => (await edge.fetchUrl(url, { method })).status;
const list = async () =>
  await (await edge.call('GET', '/api/machines/a/urls')).json<{
    items: { number: number; state: string; expiresAt: string | null }[];
    hasOlder: boolean;
  }>();
const states = async () => (await list()).items.map(({ number, state }) => `${number} ${state}`);
const revoke = async (number: number | string, query = '') =>
  await edge.call('DELETE', `/api/machines/a/urls/${number}${query}`);

describe('the URLs of a machine', () => {
  it('are counted as they are given out, and none of them is told', async () => {
    const first = await put();
    await another('{"expiresIn":60}');
    expect(await states()).toEqual(['2 live', '1 live']);
    const text = JSON.stringify(await list());
    for (const part of (first.split('/')[4] ?? '').split('.').slice(1))
      if (part.length > 3) expect(text).not.toContain(part);
    expect((await list()).items[0]?.expiresAt).not.toBeNull();
  });

  it('are ended one by one, by every way that they are asked', async () => {
    const [first, second] = [await put(), await another()];
    expect((await revoke(1)).status).toBe(200);
    expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200]);
    for (const path of ['ipxe', 'grub', 'metadata/env'])
      expect([path, await statusOf(first.replace(/ignition$/, path))]).toEqual([path, 410]);
    expect(await statusOf(first.replace(/ignition$/, 'done'), 'POST')).toBe(410);
    expect(await states()).toEqual(['2 live', '1 revoked']);
    // Again, it is as it is.
    expect((await revoke(1)).status).toBe(200);
  });

  it('leave a newest one that answers, where the newest is ended', async () => {
    const newest = await put();
    await revoke(1);
    expect(await statusOf(newest)).toBe(410);
    // Another took its place, which the next answer tells.
    expect(await states()).toEqual(['2 live', '1 revoked']);
    const after = await put();
    expect([await statusOf(newest), await statusOf(after)]).toEqual([410, 200]);
    expect(await states()).toEqual(['2 live', '1 revoked']);
    expect((await revoke(2)).status).toBe(200);
    expect(await statusOf(after)).toBe(410);
  });

  it('stay ended through a change, a rearming and an import of an older backup', async () => {
    const first = await put();
    const second = await another();
    const backup = await (await edge.call('GET', '/api/machines/export')).text();
    await revoke(1);
    await edge.call('PUT', '/api/machines/a', config('/changed'));
    expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200]);
    expect((await edge.call('POST', '/api/machines/import', backup)).status).toBe(200);
    expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200]);
  });

  it('are ended in another place as well, where a backup is brought', async () => {
    const [first, second] = [await put(), await another()];
    await revoke(1);
    const backup = await (await edge.call('GET', '/api/machines/export')).text();
    const other = await nodeEdge();
    expect((await other.call('POST', '/api/machines/import', backup)).status).toBe(200);
    const there = async (url: string) => (await other.fetchUrl(url)).status;
    expect([await there(first), await there(second)]).toEqual([410, 200]);
  });

  it('begin anew when all are revoked', async () => {
    const first = await put();
    const second = await another('{"revoke":true}');
    expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200]);
    expect(await states()).toEqual(['2 live']);
    // Those before were ended, all of them.
    expect((await list()).hasOlder).toBe(false);
  });

  it.each([
    ['none of this number', 7, 404],
    ['no number', 'x', 422],
    ['zero', 0, 422],
  ])('are not ended by %s', async (_what, number, status) => {
    const url = await put();
    expect((await revoke(number)).status).toBe(status);
    expect(await statusOf(url)).toBe(200);
  });

  it('are not ended by a dry run', async () => {
    const url = await put();
    expect(await (await revoke(1, '?dry_run=1')).json()).toMatchObject({ number: 1, dryRun: true });
    expect(await statusOf(url)).toBe(200);
  });
});

const FRESH = { freshNonce: () => 'fresh', at: '2026-01-02T00:00:00.000Z' };

const NEVER = { expiry: 0, updatedAt: '2026-01-01T00:00:00.000Z' };
const record = { epoch: 'e', nonce: 'n1', ...NEVER };
const numbers = (of: Parameters<typeof shownUrls>[0]) => {
  const { items, hasOlder } = shownUrls(of, 0);
  return [items.map(({ number, state }) => `${number} ${state}`), hasOlder];
};

describe('the list', () => {
  const whole = { ...record, ...withNewUrl(undefined, record, 'at') };

  it('of a record by an earlier version knows the newest, and that there may be older ones', () => {
    expect(numbers(record)).toEqual([['1 live'], true]);
    expect(
      numbers({ ...record, nonce: 'n2', ...withNewUrl(record, { epoch: 'e', nonce: 'n2', expiry: 0 }, 'at') }),
    ).toEqual([['2 live', '1 live'], true]);
  });

  it('goes on not to know all, whatever is given out afterwards', () => {
    // An earlier version gave out two, of which the record names the last.
    const after = { ...whole, nonce: 'n3' };
    const made = { epoch: 'e', nonce: 'n4', expiry: 0 };
    expect(numbers({ ...after, ...made, ...withNewUrl(after, made, 'at') })[1]).toBe(true);
  });

  it('does not trust what an earlier version has left behind', () => {
    // It made another URL, and then ended all.
    expect(numbers({ ...whole, nonce: 'n2' })).toEqual([['2 live', '1 live'], true]);
    expect(numbers({ ...whole, epoch: 'f', nonce: 'n3' })).toEqual([['2 live'], true]);
  });

  it('holds the last 20, and of those that were ended 100', () => {
    let of: typeof whole = whole;
    for (let number = 2; number <= 50; number += 1) {
      const nonce = `n${number}`;
      of = { ...of, nonce, ...withNewUrl(of, { epoch: 'e', nonce, expiry: 0 }, 'at') };
    }
    expect([shownUrls(of, 0).items.length, shownUrls(of, 0).items[0]?.number, shownUrls(of, 0).hasOlder]).toEqual([
      20,
      50,
      true,
    ]);
    const revoked = Array.from({ length: 100 }, (_, index) => `old${index}`);
    expect(withoutUrl({ ...of, revoked }, 49, FRESH)).toEqual({ reason: 'too-many-revoked' });
    expect(withoutUrl({ ...of, revoked: revoked.slice(1) }, 49, FRESH)).toMatchObject({
      revoked: expect.arrayContaining(['n49']),
    });
  });

  it('gets a successor for a newest one that is ended already', () => {
    expect(withoutUrl({ ...whole, revoked: ['n1'] }, 1, FRESH)).toMatchObject({ nonce: 'fresh' });
  });
});

describe('a backup', () => {
  const backup = { epoch: 'e', nonce: 'n1', expiry: 0 };
  const there = { ...record, nonce: 'n2', ...withNewUrl(record, { epoch: 'e', nonce: 'n2', expiry: 0 }, 'at') };

  it('never makes an ended URL the newest', () => {
    expect(restoredUrls({ ...there, revoked: ['n1'] }, backup, FRESH)).toMatchObject({ nonce: 'n2', revoked: ['n1'] });
    expect(restoredUrls({ ...there, revoked: ['n1', 'n2'] }, backup, FRESH)).toMatchObject({ nonce: 'fresh' });
    expect(restoredUrls(undefined, { ...backup, revoked: ['n1'] }, FRESH)).toMatchObject({ nonce: 'fresh' });
  });

  it('lets the numbers go on', () => {
    const brought = { ...record, ...restoredUrls(there, backup, FRESH) };
    expect(numbers(brought)[0]).toEqual(['3 live', '2 live']);
    expect(numbers({ ...record, ...restoredUrls(undefined, backup, FRESH) })).toEqual([['1 live'], true]);
    const other = restoredUrls(there, { ...backup, epoch: 'f' }, FRESH);
    expect(numbers({ ...record, ...other })).toEqual([['3 live'], true]);
  });
});

it('keeps an ended URL ended through a deletion, and the newest of a fleet that answers', async () => {
  const first = await put();
  const backup = await (await edge.call('GET', '/api/machines/export')).text();
  await revoke(1);
  expect((await edge.call('POST', '/api/machines/import', backup)).status).toBe(200);
  expect(await statusOf(first)).toBe(410);
  expect(await statusOf(await put())).toBe(200);
  await edge.call('DELETE', '/api/machines/a');
  expect((await edge.call('POST', '/api/machines/import', backup)).status).toBe(200);
  expect([await statusOf(first), await statusOf(await put())]).toEqual([410, 200]);
});

it('numbers the same URLs alike after an import, here and elsewhere', async () => {
  const urls = [await put(), await another(), await another()];
  const backup = await (await edge.call('GET', '/api/machines/export')).text();
  await edge.call('PUT', '/api/machines/a', config('/changed'));
  await edge.call('POST', '/api/machines/import', backup);
  expect(await states()).toEqual(['3 live', '2 live', '1 live']);
  await revoke(1);
  expect(await Promise.all(urls.map((url) => statusOf(url)))).toEqual([410, 200, 200]);
  const before = (await (await edge.call('GET', '/api/machines/a')).json<{ generation: number }>()).generation;
  const own = await (await edge.call('GET', '/api/machines/export')).text();
  for (let turn = 0; turn < 2; turn += 1) await edge.call('POST', '/api/machines/import', own);
  expect(await (await edge.call('GET', '/api/machines/a')).json()).toMatchObject({ generation: before });
});

it('refuses a change on a condition that does not hold', async () => {
  const url = await put();
  const answer = await edge.call('DELETE', '/api/machines/a/urls/1', undefined, { 'if-match': '"nonsense"' });
  expect([answer.status, await statusOf(url)]).toEqual([412, 200]);
});
