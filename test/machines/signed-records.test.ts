/** Records that somebody else has changed in R2: they are refused and named, and never boot. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markSigned } from '../../src/machines/records/signed.ts';
import { reseal } from '../../src/machines/reseal.ts';
import { pathsOf } from '../support/json.ts';
import { type MachineKeys, MachineRooms, machineKeys } from '../support/machine-rooms.ts';
import { CAPABILITY_SECRET, config, type Issued } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';
import { storedCopy, storedRecord } from './stored-by-hand.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

async function prepared(): Promise<{ rooms: MachineRooms; a: Issued; b: Issued }> {
  const rooms = new MachineRooms(keys);
  await rooms.putProfile('p', { base: config('/base') });
  await rooms.putProfile('q', { base: config('/other') });
  const a = await rooms.putMachine('a', config('/a'), 'p');
  const b = await rooms.putMachine('b', config('/b'), 'p');
  await rooms.settle();
  return { rooms, a, b };
}

/** Another isolate, which remembers nothing. */
const cold = (rooms: MachineRooms) => new MachineRooms(keys, rooms.stores);

const CHANGES: readonly (readonly [string, Record<string, unknown>])[] = [
  ['machines/a.json', { profile: 'q' }],
  ['machines/a.json', { profile: null }],
  ['machines/a.json', { kind: 'none' }],
  ['machines/a.json', { source: 'butane' }],
  ['machines/a.json', { generation: 7 }],
  ['machines/a.json', { epoch: 'x' }],
  ['machines/a.json', { nonce: 'x' }],
  ['machines/a.json', { expiry: 4_000_000_000 }],
  ['machines/a.json', { channel: 'beta' }],
  ['machines/a.json', { board: 'arm64-usr' }],
  ['machines/a.json', { version: '1.2.3' }],
  ['machines/a.json', { createdAt: '2020-01-01T00:00:00.000Z' }],
  ['machines/a.json', { updatedAt: '2020-01-01T00:00:00.000Z' }],
  ['machines/a.json', { deletedAt: '2020-01-01T00:00:00.000Z' }],
  ['machines/a.json', { userData: null }],
  ['machines/a.json', { sourceText: { key: '', iv: '', data: '' } }],
  ['machines/a.json', { ofLater: 1 }],
  ['profiles/p.json', { engine: 'legacy' }],
  ['profiles/p.json', { generation: 7 }],
  ['profiles/p.json', { createdAt: '2020-01-01T00:00:00.000Z' }],
  ['profiles/p.json', { updatedAt: '2020-01-01T00:00:00.000Z' }],
  ['profiles/p.json', { deletedAt: '2020-01-01T00:00:00.000Z' }],
  ['profiles/p.json', { base: null }],
  ['profiles/p.json', { default: { key: '', iv: '', data: '' } }],
  ['profiles/p.json', { ofLater: 1 }],
];

describe('a record that is changed by hand is answered 503', () => {
  it.each(CHANGES)('%s: %j', async (key, change) => {
    const { rooms, a } = await prepared();
    const { text, summary } = storedRecord(rooms, key);
    await rooms.stores.memory.r2.put(key, JSON.stringify({ ...JSON.parse(text), ...change }), {
      customMetadata: summary,
    });
    expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(503);
  });

  it.each(['generation', 'epoch', 'profile', 'kind', 'deleted', 'sha256', 'mac', 'ofLater'])(
    'metadata: %s',
    async (field) => {
      const { rooms, a } = await prepared();
      const { text, summary } = storedRecord(rooms, 'machines/a.json');
      const customMetadata = { ...summary, [field]: `${summary[field]}x` };
      await rooms.stores.memory.r2.put('machines/a.json', text, { customMetadata });
      expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(503);
      await expect(rooms.deleteMachine('a')).resolves.toBe('deleted now');
    },
  );

  it('two records that change places', async () => {
    const { rooms, a, b } = await prepared();
    const [one, two] = [storedRecord(rooms, 'machines/a.json'), storedRecord(rooms, 'machines/b.json')];
    await rooms.stores.memory.r2.put('machines/a.json', two.text, { customMetadata: two.summary });
    await rooms.stores.memory.r2.put('machines/b.json', one.text, { customMetadata: one.summary });
    for (const { urls } of [a, b]) expect((await cold(rooms).boot(urls.ignition)).status).toBe(503);
  });

  it("a profile under another one's name", async () => {
    const { rooms, a } = await prepared();
    const { text, summary } = storedRecord(rooms, 'profiles/q.json');
    await rooms.stores.memory.r2.put('profiles/p.json', text.replace('"q"', '"p"'), { customMetadata: summary });
    expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(503);
  });
});

