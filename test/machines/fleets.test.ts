/** One URL for a room of machines: stages, identities, rules, what waits, what is taken in, and what is never guessed. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identityValue } from '../../src/machines/records/identity-values.ts';
import { countedSeries } from '../../src/observability/observe.ts';
import { faultyBucketOver } from '../support/faulty-bucket.ts';
import { hurried, shortPauses } from '../support/hurried.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';
import { casesOf } from '../support/thorough.ts';

const MAC = '52:54:00:00:00:01';
const OTHER_MAC = '52:54:00:00:00:02';
const UUID = '4c4c4544-0042-3510-8051-b7c04f503732';
const OTHER_UUID = '4c4c4544-0042-3510-8051-b7c04f503733';

let edge: NodeEdge;
let count = 0;
let room: string;
let ipxe: string;
beforeAll(async () => {
  edge = await nodeEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.call('PUT', '/api/profiles/asks', '{"engine":"ignition","vars":{"token":null}}');
  await edge.call('PUT', '/api/profiles/asks/base', config('/{{token}}'));
  await edge.call('PUT', '/api/profiles/legacy', '{"engine":"legacy"}');
  await edge.call(
    'PUT',
    '/api/profiles/legacy/base',
    '{"ignition":{"version":"2.3.0"},"systemd":{"units":[{"name":"a.service"}]}}',
  );
});
beforeEach(async () => {
  count += 1;
  room = `room-${count}`;
  ipxe = await fleet({});
});

async function fleet(body: object, name = room): Promise<string> {
  const answer = await edge.call('PUT', `/api/fleets/${name}`, JSON.stringify({ version: '4593.2.5', ...body }));
  if (answer.status !== 200) throw new Error(await answer.text());
  return (await answer.json<{ urls: { ipxe: string } }>()).urls.ipxe;
}
const machine = async (id: string, query: string): Promise<Issued> => {
  const answer = await edge.call(
    'PUT',
    `/api/machines/${room}-${id}?fleet=${room}&version=4593.2.5&${query}`,
    config(`/${id}`),
  );
  if (answer.status !== 200) throw new Error(await answer.text());
  return await answer.json<Issued>();
};
const ask = async (query: string, url = ipxe) => {
  const answer = await edge.fetchUrl(query === '' ? url : `${url}?${query}`);
  const text = await answer.text();
  // What is noted of boots is written ever more seldom, and nobody here reads it.
  if (!text.includes('ignition.config.url')) await edge.settle();
  return { status: answer.status, text, retry: answer.headers.get('retry-after') };
};
/** The machine whose script it is; `waits` for one that waits. */
const answered = async (query: string, url = ipxe): Promise<string> => {
  const { status, text } = await ask(query, url);
  if (status !== 200) return String(status);
  const boots = /ignition\.config\.url=http:\/\/edge\.test\/boot\/([^/]+)\.[^./]+\.[^./]+\.\d+\.[^./]+\/ignition/.exec(
    text,
  )?.[1];
  return boots ?? (text.includes('sleep 15') ? 'waits' : 'first');
};
const waiting = async () =>
  (
    await (
      await edge.call('GET', `/api/fleets/${room}/waiting`)
    ).json<{
      items: { key: string; state: string; detail: string | null; identities: object; labels: object }[];
    }>()
  ).items;

describe('the stages', () => {
  it('without a query, the URL asks itself again with what firmware knows, and keeps what stands in the URL', async () => {
    const { status, text } = await ask('rack=7');
    expect([status, text]).toEqual([
      200,
      expect.stringContaining(
        `iseq $\{netX/mac} $\{net0/mac} || goto other\nchain --replace --autofree ${ipxe}?mac=$\{net0/mac:hexhyp}&`,
      ),
    ]);
    const said = (name: string, source = `${name}:uristring`) => `${name}=$\{${source}}`;
    for (const part of [said('uuid', 'uuid'), said('serial'), said('asset'), said('hostname'), '&rack=7 || goto later'])
      expect(text).toContain(part);
  });

  it('with one identity of any kind, it gives the script of the machine, with a URL of its own that boots', async () => {
    await machine('a', `mac=52-54-00-00-00-01&uuid=${UUID.toUpperCase()}&serial=S1&asset=A1&profile=web`);
    for (const claim of [
      'mac=525400000001',
      `uuid=%7B${UUID}%7D`,
      'serial=S1',
      'asset=A1',
      'mac=52-54-00-00-00-01&uuid=&serial=None',
    ])
      expect(await answered(claim)).toBe(`${room}-a`);
    const { text } = await ask('serial=S1');
    const url = /ignition\.config\.url=(\S+)/.exec(text)?.[1] ?? '';
    const booted = await edge.fetchUrl(url);
    expect(await booted.json()).toMatchObject({ storage: { files: [{ path: '/base' }, { path: '/a' }] } });
  });

  it('keeps scheme and host that it was asked with, and is one spelling of one script', async () => {
    await machine('a', `mac=${MAC}`);
    const other = ipxe.replace('http://edge.test', 'https://boot.example:8443');
    expect((await ask(`mac=${MAC}`, other)).text).toContain('set base-url https://boot.example:8443/');
    expect((await ask('', other)).text).toContain(`${other}?mac=`);
    for (const path of ['grub', 'ignition', 'ipxe/x', ''])
      expect((await edge.fetchUrl(ipxe.replace(/ipxe$/, path))).status).toBe(404);
    expect((await edge.fetchUrl(ipxe, { method: 'POST' })).status).toBe(405);
  });

  it('hands out URLs that end, where the fleet says so', async () => {
    await machine('a', `mac=${MAC}`);
    await fleet({ expiresIn: 60 });
    const { text } = await ask(`mac=${MAC}`);
    const expiry = Number(/\.(\d+)\.[^./]+\/ignition/.exec(text)?.[1]);
    expect(expiry - Date.now() / 1000).toBeGreaterThan(55);
    expect(expiry - Date.now() / 1000).toBeLessThan(61);
  });
});

