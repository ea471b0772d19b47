/** A reseal starts where a reseal has come to, and brings nothing back that was deleted beside it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachinePorts } from '../../src/machines/issue.ts';
import { deleteMachine } from '../../src/machines/machines.ts';
import { reseal } from '../../src/machines/reseal.ts';
import { type MachineKeys, MachineRooms, machineKeys } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

/** The ports of a room, with another newest key than the one under which everything is sealed. */
function rotated(room: MachinePorts, change: Partial<MachinePorts['store']> = {}): MachinePorts {
  const { vault, store } = room;
  const over = <T extends object>(target: T, instead: object): T =>
    new Proxy(target, {
      get: (at, name) => {
        const found = Reflect.get(instead, name) ?? Reflect.get(at, name);
        return typeof found === 'function' ? found.bind(at) : found;
      },
    });
  return {
    ...room,
    vault: over(vault, { keyIds: async () => ['newest', ...(await vault.keyIds())] }),
    store: over(store, change),
  };
}

describe('a cursor', () => {
  it.each(['rendering', 'rendering~', 'profile:x~AAAA', 'machine', '~'])('is refused as %j', async (cursor) => {
    const rooms = new MachineRooms(keys);
    await rooms.putMachine('vm', config('/first'));
    const done = await rooms.stores.clock.until(reseal(rooms.room, { cursor, adopt: false }));
    expect(done).toMatchObject({ ok: false, error: { reason: 'bad-value', shape: { errors: [{ field: 'cursor' }] } } });
  });
  it('of one place does not lead to another', async () => {
    const rooms = new MachineRooms(keys);
    await rooms.putMachine('vm', config('/first'));
    const first = await rooms.stores.clock.until(reseal(rooms.room, { cursor: undefined, adopt: false }));
    const cursor = (first.ok && first.value.cursor) || '';
    expect(cursor).toMatch(/^profile~/);
    const forged = cursor.replace('profile', 'rendering');
    const done = await rooms.stores.clock.until(reseal(rooms.room, { cursor: forged, adopt: false }));
    expect(done).toMatchObject({ ok: false, error: { shape: { errors: [{ field: 'cursor' }] } } });
    expect((await rooms.stores.clock.until(reseal(rooms.room, { cursor, adopt: false }))).ok).toBe(true);
  });
});

it('leaves no rendering of a machine that is deleted while one is resealed', async () => {
  const rooms = new MachineRooms(keys);
  await rooms.putMachine('vm', config('/first'));
  await rooms.settle();
  const renderings = () => [...rooms.stores.memory.objects.keys()].filter((key) => key.startsWith('renderings/vm/'));
  expect(renderings()).toHaveLength(1);
  const operator = new MachineRooms(keys, rooms.stores);
  const { store } = rooms.room;
  let isDeleted = false;
  const room = rotated(rooms.room, {
    rendering: async (id, sha512) => {
      const read = await store.rendering(id, sha512);
      isDeleted = (await deleteMachine(operator.room, 'vm')).ok;
      return read;
    },
  });
  let cursor: string | undefined;
  do {
    const done = await rooms.stores.clock.until(reseal(room, { cursor, adopt: false }));
    if (!done.ok) throw new Error(JSON.stringify(done.error));
    cursor = done.value.cursor ?? undefined;
  } while (cursor !== undefined);
  expect(isDeleted).toBe(true);
  expect(renderings()).toEqual([]);
});
