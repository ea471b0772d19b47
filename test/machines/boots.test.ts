/** What is remembered of boots: whoever asks, and however often, neither floods the store nor hides a genuine boot. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ignitionVersion, lastBoots } from '../../src/machines/boot/boots.ts';
import { issueToken } from '../../src/machines/machines.ts';
import { type MachineKeys, MachineRooms, machineKeys } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

const REQUESTS = 300;
const GENUINE = 'Ignition/2.26.0';

async function shownOf(rooms: MachineRooms) {
  const shown = await lastBoots(rooms.room.store, 'vm');
  return shown.ok ? shown.value : [];
}

/** A machine that has booted once, and the store's calls from then on. */
async function booted(text = config('/user')) {
  const rooms = new MachineRooms(keys);
  const { urls } = await rooms.putMachine('vm', text);
  await rooms.boot(urls.ignition, 'GET', GENUINE);
  await rooms.settle();
  const { calls } = rooms.stores.r2;
  return { rooms, urls, forget: () => void calls.splice(0), puts: () => calls.filter((call) => call === 'put').length };
}

/** How the machine's URL comes to its end; what is asked for from then on. */
const ENDS: Readonly<Record<string, (rooms: MachineRooms, url: string) => Promise<string>>> = {
  revoked: async (rooms, url) => {
    await rooms.renew('vm', true);
    return url;
  },
  deleted: async (rooms, url) => {
    await rooms.deleteMachine('vm');
    return url;
  },
  expired: async (rooms) => {
    const wanted = { revoke: false, expiresIn: 1 };
    const issued = await rooms.stores.clock.until(rooms.issued(issueToken(rooms.room, 'vm', wanted)));
    return issued.ok ? issued.value.urls.ignition : '';
  },
};

const CLIENTS: Readonly<Record<string, (count: number) => string>> = {
  'invented texts': (count) => `Ignition/<img/src=x>${count}`,
  'invented versions': (count) => `Ignition/9.9.${count}`,
  'other clients': (count) => `client-${count}/1`,
  'two that alternate': (count) => (count % 2 ? 'Ignition/2.19.0' : 'curl/8.0'),
};

describe('a dead URL, asked for 300 times', () => {
  for (const [end, come] of Object.entries(ENDS))
    for (const path of ['ignition', 'cloud-config', 'ipxe'])
      it.each(Object.entries(CLIENTS))(
        `${end}, ${path}, by %s: few writes, and the boot still stands`,
        async (_name, client) => {
          const { rooms, urls, forget, puts } = await booted();
          const dead = await come(rooms, urls.ignition);
          await rooms.stores.clock.pass(5_000);
          await rooms.settle();
          forget();
          const url = dead.replace(/ignition$/, path);
          for (let count = 0; count < REQUESTS; count += 1) {
            expect((await rooms.boot(url, 'GET', client(count))).status).toBe(410);
            await rooms.settle();
          }
          expect(puts()).toBe(1);
          const shown = await shownOf(rooms);
          expect(shown.map(({ status, reason }) => reason ?? status)).toEqual([end, 200]);
          expect(shown.at(-1)?.ignition).toBe('2.26.0');
          expect(JSON.stringify(shown)).not.toContain('img');
        },
      );

  it('over ten minutes is written once a minute, with how often', async () => {
    const { rooms, urls, forget, puts } = await booted();
    await rooms.renew('vm', true);
    await rooms.settle();
    forget();
    for (let count = 0; count < REQUESTS; count += 1) {
      await rooms.boot(urls.ignition, 'GET', `Ignition/1.${count}`);
      await rooms.stores.clock.pass(2_000);
    }
    await rooms.settle();
    expect(puts()).toBe(10);
    expect(await shownOf(rooms)).toMatchObject([{ reason: 'revoked', times: 30 }, { status: 200 }]);
  });
});

describe('a URL that works, asked for 300 times', () => {
  it.each(Object.entries(CLIENTS))(
    'at once, by %s: two events, each with its state, and the count is right',
    async (_name, client) => {
      const { rooms, urls, forget, puts } = await booted();
      await rooms.stores.clock.pass(60_000);
      forget();
      for (let count = 0; count < REQUESTS; count += 1) await rooms.boot(urls.ignition, 'GET', client(count));
      await rooms.settle();
      expect(puts()).toBe(4);
      const [last, first] = await shownOf(rooms);
      expect((last?.times ?? 1) + (first?.times ?? 1)).toBe(REQUESTS);
    },
  );

  it('for five minutes, without a pause: a few writes a minute, and none is lost from the count', async () => {
    const { rooms, urls, forget, puts } = await booted();
    forget();
    for (let count = 0; count < REQUESTS; count += 1) {
      await rooms.boot(urls.ignition, 'GET', `Ignition/1.${count}`);
      await rooms.stores.clock.pass(1_000);
    }
    await rooms.settle();
    expect(puts()).toBeLessThan(60);
    const shown = await shownOf(rooms);
    if (shown.length < 20) expect(shown.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(REQUESTS + 1);
  });

  it('for what it does not have: refusals, which push no boot out', async () => {
    const { rooms, urls } = await booted();
    const missing = [urls.ignition.replace(/ignition$/, 'cloud-config'), `${urls.ignition}/${'0'.repeat(128)}`];
    for (let count = 0; count < 50; count += 1) {
      for (const url of missing) expect((await rooms.boot(url)).status).toBe(404);
      await rooms.stores.clock.pass(61_000);
    }
    await rooms.settle();
    const shown = await shownOf(rooms);
    expect(shown.map(({ status }) => status)).toEqual([404, 404, 200]);
  });
});

it('counts of which the runtime ended the timer are written by the next boot', async () => {
  const { rooms, urls } = await booted();
  const { clock } = rooms.stores;
  await clock.pass(60_000);
  // Nobody waits for what was to go on after these.
  const { timer } = rooms.room.platform;
  Object.assign(rooms.room.platform, {
    timer: (milliseconds: number) => ({ ...timer(milliseconds), elapsed: new Promise(() => undefined) }),
  });
  for (let count = 0; count < 3; count += 1) await rooms.bootMeanwhile(urls.ignition);
  Object.assign(rooms.room.platform, { timer });
  await clock.pass(5_000);
  await rooms.bootMeanwhile(urls.ignition);
  await clock.pass(5_000);
  expect((await shownOf(rooms)).reduce((sum, { times = 1 }) => sum + times, 0)).toBe(5);
});

describe('the version of a client', () => {
  it.each([
    ['Ignition/2.26.0', '2.26.0'],
    ['Ignition/v2.14.0-4-gabc', '2.14.0'],
    ['Ignition/0.36.1+flatcar (linux)', '0.36.1'],
    ['Ignition/2', '2'],
  ])('%s', (client, version) => {
    expect(ignitionVersion(client)).toBe(version);
  });
  it.each([
    null,
    '',
    'curl/8.0',
    'Ignition/',
    'Ignition/x',
    'Ignition/2.26.0<b>',
    'Ignition/1.2.3.4.5',
    `Ignition/${'1'.repeat(40)}`,
    'x Ignition/2.0',
  ])('none in %s', (client) => {
    expect(ignitionVersion(client)).toBeUndefined();
  });
});