it('a whole older record at its own place boots: this is the rest that docs/security.md names', async () => {
  const { rooms, a } = await prepared();
  const { text, summary } = storedRecord(rooms, 'machines/a.json');
  await rooms.renew('a', true);
  expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(410);
  await rooms.stores.memory.r2.put('machines/a.json', text, { customMetadata: summary });
  expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(200);
});

it('fields of a later version survive a rewrite, and are signed with the rest', async () => {
  const { rooms, a } = await prepared();
  await storedCopy(rooms, 'machines/a.json', (record) => ({ ...record, ofLater: { x: 1 } }));
  await rooms.renew('a', false);
  const { text, summary } = storedRecord(rooms, 'machines/a.json');
  expect([JSON.parse(text).ofLater, typeof summary['mac']]).toEqual([{ x: 1 }, 'string']);
  await rooms.stores.memory.r2.put('machines/a.json', text.replace('{"x":1}', '{"x":2}'), { customMetadata: summary });
  expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(503);
});

describe('records without a signature', () => {
  const stripped = async (rooms: MachineRooms) => await storedCopy(rooms, 'machines/a.json', (record) => record);
  const resealAll = async (rooms: MachineRooms, adopt = false) => {
    const unreadable: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await rooms.stores.clock.until(reseal(rooms.room, { cursor, adopt }));
      if (!page.ok) throw new Error(JSON.stringify(page.error));
      unreadable.push(...page.value.unreadable.map(({ id }) => id));
      cursor = page.value.cursor;
    }
    return unreadable;
  };

  it('boot until all are signed, are signed by a reseal, and are refused from then on', async () => {
    const { rooms, a } = await prepared();
    await stripped(rooms);
    const boot = async () => await cold(rooms).boot(a.urls.ignition);
    expect(pathsOf((await boot()).text)).toEqual(['/base', '/a']);
    expect(await resealAll(rooms)).toEqual([]);
    expect(Object.keys(storedRecord(rooms, 'machines/a.json').summary)).toEqual(
      expect.arrayContaining(['mac', 'sha256']),
    );
    expect((await boot()).status).toBe(200);
    await stripped(rooms);
    expect((await boot()).status).toBe(503);
    expect(await resealAll(rooms)).toEqual(['machine a']);
    expect((await boot()).status).toBe(503);
    expect(await resealAll(rooms, true)).toEqual([]);
    expect((await boot()).status).toBe(200);
  });

  it.each(['R2', 'KV'])('are refused also where the mark is gone from %s', async (store) => {
    const { rooms, a } = await prepared();
    await markSigned(rooms.room);
    await stripped(rooms);
    if (store === 'R2') await rooms.stores.memory.r2.delete('records-signed');
    else await rooms.stores.kv.namespace.put('records:signed', 'x', { metadata: { etag: '' } });
    expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(503);
  });

  it('boot where somebody has made up a mark', async () => {
    const { rooms, a } = await prepared();
    await stripped(rooms);
    await rooms.stores.kv.namespace.put('records:signed', 'abc.def', { metadata: { etag: '' } });
    await rooms.stores.memory.r2.put('records-signed', 'abc.def');
    expect((await cold(rooms).boot(a.urls.ignition)).status).toBe(200);
  });

  it('are never taken from KV', async () => {
    const { rooms, a } = await prepared();
    await stripped(rooms);
    const { text, etag } = storedRecord(rooms, 'machines/a.json');
    await rooms.stores.kv.namespace.put('machine:a', text, { metadata: { etag } });
    rooms.stores.r2.calls.length = 0;
    await cold(rooms).boot(a.urls.ipxe);
    expect(rooms.stores.r2.calls).toContain('get');
  });
});

it('under two secrets both signatures count, and a reseal moves records to the newest', async () => {
  const [one, two] = ['storage-key-one-of-at-least-32-bytes', 'storage-key-two-of-at-least-32-bytes'];
  const old = await machineKeys(CAPABILITY_SECRET, [one]);
  const rooms = new MachineRooms(old);
  const { urls } = await rooms.putMachine('none', '');
  const both = new MachineRooms(await machineKeys(CAPABILITY_SECRET, [two, one]), rooms.stores);
  expect((await both.boot(urls.ipxe)).status).toBe(200);
  const next = new MachineRooms(await machineKeys(CAPABILITY_SECRET, [two]), rooms.stores);
  expect((await next.boot(urls.ipxe)).status).toBe(503);
  await both.stores.clock.until(reseal(both.room, { cursor: undefined, adopt: false }));
  expect(
    (await new MachineRooms(await machineKeys(CAPABILITY_SECRET, [two]), rooms.stores).boot(urls.ipxe)).status,
  ).toBe(200);
});