describe('an identity', () => {
  it.each([
    ['mac', '52-54-00-AB-CD-EF', '52:54:00:ab:cd:ef'],
    ['mac', '525400ABCDEF', '52:54:00:ab:cd:ef'],
    ['mac', '5254.00ab.cdef', '52:54:00:ab:cd:ef'],
    ['mac', '00:00:00:00:00:00', undefined],
    ['mac', 'ff:ff:ff:ff:ff:ff', undefined],
    ['mac', '01:00:5e:00:00:01', undefined],
    ['mac', '52:54:00:ab:cd', undefined],
    ['mac', '52:5400:ab:cd:ef', undefined],
    ['uuid', '{4C4C4544-0042-3510-8051-B7C04F503732}', UUID],
    ['uuid', '00000000-0000-0000-0000-000000000000', undefined],
    ['uuid', '03000200-0400-0500-0006-000700080009', undefined],
    ['serial', ' AB 12 ', 'AB 12'],
    ['serial', 'To Be Filled By O.E.M.', undefined],
    ['serial', 'Default string', undefined],
    ['serial', '0000000', undefined],
    ['serial', 'a\u0000b', undefined],
    ['asset', 'No Asset Tag', undefined],
  ] as const)('%s %j is %j', (kind, text, value) => expect(identityValue(kind, text)).toBe(value));

  it('belongs to one machine of a fleet; who comes second is told the first', async () => {
    await machine('a', `mac=${MAC}`);
    const second = await edge.call('PUT', `/api/machines/${room}-b?fleet=${room}&mac=${MAC}`, '');
    expect([second.status, await second.json()]).toMatchObject([
      409,
      { machine: `${room}-a`, detail: expect.stringContaining(MAC) },
    ]);
    expect((await edge.call('GET', `/api/machines/${room}-b`)).status).toBe(404);
    await fleet({}, `${room}-other`);
    expect((await edge.call('PUT', `/api/machines/${room}-c?fleet=${room}-other&mac=${MAC}`, '')).status).toBe(200);
  });

  it('goes to another machine once the first has none of it', async () => {
    await machine('a', `mac=${MAC}&mac=${OTHER_MAC}`);
    await edge.call('PATCH', `/api/machines/${room}-a`, JSON.stringify({ mac: [OTHER_MAC] }));
    expect(await answered(`mac=${MAC}`)).toBe('waits');
    await machine('b', `mac=${MAC}`);
    expect([await answered(`mac=${MAC}`), await answered(`mac=${OTHER_MAC}`)]).toEqual([`${room}-b`, `${room}-a`]);
    await edge.call('DELETE', `/api/machines/${room}-b`);
    expect(await answered(`mac=${MAC}`)).toBe('waits');
    await machine('c', `mac=${MAC}`);
    expect(await answered(`mac=${MAC}`)).toBe(`${room}-c`);
  });

  it.each([
    [`mac=${MAC}`, 'fleet'],
    [`fleet=none&mac=${MAC}`, 'fleet'],
    ['fleet=ROOM&mac=x', 'mac.0'],
    [`fleet=ROOM&mac=${MAC}&mac=52-54-00-00-00-01`, 'mac'],
    ['fleet=ROOM&uuid=00000000-0000-0000-0000-000000000000', 'uuid'],
    ['fleet=ROOM&serial=None', 'serial'],
  ])('that cannot be is refused: %s', async (query, field) => {
    const answer = await edge.call('PUT', `/api/machines/${room}-x?${query.replace('ROOM', room)}`, '');
    expect([answer.status, (await answer.json<{ errors: { field: string }[] }>()).errors[0]?.field]).toEqual([
      422,
      field,
    ]);
  });

  it('is shown, patched, exported and imported', async () => {
    await machine('a', `mac=${MAC}&uuid=${UUID}&serial=S1`);
    const shown = async () => await (await edge.call('GET', `/api/machines/${room}-a`)).json<object>();
    expect(await shown()).toMatchObject({ fleet: room, mac: [MAC], uuid: UUID, serial: 'S1', asset: null });
    await edge.call('PATCH', `/api/machines/${room}-a`, JSON.stringify({ serial: null, asset: 'A1' }));
    expect(await shown()).toMatchObject({ fleet: room, mac: [MAC], uuid: UUID, serial: null, asset: 'A1' });
    const lines = await (await edge.call('GET', '/api/machines/export')).text();
    const line = lines.split('\n').find((text) => text.includes(`"${room}-a"`)) ?? '';
    await edge.call('DELETE', `/api/machines/${room}-a`);
    expect((await edge.call('POST', '/api/machines/import', line)).status).toBe(200);
    expect(await shown()).toMatchObject({ fleet: room, mac: [MAC], uuid: UUID, asset: 'A1' });
    expect(await answered('asset=A1')).toBe(`${room}-a`);
    const listed = await (await edge.call('GET', `/api/machines?fleet=${room}`)).json<{ items: { id: string }[] }>();
    expect(listed.items.map(({ id }) => id)).toEqual([`${room}-a`]);
    expect((await edge.call('PATCH', `/api/machines/${room}-a`, '{"fleet":null}')).status).toBe(422);
  });
});

