/** A deletion between the steps of a PUT: whatever the order, no rendering of a deleted machine stays. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deleteMachine } from '../../src/machines/machines.ts';
import { type MachineKeys, MachineRooms, machineKeys } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

const renderingsOf = (rooms: MachineRooms) =>
  [...rooms.stores.memory.objects.keys()].filter((key) => key.startsWith('renderings/vm/'));

/** Deletes the machine before the call number `at` of what `work` asks of R2. */
async function deletedBefore(at: number, work: (rooms: MachineRooms) => Promise<unknown>) {
  const rooms = new MachineRooms(keys);
  await rooms.putMachine('vm', config('/first'));
  const other = new MachineRooms(keys, rooms.stores);
  const { r2 } = rooms.stores;
  let calls = 0;
  let deletion: Promise<string> | undefined;
  r2.moodOf = () => {
    calls += 1;
    return calls === at ? 'slow' : 'well';
  };
  r2.pause = async () => {
    r2.moodOf = () => 'well';
    // Whoever does the work lets the time go by.
    deletion = deleteMachine(other.room, 'vm').then((done) => (done.ok ? 'deleted now' : done.error.reason));
    await deletion;
  };
  const outcome = await work(rooms).then(
    () => 'done',
    (error: Error) => error.message,
  );
  return { rooms, outcome, deleted: await deletion };
}

it.each([
  ['a PUT', (rooms: MachineRooms) => rooms.putMachine('vm', config('/second'))],
  ['new URLs', (rooms: MachineRooms) => rooms.renew('vm', false)],
  ['a revocation', (rooms: MachineRooms) => rooms.renew('vm', true)],
] as const)('%s with a deletion before each of its calls', async (_name, work) => {
  let refused = 0;
  for (let at = 1; at <= 12; at += 1) {
    const { rooms, outcome, deleted } = await deletedBefore(at, work);
    if (deleted === undefined) {
      expect(at).toBeGreaterThan(4);
      break;
    }
    expect(deleted, `before call ${at}`).toBe('deleted now');
    const record = new TextDecoder().decode(rooms.stores.memory.objects.get('machines/vm.json')?.bytes);
    const isDeleted = (JSON.parse(record) as { deletedAt: string | null }).deletedAt !== null;
    if (isDeleted) expect(renderingsOf(rooms), `before call ${at}`).toEqual([]);
    if (outcome.includes('conflict')) refused += 1;
  }
  if (_name === 'a PUT') expect(refused).toBeGreaterThan(0);
});
