/** Boots while the stores fail, in every way that the table knows; and what no store is asked for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathsOf } from '../support/json.ts';
import { type MachineKeys, MachineRooms, machineKeys, machineStores } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';
import { FAULT_ROWS, type FaultWorld, holdRow, nameOfRow } from './boot-faults.ts';

const SLOW_MS = 2_000;

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

function inMemory(): FaultWorld {
  const stores = machineStores();
  stores.r2.pause = () => stores.clock.timer(SLOW_MS).elapsed;
  const keptAlways = { keptFrom: 0 };
  let rooms = new MachineRooms(keys, stores, keptAlways);
  return {
    ...stores,
    putProfile: (name, base) => rooms.putProfile(name, { base }),
    putMachine: (id, text, profile) => rooms.putMachine(id, text, profile),
    restart: () => {
      rooms = new MachineRooms(keys, stores, keptAlways);
    },
    boot: (url) => rooms.boot(url),
    settle: () => rooms.settle(),
  };
}

describe('the right answer or 503 in time', () => {
  const answered = { right: 0, later: 0 };
  it.each(FAULT_ROWS.map((row) => [nameOfRow(row), row] as const))('%s', async (_name, row) => {
    answered[await holdRow(inMemory(), row)] += 1;
  });
  it('came out both ways, many times', () => {
    expect(Math.min(answered.right, answered.later)).toBeGreaterThan(FAULT_ROWS.length / 5);
  });
});

describe('KV', () => {
  it.each([1, 2, 99])('%i generations late: the right config', async (lag) => {
    const rooms = new MachineRooms(keys);
    await rooms.putProfile('late', { base: config('/base') });
    const { urls } = await rooms.putMachine('late', config('/one'), 'late');
    await rooms.putMachine('late', config('/two'), 'late');
    await rooms.putMachine('late', config('/three'), 'late');
    await rooms.settle();
    rooms.stores.kv.lag = () => lag;
    const cold = new MachineRooms(keys, rooms.stores);
    expect(pathsOf((await cold.boot(urls.ignition)).text)).toEqual(['/base', '/three']);
  });
  it('that holds the copy saves the reading of R2', async () => {
    const rooms = new MachineRooms(keys);
    const { urls } = await rooms.putMachine('fast', config('/user'));
    await rooms.settle();
    const { r2, kv } = rooms.stores;
    for (const [mood, calls] of [
      // The boot, its state, and what it got: looked at each time, and written where it differs from the one before.
      ['well', ['head', 'head', 'head', 'put', 'put', 'put']],
      ['throws', ['head', 'get', 'head', 'put', 'put']],
    ] as const) {
      kv.mood = mood;
      r2.calls.length = 0;
      const cold = new MachineRooms(keys, rooms.stores);
      await cold.boot(urls.ignition);
      await cold.settle();
      expect(r2.calls.toSorted()).toEqual(calls.toSorted());
    }
  });
  it('is mended by the next boot', async () => {
    const rooms = new MachineRooms(keys);
    const { r2, kv } = rooms.stores;
    kv.mood = 'throws';
    const { urls } = await rooms.putMachine('mended', config('/user'));
    await rooms.settle();
    kv.mood = 'well';
    for (const reads of [1, 0]) {
      r2.calls.length = 0;
      const cold = new MachineRooms(keys, rooms.stores);
      await cold.boot(urls.ignition);
      await cold.settle();
      expect(r2.calls.filter((call) => call === 'get')).toHaveLength(reads);
    }
  });
});

describe('R2 with what was not written there', () => {
  const KEYS = { machine: 'machines/vm.json', profile: 'profiles/db.json' } as const;

  it.each(['machine', 'profile'] as const)(
    'a %s: 503, never a guess, and right again once it is back',
    async (kind) => {
      const rooms = new MachineRooms(keys);
      await rooms.putProfile('web', { base: config('/web') });
      await rooms.putProfile('db', { base: config('/db') });
      await rooms.putMachine('other', config('/other'), 'web');
      const { urls } = await rooms.putMachine('vm', config('/user'), 'db');
      await rooms.settle();
      const { memory } = rooms.stores;
      const key = KEYS[kind];
      const text = async (at: string) => (await (await memory.r2.get(at))?.text()) ?? '';
      const genuine = await text(key);
      const another = await text(kind === 'machine' ? 'machines/other.json' : 'profiles/web.json');
      for (const [name, wrong] of Object.entries({
        'nothing at all': '',
        'no JSON': '{',
        'an empty object': '{}',
        'sealed data that was changed': genuine.replace(/"data":"...../, '"data":"AAAAA'),
        'another generation': genuine.replace('"generation":1', '"generation":2'),
        "another's record": another,
      })) {
        for (const isWarm of [false, true]) {
          const isolate = new MachineRooms(keys, rooms.stores);
          await memory.r2.put(key, genuine);
          if (isWarm) expect((await isolate.boot(urls.ignition)).status, name).toBe(200);
          await memory.r2.put(key, wrong);
          const answer = await isolate.boot(urls.ignition);
          const seen = [answer.status, answer.seconds < 8];
          expect(seen, name).toEqual([503, true]);
          await memory.r2.put(key, genuine);
          expect(pathsOf((await isolate.boot(urls.ignition)).text), name).toEqual(['/db', '/user']);
        }
      }
    },
  );
});

describe('capabilities', () => {
  it('10,000 mutated ones: the same bytes every time, and no store is asked', async () => {
    const rooms = new MachineRooms(keys);
    const { urls } = await rooms.putMachine('mutated', config('/user'));
    await rooms.settle();
    const { r2, kv } = rooms.stores;
    r2.calls.length = 0;
    kv.reads = 0;
    const [head = '', tail = ''] = [urls.ignition.slice(0, urls.ignition.indexOf('mutated')), '/ignition'];
    const capability = urls.ignition.slice(head.length, -tail.length);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    const seen = new Set<string>();
    let count = 0;
    for (let round = 0; count < 10_000; round += 1) {
      for (let at = 0; at < capability.length && count < 10_000; at += 1) {
        const character = alphabet[(at * 7 + round) % alphabet.length] ?? 'A';
        const mutated = `${capability.slice(0, at)}${character}${capability.slice(at + (round % 2))}`;
        if (mutated === capability) continue;
        const { status, headers, text } = await rooms.bootMeanwhile(`${head}${mutated}${tail}`);
        seen.add(JSON.stringify([status, headers, text]));
        count += 1;
      }
    }
    expect([...seen]).toEqual([expect.stringMatching(/^\[404,/)]);
    await rooms.settle();
    expect([r2.calls, kv.reads]).toEqual([[], 0]);
    // The one that they were made from still works: it is not that nothing does.
    expect((await rooms.boot(urls.ignition)).status).toBe(200);
  });

  it('of another secret, and one that ended: 404 and 410, whatever the stores do', async () => {
    const rooms = new MachineRooms(keys);
    const foreign = new MachineRooms(await machineKeys('another-secret-of-at-least-32-bytes!'), rooms.stores);
    const { urls } = await foreign.putMachine('foreign', config('/x'));
    for (const mood of ['well', 'throws', 'hangs'] as const) {
      rooms.stores.r2.mood = mood;
      expect([(await rooms.boot(urls.ignition)).status, (await foreign.boot(urls.ignition)).status]).toEqual([
        404,
        mood === 'well' ? 200 : 503,
      ]);
    }
  });

  it('of a storage key that is configured no more: 503', async () => {
    const rooms = new MachineRooms(await machineKeys(undefined, ['a-storage-key-of-at-least-32-bytes!']));
    const { urls } = await rooms.putMachine('sealed', config('/x'));
    const without = new MachineRooms(keys, rooms.stores);
    expect([(await rooms.boot(urls.ignition)).status, (await without.boot(urls.ignition)).status]).toEqual([200, 503]);
  });
});