describe('claims that contradict each other', () => {
  it.each([
    ['two machines', `mac=${MAC}&uuid=${OTHER_UUID}`],
    ['another card than its own', `uuid=${UUID}&mac=52:54:00:00:00:09`],
    ['two cards of two machines', `mac=${MAC}&mac=${OTHER_MAC}`],
    ['two cards, one not its own', `mac=${MAC}&mac=52:54:00:00:00:09`],
    ['more cards than a machine has', Array.from({ length: 9 }, (_, at) => `mac=52:54:00:00:01:0${at}`).join('&')],
    ['another number than its own', `mac=${MAC}&uuid=4c4c4544-0042-3510-8051-b7c04f503739`],
  ])('%s: 503, nothing guessed, and the operator is shown why', async (_name, query) => {
    await fleet({ unknown: 'enrol' });
    await machine('a', `mac=${MAC}&uuid=${UUID}`);
    await machine('b', `mac=${OTHER_MAC}&uuid=${OTHER_UUID}`);
    const { status, text, retry } = await ask(query);
    expect([status, retry]).toEqual([503, '5']);
    // Whoever has the URL learns no names of machines from it.
    expect(text).not.toContain(`${room}-a`);
    const detail = expect.stringMatching(query.length > 100 ? 'more mac than' : `${room}-a`);
    expect(await waiting()).toMatchObject([{ state: 'contradiction', detail }]);
  });

  it('a kind that the machine has nothing of says nothing', async () => {
    await machine('a', `mac=${MAC}`);
    expect(await answered(`mac=${MAC}&uuid=${UUID}&serial=S9`)).toBe(`${room}-a`);
  });
});

