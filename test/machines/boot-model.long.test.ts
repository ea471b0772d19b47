/** Random interleavings of operator calls and boots over a KV that is late at random and an R2 that fails, against the model. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pathsOf } from '../support/json.ts';
import { type MachineKeys, MachineRooms, machineKeys, machineStores } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';
import { casesOf } from '../support/thorough.ts';
import { interleavings, type Played, play, type Tally, type Trouble } from './boot-model.ts';
import { kvWriter } from './kv-writer.ts';

const RUNS = casesOf(1_000, 300);
const TROUBLES: readonly Trouble[] = ['none', 'none', 'none', 'r2 throws', 'r2 hangs', 'kv throws', 'kv hangs'];

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

/** Stores of its own, and three isolates over them: the operator's and two that boot. */
function inMemory(lags: readonly number[]): Played {
  const stores = machineStores();
  let reads = 0;
  stores.kv.lag = () => lags[reads++ % lags.length] ?? 0;
  const isolate = () => new MachineRooms(keys, stores, { keptFrom: 0 });
  const writer = kvWriter(stores);
  const seen = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work;
    writer.look();
    return done;
  };
  const operator = isolate();
  const isolates = [operator, isolate(), isolate()];
  return {
    putProfile: (texts) => seen(operator.putProfile('p', texts)),
    putMachine: (name, text, hasProfile) => seen(operator.putMachine(name, text, hasProfile ? 'p' : null)),
    renew: (name, revoke) => seen(operator.renew(name, revoke)),
    deleteMachine: (name) => seen(operator.deleteMachine(name)),
    meddle: (seed) => writer.meddle(seed),
    boot: async (url, isolate, trouble) => {
      const [store, mood] = trouble.split(' ') as ['r2' | 'kv', 'throws' | 'hangs'];
      if (trouble !== 'none') stores[store].mood = mood;
      const booted = await (isolates[isolate] as MachineRooms).boot(url);
      stores.r2.mood = 'well';
      stores.kv.mood = 'well';
      return booted;
    },
    settle: async () => {
      for (const isolate of isolates) await isolate.settle();
    },
  };
}

it(`${RUNS.toLocaleString('en')} interleavings give no answer that the model does not allow`, async () => {
  const tally: Tally = new Map();
  await fc.assert(
    fc.asyncProperty(interleavings(TROUBLES, 3), (interleaving) =>
      play(interleaving, inMemory(interleaving.lags), tally),
    ),
    { numRuns: RUNS },
  );
  // A run in which nothing boots, nothing is refused or no store fails would prove nothing.
  for (const kind of ['a config', '410', '503']) expect(tally.get(kind), kind).toBeGreaterThan(RUNS / 10);
}, 120_000);

it(`${RUNS.toLocaleString('en')} interleavings with a writer of KV who writes anything: the current config, or 503`, async () => {
  const tally: Tally = new Map();
  await fc.assert(
    fc.asyncProperty(interleavings(TROUBLES, 3, 6), (interleaving) =>
      play(interleaving, inMemory(interleaving.lags), tally),
    ),
    { numRuns: RUNS },
  );
  for (const kind of ['a config', '410', '503']) expect(tally.get(kind), kind).toBeGreaterThan(RUNS / 10);
}, 240_000);

it('boots during a replacement get the one or the other, whole, and one that came after it the new one', async () => {
  const rooms = new MachineRooms(keys);
  const { clock } = rooms.stores;
  await rooms.putProfile('race', { base: config('/base') });
  const { urls } = await rooms.putMachine('race', config('/0'), 'race');
  let between = 0;
  for (let round = 1; round <= 100; round += 1) {
    const others = Array.from({ length: 5 }, () => new MachineRooms(keys, rooms.stores, { keptFrom: 0 }));
    const put = rooms.putMachine('race', config(`/${round}`), 'race');
    const boots = others.map(async (other, index) => {
      // Each begins a few turns later than the one before it, so that they fall between the steps of the replacement.
      for (let turn = 0; turn < index * 40 + (round % 40); turn += 1) await undefined;
      return await other.bootMeanwhile(urls.ignition);
    });
    const answers = await clock.until(Promise.all(boots));
    await put;
    for (const { text } of answers) {
      const paths = pathsOf(text);
      expect([
        ['/base', `/${round - 1}`],
        ['/base', `/${round}`],
      ]).toContainEqual(paths);
      if (paths[1] === `/${round}`) between += 1;
    }
    expect(pathsOf((await rooms.boot(urls.ignition)).text)).toEqual(['/base', `/${round}`]);
  }
  expect(between).toBeGreaterThan(0);
});
