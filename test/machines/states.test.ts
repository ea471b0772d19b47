/** What a listing says of machines: who has booted, with what, and whether that is what they would boot now. */
import { beforeEach, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

interface Item {
  readonly id: string;
  readonly state: string;
  readonly isCurrent: boolean | null;
  readonly lastBoot: { readonly sha512?: string; readonly status: number; readonly ignition?: string } | null;
}

let edge: NodeEdge;
let shift: number;
const urls = new Map<string, string>();
beforeEach(async () => {
  shift = 0;
  edge = await nodeEdge({ platform: { now: () => Date.now() + shift } });
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.call('PUT', '/api/profiles/web/default', config('/default'));
  for (const [id, text] of [
    ['ign', config('/user')],
    ['script', '#!/bin/sh\n'],
    ['never', config('/user')],
  ] as const)
    await put(id, text);
  for (const id of ['ign', 'script']) await boot(id);
});

async function put(id: string, text: string, query = '?profile=web'): Promise<void> {
  const answer = await edge.call('PUT', `/api/machines/${id}${query}`, text);
  urls.set(id, (await answer.json<{ urls: { ignition: string } }>()).urls.ignition);
}

async function boot(id: string): Promise<Response> {
  const answer = await edge.fetchUrl(urls.get(id) ?? '', { headers: { 'user-agent': 'Ignition/2.24.0' } });
  await edge.settle();
  return answer;
}

const list = async (query = ''): Promise<Item[]> =>
  (await (await edge.call('GET', `/api/machines${query}`)).json<{ items: Item[] }>()).items;
const states = async (query = '') => Object.fromEntries((await list(query)).map(({ id, state }) => [id, state]));

describe('a machine', () => {
  it('has booted what it would boot now, and the hash says so too', async () => {
    expect(await states()).toEqual({ ign: 'booted', never: 'never-booted', script: 'booted' });
    const [ign] = await list();
    const explained = await (await edge.call('GET', '/api/machines/ign/explain')).json();
    expect(explained).toMatchObject({ valid: true, sha512: ign?.lastBoot?.sha512 });
    expect(ign).toMatchObject({ isCurrent: true, lastBoot: { status: 200, ignition: '2.24.0' } });
    expect(await (await edge.call('GET', '/api/machines/ign')).json()).toMatchObject({
      state: 'booted',
      isCurrent: true,
    });
  });

  it('is stale once its base has changed, until it boots', async () => {
    await edge.call('PUT', '/api/profiles/web/base', config('/other'));
    expect(await states('?profile=web&state=stale')).toEqual({ ign: 'stale', script: 'stale' });
    await boot('ign');
    expect(await states('?state=stale')).toEqual({ script: 'stale' });
    expect(await states('?state=stale,never-booted')).toEqual({ never: 'never-booted', script: 'stale' });
  });

  it('is stale after a change of the default only if it boots the default', async () => {
    await edge.call('PUT', '/api/profiles/web/default', config('/other'));
    expect(await states()).toMatchObject({ ign: 'booted', script: 'stale' });
  });

  it('is stale after a change of its own, of its profile, of the settings', async () => {
    await put('ign', config('/changed'));
    expect(await states()).toMatchObject({ ign: 'stale', script: 'booted' });
    await boot('ign');
    await edge.call('PATCH', '/api/machines/ign', '{"profile":null}');
    expect(await states()).toMatchObject({ ign: 'stale' });
    await edge.call('PATCH', '/api/profiles/web', '{"ignition":"2.20.0"}');
    expect(await states()).toMatchObject({ script: 'stale' });
  });

  it('is not stale after what changes nothing', async () => {
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    await put('ign', config('/user'));
    await edge.call('POST', '/api/machines/ign/token', '{}');
    expect(await states()).toMatchObject({ ign: 'booted', script: 'booted' });
  });

  it('fails where it gets no config, and its boots say why', async () => {
    const clash = config('/user', '3.3.0', { user: { id: 500 } });
    const own = config('/user', '3.3.0', { user: { name: 'core' } });
    await put('ign', own);
    await edge.call('PUT', '/api/profiles/web/base?force=1', clash);
    const answer = await boot('ign');
    const line =
      'the layers of this machine do not make a valid config (profile web, generation 3); at result: storage.files.0.user';
    expect([answer.status, await answer.text()]).toEqual([503, `${line}\n`]);
    expect(await states('?state=failing')).toEqual({ ign: 'failing' });
    expect(await (await edge.call('GET', '/api/machines/ign')).json()).toMatchObject({
      boots: [{ status: 503, reason: 'invalid', detail: line, profile: 'web', profileGeneration: 3 }, {}],
    });
    expect(await (await edge.call('GET', '/api/machines/ign/explain')).json()).toMatchObject({
      ...{ valid: false, config: null, sha512: null, profile: 'web', profileGeneration: 3 },
      error: expect.stringContaining('cannot set both id and name'),
      layers: { 'base:web': clash, user: own, 'default:web': config('/default') },
    });
    // Counted by outcome and profile.
    expect(await (await edge.call('GET', '/api/profiles/web')).json()).toMatchObject({
      boots: { served: 2, invalid: 1 },
    });
  });

  it('is expired once its URLs have ended, and a dead URL tells nothing else of it', async () => {
    await put('short', config('/user'), '?profile=web&expires_in=60');
    await boot('short');
    shift = 61_000;
    expect((await boot('short')).status).toBe(410);
    expect((await list('?state=expired')).map(({ id, lastBoot }) => [id, lastBoot?.status])).toEqual([['short', 200]]);
  });

  it('that is made again after a deletion has never booted', async () => {
    await edge.call('DELETE', '/api/machines/ign');
    await put('ign', config('/user'));
    expect(await states()).toMatchObject({ ign: 'never-booted' });
  });

  it('that booted by a pointer has booted what the pointer froze', async () => {
    const issued = await (await edge.call('POST', '/api/machines/never/token', '{}')).json<{
      pointer: { ignition: { config: { replace: { source: string } } } };
    }>();
    const { source } = issued.pointer.ignition.config.replace;
    expect((await edge.fetchUrl(source)).status).toBe(200);
    await edge.settle();
    expect(await states()).toMatchObject({ never: 'booted' });
    await edge.call('PUT', '/api/profiles/web/base', config('/other'));
    expect((await edge.fetchUrl(source)).status).toBe(200);
    await edge.settle();
    expect(await states()).toMatchObject({ never: 'stale' });
  });
});

describe('the count', () => {
  const count = async (query = '') =>
    await (await edge.call('GET', `/api/machine-counts${query}`)).json<{
      counts: Record<string, number>;
      cursor: string | null;
    }>();

  it('says how many are in each state, of those that are asked for', async () => {
    const none = { 'never-booted': 0, booted: 0, stale: 0, failing: 0, expired: 0 };
    expect(await count()).toEqual({ counts: { ...none, 'never-booted': 1, booted: 2 }, cursor: null });
    await edge.call('PUT', '/api/profiles/web/base', config('/other'));
    expect((await count()).counts).toEqual({ ...none, 'never-booted': 1, stale: 2 });
    expect((await count('?prefix=ign')).counts).toEqual({ ...none, stale: 1 });
    expect((await count('?state=never-booted')).counts).toEqual({ ...none, 'never-booted': 1 });
    expect((await count('?profile=other')).counts).toEqual(none);
    expect((await edge.call('GET', '/api/machine-counts?state=asleep')).status).toBe(422);
  });

  it('goes on where 10,000 were looked at', async () => {
    const ids = Array.from({ length: 10_100 }, (_, index) => `m-${String(index).padStart(5, '0')}`);
    for (let at = 0; at < ids.length; at += 300) {
      const lines = ids.slice(at, at + 300).map((id) => JSON.stringify(lineOf(id)));
      expect((await edge.call('POST', '/api/machines/import', lines.join('\n'))).status).toBe(200);
    }
    const first = await count('?prefix=m-');
    expect(first.counts).toMatchObject({ 'never-booted': 10_000 });
    const second = await count(`?prefix=m-&cursor=${encodeURIComponent(first.cursor ?? '')}`);
    expect(second).toMatchObject({ counts: { 'never-booted': 100 }, cursor: null });
    expect((await edge.call('GET', `/api/machines?prefix=m-&cursor=${first.cursor}`)).status).toBe(422);
  });
});

describe('a list', () => {
  it.each([
    ['?state=asleep', 'state'],
    ['?state=', 'state'],
    ['?profile=-x', 'profile'],
    ['?cursor=zzz', 'cursor'],
    ['?limit=5', 'limit'],
  ])('%s is refused by name', async (query, field) => {
    expect(await (await edge.call('GET', `/api/machines${query}`)).json()).toMatchObject({
      status: 422,
      errors: [{ field: expect.stringMatching(new RegExp(`^${field}`)) }],
    });
  });

  it('goes on from its own cursor alone', async () => {
    const lines = Array.from({ length: 250 }, (_, index) =>
      JSON.stringify(lineOf(`m-${String(index).padStart(3, '0')}`)),
    );
    expect((await edge.call('POST', '/api/machines/import', lines.join('\n'))).status).toBe(200);
    const seen: string[] = [];
    let cursor: string | null = '';
    let calls = 0;
    while (cursor !== null) {
      const query = `?prefix=m-${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page: { items: Item[]; cursor: string | null } = await (
        await edge.call('GET', `/api/machines${query}`)
      ).json();
      seen.push(...page.items.map(({ id }) => id));
      if (page.cursor !== null) {
        expect((await edge.call('GET', `/api/machines?cursor=${encodeURIComponent(page.cursor)}`)).status).toBe(422);
        expect((await edge.call('GET', `/api/machines/export?cursor=${encodeURIComponent(page.cursor)}`)).status).toBe(
          422,
        );
      }
      cursor = page.cursor;
      calls += 1;
    }
    expect([calls, seen.length, new Set(seen).size]).toEqual([3, 250, 250]);
    expect(seen).toEqual(seen.toSorted());
    expect(Object.keys(await states('?prefix=m-&state=booted'))).toEqual([]);
  });
});

const lineOf = (id: string) => ({
  ...{ id, profile: null, epoch: 'e', nonce: 'n', expiry: 0, channel: 'stable', board: 'amd64-usr' },
  ...{ version: 'current', createdAt: '2026-01-01T00:00:00.000Z', userData: null },
});