describe('a machine that nobody knows', () => {
  it('waits, says for what, is shown for the operator, and boots after one call', async () => {
    const query = `mac=${MAC}&serial=%3B+reboot+%24%7Bnet0%7D&rack=7`;
    const { text } = await ask(query);
    expect(text).toMatch(/^#!ipxe\necho fleet room-\d+ waits for an operator[^;$|]*\n:again\nsleep 15\nchain /);
    expect(await waiting()).toMatchObject([
      { key: 'mac-52-54-00-00-00-01', state: 'waiting', identities: { mac: [MAC] }, labels: { rack: '7' } },
    ]);
    const assigned = await edge.call(
      'POST',
      `/api/fleets/${room}/waiting/mac-52-54-00-00-00-01`,
      '{"profiles":["web"],"hostname":"node-1"}',
    );
    expect([assigned.status, await assigned.json()]).toMatchObject([
      200,
      { id: `${room}-52-54-00-00-00-01`, profiles: ['web'], hostname: 'node-1' },
    ]);
    expect(await answered(query)).toBe(`${room}-52-54-00-00-00-01`);
    expect(await waiting()).toEqual([]);
    const again = await edge.call('POST', `/api/fleets/${room}/waiting/mac-52-54-00-00-00-01`, '{}');
    expect([again.status, (await again.json<{ detail: string }>()).detail]).toEqual([404, 'no such waiting machine']);
  });

  it('is taken in by the first rule that fits, with what that says over what the fleet says', async () => {
    await fleet({
      profiles: [],
      kernelArgs: ['quiet'],
      rules: [
        { match: { mac: [OTHER_MAC] }, kernelArgs: ['never'] },
        { match: { rack: ['7', '8'], row: 'b' }, profiles: ['web'], kernelArgs: ['rule'] },
        { match: { rack: '7' }, kernelArgs: ['later'] },
      ],
    });
    expect(await answered(`mac=${MAC}&rack=7&row=b`)).toBe(`${room}-52-54-00-00-00-01`);
    expect(await (await edge.call('GET', `/api/machines/${room}-52-54-00-00-00-01`)).json()).toMatchObject({
      ...{ profiles: ['web'], kernelArgs: ['rule'], labels: { rack: '7', row: 'b' }, mac: [MAC] },
    });
    expect(await answered('mac=52:54:00:00:00:0a&rack=9')).toBe('waits');
    // What a record says comes before any rule.
    await fleet({ rules: [{ match: { mac: MAC }, kernelArgs: ['changed'] }] });
    expect((await ask(`mac=${MAC}`)).text).toContain(' rule || goto');
  });

  it('is taken in where the fleet says so, no more of them than it says in an hour', async () => {
    await fleet({ unknown: 'enrol', enrolLimit: 2, profiles: ['web'] });
    const boots = ['01', '02', '03'].map((last) => `mac=52:54:00:00:00:${last}`);
    const answers: string[] = [];
    for (const query of boots) answers.push(await answered(query));
    expect(answers).toEqual([`${room}-52-54-00-00-00-01`, `${room}-52-54-00-00-00-02`, 'waits']);
    expect(await waiting()).toMatchObject([{ state: 'limit' }]);
    expect(await answered(boots[0] ?? '')).toBe(`${room}-52-54-00-00-00-01`);
  });

  it('is one machine, however many of its first boots come at once', async () => {
    await fleet({ unknown: 'enrol' });
    const query = `mac=${MAC}&uuid=${UUID}`;
    const all = await Promise.all(Array.from({ length: 12 }, () => edge.fetchUrl(`${ipxe}?${query}`)));
    const texts = await Promise.all(all.map((answer) => answer.text()));
    const booted = texts.flatMap(
      (text) => /ignition\.config\.url=\S+?\/boot\/([^/]+?)\.[\w-]+\.[\w-]+\.\d+\.[\w-]+\//.exec(text)?.[1] ?? [],
    );
    expect(new Set(booted)).toEqual(new Set([`${room}-52-54-00-00-00-01`]));
    for (const answer of all) expect([200, 503]).toContain(answer.status);
    await edge.settle();
    expect(await answered(query)).toBe(`${room}-52-54-00-00-00-01`);
  });

  it('has a name that is no other machine’s, however its number is spelt', async () => {
    await fleet({ unknown: 'enrol' });
    const names = await Promise.all(
      ['A B', 'A-B', 'A/B', 'S1'.repeat(32), 'AB+12'].map((serial) => answered(`serial=${encodeURIComponent(serial)}`)),
    );
    expect(new Set(names).size).toBe(5);
    for (const name of names) {
      expect(name).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
      expect((await edge.call('GET', `/api/machines/${name}`)).status).toBe(200);
    }
    // iPXE leaves a plus sign as it is.
    expect(await answered('serial=AB+12')).toBe(names[4]);
    expect(await answered('serial=AB%2B12')).toBe(names[4]);
    expect(await answered('serial=AB%2')).toBe('first');
  });

  it('is not taken in under the name of another machine: 503, and the operator is shown why', async () => {
    await fleet({ unknown: 'enrol', enrolLimit: 1 });
    await edge.call('PUT', `/api/machines/${room}-52-54-00-00-00-01`, '');
    for (let asked = 0; asked < 3; asked += 1) expect((await ask(`mac=${MAC}`)).status).toBe(503);
    expect(await waiting()).toMatchObject([{ state: 'contradiction', detail: expect.stringContaining('is there') }]);
  });

  it('of a whole room at once is taken in at once, where R2 takes one write a second to a key', async () => {
    const memory = memoryBucket({ now: Date.now, writeAgainMs: 1000 });
    const own = await nodeEdge({ over: memory.r2 });
    const made = await own.call('PUT', '/api/fleets/room', '{"version":"4593.2.5","unknown":"enrol","enrolLimit":38}');
    const { urls } = await made.json<{ urls: { ipxe: string } }>();
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, at) => own.fetchUrl(`${urls.ipxe}?mac=52:54:00:00:01:${10 + at}`)),
    );
    const texts = await Promise.all(all.map((answer) => answer.text()));
    expect(texts.filter((text) => text.includes('ignition.config.url')).length).toBe(38);
    expect(texts.filter((text) => text.includes('no more machines in this hour')).length).toBe(2);
  });

  it('is refused where the fleet says so, and HEAD takes nothing in', async () => {
    await fleet({ unknown: 'refuse' });
    expect((await ask(`mac=${MAC}`)).status).toBe(403);
    await fleet({ unknown: 'enrol' });
    expect((await edge.fetchUrl(`${ipxe}?mac=${MAC}`, { method: 'HEAD' })).status).toBe(200);
    expect((await edge.call('GET', `/api/machines/${room}-52-54-00-00-00-01`)).status).toBe(404);
    expect(await answered('mac=&uuid=&serial=None')).toBe('waits');
  });

  it('that cannot be taken in as the fleet says waits with the reason', async () => {
    const profile = `needs-${count}`;
    const put = async (vars: string, path: string) => {
      const body = { ignition: { version: '3.3.0' }, storage: { files: [{ path }] } };
      await edge.call('PUT', `/api/profiles/${profile}`, `{"engine":"ignition","vars":${vars}}`);
      await edge.call('PUT', `/api/profiles/${profile}/base`, JSON.stringify(body));
    };
    await put('{"token":null}', '/x');
    await fleet({ unknown: 'enrol', profiles: [profile], vars: { token: 'hunter2' }, enrolLimit: 2 });
    await put('{"token":null}', '{{token}}');
    for (let asked = 0; asked < 4; asked += 1) {
      const { status, text } = await ask(`mac=${MAC}`);
      // Neither the value nor a name of ours goes out.
      expect([status, text]).toEqual([
        503,
        'this machine cannot be made as the fleet says; the waiting room tells the operator more\n',
      ]);
    }
    const [item] = await waiting();
    expect(item).toMatchObject({ state: 'problem', detail: expect.stringContaining(`base:${profile} at `) });
    expect(item?.detail).not.toContain('hunter2');
    await put('{"token":null}', '/{{token}}');
    // What could not be made has not used up the hour.
    expect(await answered(`mac=${MAC}`)).toBe(`${room}-52-54-00-00-00-01`);
    expect(await answered(`mac=${OTHER_MAC}`)).toBe(`${room}-52-54-00-00-00-02`);
    await edge.settle();
    expect(await waiting()).toEqual([]);
  });
});

describe('firmware', () => {
  const asIpxe = async (url: string) => {
    const answer = await edge.fetchUrl(url, { headers: { 'user-agent': 'iPXE/1.21.1+git (gabcd)' } });
    return [answer.status, await answer.text()] as const;
  };

  it('goes on to its disk where it is refused, revoked, or has had its one boot; others get the status', async () => {
    await fleet({ unknown: 'refuse' });
    const url = `${ipxe}?mac=${MAC}`;
    expect(await asIpxe(url)).toEqual([200, '#!ipxe\necho this fleet takes no machine that it does not know\nexit\n']);
    const issued = await machine('a', `mac=${MAC}&once=1`);
    expect((await asIpxe(url))[1]).toContain('boot\n');
    await edge.fetchUrl(issued.urls.ignition);
    await edge.fetchUrl(issued.urls.ignition.replace(/ignition$/, 'done'), { method: 'POST' });
    expect(await asIpxe(url)).toEqual([200, '#!ipxe\necho this boot URL was for one boot, which it has had\nexit\n']);
    expect((await edge.fetchUrl(url)).status).toBe(410);
    await edge.call('POST', `/api/fleets/${room}/token`, '{"revoke":true}');
    expect((await asIpxe(ipxe))[1]).toContain('\nexit\n');
    expect((await asIpxe(ipxe.replace('/boot/~', '/boot/~x')))[0]).toBe(404);
  });

  it('is counted by what became of it, also where the answer is a script', async () => {
    const counted = async (query: string, headers = {}) => {
      await edge.fetchUrl(query === '' ? ipxe : `${ipxe}?${query}`, { headers });
      await edge.settle();
      return edge.events.flatMap((event) => countedSeries(event as Parameters<typeof countedSeries>[0])).at(-1);
    };
    const series = (what: string, outcome: string) =>
      `flatcar_edge_boots_total{what="${what}",outcome="${outcome}",fleet="${room}"}`;
    expect(await counted('')).toBe(series('fleet', 'asked'));
    expect(await counted(`mac=${MAC}`)).toBe(series('fleet', 'waiting'));
    await fleet({ unknown: 'refuse' });
    expect(await counted(`mac=${MAC}`, { 'user-agent': 'iPXE/1.21.1' })).toBe(series('fleet', 'refused'));
    await machine('a', `mac=${MAC}`);
    expect(await counted(`mac=${MAC}`)).toBe(series('ipxe', 'served'));
  });

  it('is asked for the card that it boots by', async () => {
    const { text } = await ask('');
    for (const card of ['net0', 'netX']) expect(text).toContain(`${ipxe}?mac=$\{${card}/mac:hexhyp}&uuid=`);
    expect(text).toContain(`\niseq $\{netX/mac} $\{net0/mac} || goto other\n`);
  });
});

describe('a write of a record', () => {
  it('that was stored though R2 did not say so leaves the machine its address', async () => {
    const r2 = faultyBucketOver(memoryBucket({ now: Date.now }).r2);
    const lost = new Proxy(r2.bucket, {
      get: (target, property) => {
        const value = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
        if (property !== 'put' || !isLost) return value.bind(target);
        return async (key: string, ...more: unknown[]) => {
          const stored = await value.call(target, key, ...more);
          if (key.startsWith('machines/')) throw new Error('Network connection lost');
          return stored;
        };
      },
    });
    let isLost = false;
    const own = await nodeEdge({ over: lost });
    const made = await own.call('PUT', '/api/fleets/room', '{"version":"4593.2.5"}');
    const { urls } = await made.json<{ urls: { ipxe: string } }>();
    isLost = true;
    const put = async () =>
      await own.call('PUT', `/api/machines/a?fleet=room&version=4593.2.5&mac=${MAC}`, '', { 'if-none-match': '*' });
    expect([412, 503]).toContain((await put()).status);
    isLost = false;
    expect(await (await own.fetchUrl(`${urls.ipxe}?mac=${MAC}`)).text()).toContain('/boot/a.');
  });

  it('that fails again and again blocks nobody for ever', async () => {
    const r2 = faultyBucketOver(memoryBucket({ now: Date.now }).r2);
    const own = await nodeEdge({ over: r2.bucket, platform: shortPauses });
    await own.call('PUT', '/api/fleets/room', '{"version":"4593.2.5"}');
    const put = async () => (await own.call('PUT', `/api/machines/a?fleet=room&mac=${MAC}`, '')).status;
    r2.moodOf = (call, key) => (call === 'put' && key.startsWith('machines/') ? 'throws' : 'well');
    for (let call = 0; call < 20; call += 1) expect(await put()).toBe(503);
    r2.moodOf = () => 'well';
    expect(await put()).toBe(200);
  });
});

describe('the waiting room', () => {
  it('gives no machine what another one waits for that says the same address', async () => {
    const key = 'mac-52-54-00-00-00-01';
    await ask(`mac=${MAC}`);
    await ask(`mac=${MAC}&serial=REAL`);
    expect(await waiting()).toMatchObject([{ key, state: 'waiting', identities: { mac: [MAC], serial: ['REAL'] } }]);
    await ask(`mac=${MAC}&serial=EVIL`);
    const detail = expect.stringMatching(/^several machines say this: .*REAL, and .*EVIL$/);
    expect(await waiting()).toMatchObject([{ key, state: 'contradiction', identities: { serial: ['REAL'] }, detail }]);
    const path = `/api/fleets/${room}/waiting/${key}`;
    expect((await edge.call('POST', path, '{}')).status).toBe(409);
    expect((await edge.call('DELETE', `${path}?dry_run=1`)).status).toBe(200);
    expect((await edge.call('DELETE', path)).status).toBe(200);
    expect([await waiting(), (await edge.call('DELETE', path)).status]).toEqual([[], 404]);
  });

  it('keeps all that a machine with many cards says', async () => {
    const macs = Array.from({ length: 8 }, (_, at) => `mac=52:54:00:00:00:1${at}`).join('&');
    const labels = Array.from({ length: 20 }, (_, at) => `l${at}=${'"'.repeat(30)}`).join('&');
    await ask(`${macs}&${labels}`);
    const made = await edge.call('POST', `/api/fleets/${room}/waiting/mac-52-54-00-00-00-10`, '{}');
    expect([made.status, await answered(macs)]).toEqual([200, `${room}-52-54-00-00-00-10`]);
    const { labels: kept } = await (await edge.call('GET', `/api/machines/${room}-52-54-00-00-00-10`)).json<{
      labels: object;
    }>();
    expect(Object.keys(kept).length).toBeGreaterThan(5);
  });

  it('shows all, however few R2 lists at a time, and keeps those that asked last', async () => {
    const { r2 } = memoryBucket({ now: Date.now });
    const short = new Proxy(r2, {
      get: (target, property) =>
        property === 'list'
          ? (options: R2ListOptions) => target.list({ ...options, limit: Math.min(7, options.limit ?? 7) })
          : (Reflect.get(target, property) as () => unknown).bind(target),
    });
    const own = await nodeEdge({ over: short });
    const made = await own.call('PUT', '/api/fleets/room', '{"version":"4593.2.5"}');
    const { urls } = await made.json<{ urls: { ipxe: string } }>();
    for (let at = 0; at < 20; at += 1) await own.fetchUrl(`${urls.ipxe}?mac=52:54:00:00:01:${10 + at}`);
    await own.settle();
    const { items } = await (await own.call('GET', '/api/fleets/room/waiting')).json<{ items: { key: string }[] }>();
    expect(items.length).toBe(20);
    const last = await own.call('POST', '/api/fleets/room/waiting/mac-52-54-00-00-01-29', '{}');
    expect(last.status).toBe(200);
  });

  it('forgets a machine that the operator has made, and says which one is there', async () => {
    expect(await answered(`mac=${MAC}`)).toBe('waits');
    expect((await waiting()).length).toBe(1);
    const posted = async (id: string) =>
      await edge.call('POST', `/api/fleets/${room}/waiting/mac-52-54-00-00-00-01`, JSON.stringify({ id }));
    await edge.call('PUT', `/api/machines/${room}-other`, '');
    const exists = await posted(`${room}-other`);
    expect([exists.status, await exists.json()]).toMatchObject([409, { machine: `${room}-other` }]);
    await machine('a', `mac=${MAC}`);
    await edge.settle();
    expect(await waiting()).toEqual([]);
  });
});

describe('the API', () => {
  it('keeps a profile that a fleet or a rule names', async () => {
    const profile = `named-${count}`;
    await edge.call('PUT', `/api/profiles/${profile}`, '{"engine":"ignition"}');
    await fleet({ rules: [{ match: { rack: '7' }, profiles: [profile] }] });
    const deleted = await edge.call('DELETE', `/api/profiles/${profile}`);
    expect([deleted.status, await deleted.json()]).toMatchObject([409, { fleets: [room] }]);
    await fleet({});
    expect((await edge.call('DELETE', `/api/profiles/${profile}`)).status).toBe(200);
  });

  it('goes into an export with its URL, before its machines', async () => {
    await fleet({ profiles: ['web'], vars: { a: 'b' }, rules: [{ match: { rack: ['7'] }, once: true }] });
    await machine('a', `mac=${MAC}`);
    const lines = (await (await edge.call('GET', '/api/machines/export')).text()).split('\n');
    const own = lines.filter((line) => line.includes(`"${room}"`)).join('\n');
    const other = await nodeEdge();
    await other.call('PUT', '/api/profiles/web/base', config('/base'));
    expect(await (await other.call('POST', '/api/machines/import', own)).json()).toMatchObject({ imported: 2 });
    expect(await (await other.fetchUrl(`${ipxe}?mac=${MAC}`)).text()).toContain(`/boot/${room}-a.`);
    const shown = async (at: NodeEdge) => await (await at.call('GET', `/api/fleets/${room}`)).json<{ rules: object }>();
    expect((await shown(other)).rules).toEqual((await shown(edge)).rules);
    await other.call('POST', '/api/machines/import?fresh_epochs=1', own);
    expect((await other.fetchUrl(`${ipxe}?mac=${MAC}`)).status).toBe(410);
  });

  it('lets machines of a deleted fleet be changed', async () => {
    await machine('a', `mac=${MAC}`);
    await edge.call('DELETE', `/api/fleets/${room}`);
    const patched = await edge.call('PATCH', `/api/machines/${room}-a`, '{"hostname":"n1"}');
    expect(patched.status).toBe(200);
    expect((await edge.call('PATCH', `/api/machines/${room}-a`, '{"fleet":null,"mac":null}')).status).toBe(200);
  });

  it('keeps the URL, changes nothing where nothing is different, and takes preconditions', async () => {
    const put = async (body: string, headers = {}) => await edge.call('PUT', `/api/fleets/${room}`, body, headers);
    const first = await put('{"profiles":["web"]}');
    const again = await put('{"profiles":["web"]}');
    const [one, two] = [await first.json<{ urls: object }>(), await again.json<{ urls: object }>()];
    expect(two).toMatchObject({ urls: one.urls, isChanged: false });
    expect((await put('{}', { 'if-none-match': '*' })).status).toBe(412);
    expect((await put('{}', { 'if-match': first.headers.get('etag') ?? '' })).status).toBe(200);
    expect((await put('{}', { 'if-match': first.headers.get('etag') ?? '' })).status).toBe(412);
    const dry = await edge.call('PUT', `/api/fleets/${room}-dry?dry_run=1`, '{}');
    expect([dry.status, (await dry.json<{ urls: null }>()).urls]).toEqual([200, null]);
    expect((await edge.call('GET', `/api/fleets/${room}-dry`)).status).toBe(404);
  });

  it('revokes, deletes, and answers 410 to the old URLs', async () => {
    await machine('a', `mac=${MAC}`);
    const renewed = await edge.call('POST', `/api/fleets/${room}/token`, '{"revoke":true}');
    const { urls } = await renewed.json<{ urls: { ipxe: string } }>();
    for (const query of ['', `mac=${MAC}`]) expect((await ask(query)).status).toBe(410);
    expect(await answered(`mac=${MAC}`, urls.ipxe)).toBe(`${room}-a`);
    expect((await edge.call('DELETE', `/api/fleets/${room}`)).status).toBe(200);
    expect((await ask(`mac=${MAC}`, urls.ipxe)).status).toBe(410);
    expect((await edge.call('GET', `/api/fleets/${room}`)).status).toBe(404);
    expect((await edge.call('GET', `/api/machines/${room}-a`)).status).toBe(200);
    const again = await fleet({});
    expect([(await ask(`mac=${MAC}`, urls.ipxe)).status, await answered(`mac=${MAC}`, again)]).toEqual([
      410,
      `${room}-a`,
    ]);
  });

  it.each([
    ['{"profiles":["none"]}', 'profiles'],
    ['{"unknown":"maybe"}', 'unknown'],
    ['{"enrolLimit":0}', 'enrolLimit'],
    ['{"rules":[{"match":{}}]}', 'rules.0.match'],
    ['{"rules":[{"match":{"rack":""}}]}', 'rules.0.match.rack'],
    ['{"unknown":"enrol","profiles":["asks"]}', 'profiles'],
    ['{"profiles":["asks"],"rules":[{"match":{"rack":"7"}}]}', 'rules.0.profiles'],
    ['{"profiles":["web","legacy"]}', 'profiles'],
    ['{"rules":[{"match":{"mac":"x"}}]}', 'rules.0.match.mac'],
    ['{"rules":[{"match":{"Rack":"7"}}]}', 'rules.0.match.Rack'],
    ['{"rules":[{"match":{"rack":"7"},"profil":["web"]}]}', 'rules.0.profil'],
    ['{"version":"1.2"}', 'version'],
    ['{"kernelArgs":["a b"]}', 'kernelArgs.0'],
    ['{"enrol":true}', 'enrol'],
  ])('refuses %s and names %s', async (body, field) => {
    const answer = await edge.call('PUT', `/api/fleets/${room}-bad`, body);
    expect([answer.status, (await answer.json<{ errors: { field: string }[] }>()).errors[0]?.field]).toEqual([
      422,
      field,
    ]);
  });

  it('of a token with a prefix reaches fleets and profiles that begin with it', async () => {
    const made = await edge.call('PUT', `/api/tokens/${room}`, `{"may":["machines","read"],"prefix":"${room}"}`);
    const headers = { authorization: `Bearer ${(await made.json<{ token: string }>()).token}` };
    const as = async (method: string, path: string, body?: string) =>
      (await edge.fetch(path, { method, headers, ...(body === undefined ? {} : { body }) })).status;
    expect(await as('PUT', `/api/fleets/${room}`, '{}')).toBe(200);
    expect(await as('PUT', `/api/fleets/${room}`, '{"profiles":["web"]}')).toBe(403);
    expect(await as('PUT', `/api/fleets/${room}`, '{"rules":[{"match":{"rack":"7"},"profiles":["web"]}]}')).toBe(403);
    expect(await as('PUT', '/api/fleets/other', '{}')).toBe(403);
    expect(await as('PUT', `/api/machines/${room}-m?fleet=room-1&mac=${MAC}`, '')).toBe(403);
    // The operator's own fleet stays closed, also for a machine of the caller's that is in it.
    await fleet({ profiles: ['web'] }, 'core');
    await edge.call('PUT', `/api/machines/${room}-in-core?fleet=core`, '');
    expect(await as('PATCH', `/api/machines/${room}-in-core`, `{"mac":["${MAC}"]}`)).toBe(403);
    expect(await as('PATCH', `/api/machines/${room}-in-core`, '{"hostname":"n1"}')).toBe(200);
    await fleet({ profiles: ['web'] });
    await answered(`mac=${MAC}`);
    expect(await as('POST', `/api/fleets/${room}/waiting/mac-52-54-00-00-00-01`, '{}')).toBe(403);
    const listed = await (await edge.fetch('/api/fleets', { headers })).json<{ items: { name: string }[] }>();
    expect(listed.items.every(({ name }) => name.startsWith(room))).toBe(true);
  });
});

describe('the stores', () => {
  it('are asked two things more for a machine of a fleet than for its own URL, and nothing for a forged one', async () => {
    const memory = memoryBucket({ now: Date.now });
    const r2 = faultyBucketOver(memory.r2);
    // What is noted of boots is written ever more seldom.
    const own = await nodeEdge({ over: r2.bucket, platform: hurried(20) });
    const put = async (path: string, body: string) =>
      await (await own.call('PUT', path, body)).json<{ urls: { ipxe: string } }>();
    const url = (await put('/api/fleets/room', '{"version":"4593.2.5"}')).urls.ipxe;
    const direct = (await put(`/api/machines/a?fleet=room&version=4593.2.5&mac=${MAC}&uuid=${UUID}`, config('/a'))).urls
      .ipxe;
    await own.settle();
    const readsOf = async (asked: string): Promise<number> => {
      r2.calls.length = 0;
      expect((await own.fetchUrl(asked)).status).toBe(200);
      const reads = r2.calls.filter((call) => call !== 'put').length;
      await own.settle();
      return reads;
    };
    await readsOf(direct);
    const alone = await readsOf(direct);
    const counts = async () => {
      const all: number[] = [];
      for (const query of [`mac=${MAC}`, `mac=${MAC}&uuid=${UUID}`])
        all.push((await readsOf(`${url}?${query}`)) - alone);
      return all;
    };
    const few = await counts();
    for (const more of few) expect(more).toBeLessThanOrEqual(2);
    // Many others change nothing.
    for (let at = 0; at < casesOf(100_000, 10_000); at += 1) await memory.r2.put(`identities/room/mac/${at}`, '');
    expect(await counts()).toEqual(few);
    r2.calls.length = 0;
    const [, , capability = ''] = new URL(url).pathname.split('/');
    const foreign = await nodeEdge({ vars: { CAPABILITY_SECRET: 'another-secret-of-at-least-32-bytes!' } });
    const others = (await (await foreign.call('PUT', '/api/fleets/room', '{}')).json<{ urls: { ipxe: string } }>()).urls
      .ipxe;
    const answers = new Set<string>();
    for (let index = 0; index < casesOf(10_000, 1_000); index += 1) {
      const at = 1 + (index % (capability.length - 1));
      const letter = capability[at] === 'A' ? 'B' : 'A';
      const forged = `${capability.slice(0, at)}${letter}${capability.slice(at + 1)}${index % 2 === 0 ? '' : index}`;
      const asked = index % 100 === 0 ? others : `http://edge.test/boot/${forged}/ipxe`;
      const answer = await own.fetchUrl(`${asked}?mac=${MAC}`);
      answers.add(`${answer.status} ${await answer.text()}`);
    }
    expect([answers, r2.calls]).toEqual([new Set(['404 not found\n']), []]);
  }, 120_000);
});
