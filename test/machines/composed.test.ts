/** What boots is composed once, and nothing that was composed of other records is ever served. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataUrlFault } from '../../src/ignition/urls/data-url-fault.ts';
import { BoundedMemory } from '../../src/machines/boot/bounded-memory.ts';
import type { ComposerOptions } from '../../src/machines/boot/composer.ts';
import { filled, markUrls, templateOf } from '../../src/machines/boot/template.ts';
import { renderInTurns } from '../../src/machines/layers/render.ts';
import { pathsOf } from '../support/json.ts';
import { type MachineKeys, MachineRooms, type MachineStores, machineKeys, NO_CHECK } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

/** An isolate that counts how often it composes. */
function isolate(stores?: MachineStores, options: ComposerOptions = { keptFrom: 0 }) {
  const counts = { composed: 0 };
  const render: typeof renderInTurns = async (...inputs) => {
    counts.composed += 1;
    return await renderInTurns(...inputs);
  };
  return { rooms: new MachineRooms(keys, stores, { ...options, render }), counts };
}

const DEFAULT = JSON.stringify({
  ignition: { version: '3.3.0' },
  storage: { files: [{ path: '/default', contents: { source: 'data:,{{cloud_config_url}}' } }] },
});
const SCRIPT = '#!/bin/sh\n';

/** A machine and its profile, as the operator's isolate has left them. */
async function written(user = config('/user')) {
  const { rooms } = isolate();
  await rooms.putProfile('p', { base: config('/base'), default: DEFAULT });
  const { urls } = await rooms.putMachine('vm', user, 'p');
  await rooms.settle();
  const { memory } = rooms.stores;
  return { operator: rooms, stores: rooms.stores, urls, memory, url: urls.ignition };
}

const bytesOf = ({ memory }: MachineStores, key: string) => memory.objects.get(key)?.bytes;

describe('a boot of a known machine composes nothing', () => {
  it('in the same isolate, under whatever URL and origin', async () => {
    const { operator, stores } = await written(SCRIPT);
    const other = await operator.renew('vm', false);
    const { rooms, counts } = isolate(stores);
    stores.memory.r2.delete('composed/vm');
    const origins = ['http://edge.test', 'https://elsewhere.example', 'http://127.0.0.1:8787'];
    for (const origin of origins)
      for (let time = 0; time < 3; time += 1) {
        const path = new URL(other?.urls.ignition ?? '').pathname;
        const { text } = await rooms.boot(`${origin}${path}`);
        expect(text).toContain(`"data:,${origin}${path.replace('/ignition', '/cloud-config')}"`);
      }
    expect(counts.composed).toBe(1);
  });
  it('in an isolate that has just begun', async () => {
    const { stores, url } = await written();
    const { rooms, counts } = isolate(stores);
    expect(pathsOf((await rooms.boot(url)).text)).toEqual(['/base', '/user']);
    expect(counts.composed).toBe(0);
  });
  it('when five ask at once in an isolate that has to compose', async () => {
    const { stores, url } = await written();
    await stores.memory.r2.delete('composed/vm');
    const { rooms, counts } = isolate(stores);
    const answers = await stores.clock.until(Promise.all(Array.from({ length: 5 }, () => rooms.bootMeanwhile(url))));
    expect(answers.map(({ text }) => pathsOf(text))).toEqual(Array(5).fill(['/base', '/user']));
    expect(counts.composed).toBe(1);
  });
  it('when its layers are invalid, either', async () => {
    const { operator, stores, url } = await written();
    const { rooms, counts } = isolate(stores);
    const forced = { dryRun: false, force: true, cursor: undefined };
    const { changeProfile } = await import('../../src/machines/profiles.ts');
    const legacy = { engine: 'legacy', base: config('/base', '2.3.0'), default: null } as const;
    await stores.clock.until(changeProfile(operator.room, 'p', legacy, forced, NO_CHECK));
    for (let time = 0; time < 5; time += 1) expect((await rooms.boot(url)).status).toBe(503);
    expect(counts.composed).toBe(1);
  });
  it('and a small one is composed without asking R2', async () => {
    const { rooms } = isolate(undefined, {});
    const { urls } = await rooms.putMachine('small', config('/user'));
    await rooms.settle();
    expect(bytesOf(rooms.stores, 'composed/small')).toBeUndefined();
    expect(pathsOf((await rooms.boot(urls.ignition)).text)).toEqual(['/user']);
  });
});

describe('what was composed of other records is never served', () => {
  it.each([true, false])('after the machine has changed (warm: %s)', async (isWarm) => {
    const { operator, stores, url } = await written();
    const { rooms } = isolate(stores);
    if (isWarm) await rooms.boot(url);
    await operator.putMachine('vm', config('/second'), 'p');
    expect(pathsOf((await rooms.boot(url)).text)).toEqual(['/base', '/second']);
  });
  it.each([true, false])('after the profile has changed (warm: %s)', async (isWarm) => {
    const { operator, stores, url } = await written();
    const { rooms, counts } = isolate(stores);
    if (isWarm) await rooms.boot(url);
    await operator.putProfile('p', { base: config('/base-2') });
    for (let time = 0; time < 3; time += 1) expect(pathsOf((await rooms.boot(url)).text)).toEqual(['/base-2', '/user']);
    expect(counts.composed).toBe(1);
    await rooms.settle();
    const next = isolate(stores);
    expect(pathsOf((await next.rooms.boot(url)).text)).toEqual(['/base-2', '/user']);
    expect(next.counts.composed).toBe(0);
  });
  it('after the machine has left its profile, or taken another', async () => {
    const { operator, stores, url } = await written();
    const { rooms } = isolate(stores);
    await rooms.boot(url);
    await operator.putMachine('vm', config('/user'));
    expect(pathsOf((await rooms.boot(url)).text)).toEqual(['/user']);
    await operator.putProfile('q', { base: config('/q') });
    await operator.putMachine('vm', config('/user'), 'q');
    expect(pathsOf((await rooms.boot(url)).text)).toEqual(['/q', '/user']);
  });
  it('when the profile is lost: 503, although the config is remembered and kept', async () => {
    const { stores, url } = await written();
    const { rooms } = isolate(stores);
    await rooms.boot(url);
    await stores.memory.r2.delete('profiles/p.json');
    expect((await rooms.boot(url)).status).toBe(503);
    expect((await isolate(stores).rooms.boot(url)).status).toBe(503);
  });

  it('when somebody writes to the bucket', async () => {
    const { operator, stores, memory } = await written();
    const older = bytesOf(stores, 'composed/vm') as Uint8Array<ArrayBuffer>;
    const { urls } = await operator.putMachine('vm', config('/second'), 'p');
    await operator.putMachine('other', config('/other'), 'p');
    await operator.settle();
    const current = new TextDecoder().decode(bytesOf(stores, 'composed/vm'));
    const another = bytesOf(stores, 'composed/other') as Uint8Array<ArrayBuffer>;
    const rendering = [...memory.objects.keys()].find((key) => key.startsWith('renderings/vm/')) ?? '';
    const planted: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {
      'an older one': older,
      "another machine's": another,
      'a rendering': bytesOf(stores, rendering) as Uint8Array<ArrayBuffer>,
      'changed data': current.replace(/"data":"...../, '"data":"AAAAA'),
      'another key': current.replace(/"key":"[^"]*"/, '"key":"0000000000000000"'),
      'a config in the clear': config('/planted'),
      nothing: '',
      'no JSON': '{',
      'more members': current.replace('{', '{"more":1,'),
    };
    for (const [name, content] of Object.entries(planted)) {
      await memory.r2.put('composed/vm', content);
      const { rooms, counts } = isolate(stores);
      expect(pathsOf((await rooms.boot(urls.ignition)).text), name).toEqual(['/base', '/second']);
      expect(counts.composed, name).toBe(name === 'more members' ? 0 : 1);
      await rooms.settle();
      // It is overwritten with the right one.
      const next = isolate(stores);
      expect(pathsOf((await next.rooms.boot(urls.ignition)).text), name).toEqual(['/base', '/second']);
      expect(next.counts.composed, name).toBe(0);
    }
  });
});

describe('a machine that is deleted', () => {
  it('leaves nothing composed', async () => {
    const { operator, stores, url } = await written();
    expect(bytesOf(stores, 'composed/vm')).toBeDefined();
    await operator.deleteMachine('vm');
    expect(bytesOf(stores, 'composed/vm')).toBeUndefined();
    expect((await isolate(stores).rooms.boot(url)).status).toBe(410);
  });
  it('leaves nothing composed when a boot writes it late', async () => {
    const { operator, stores, url, memory } = await written();
    await memory.r2.delete('composed/vm');
    const { rooms } = isolate(stores);
    const { promise, resolve } = Promise.withResolvers<void>();
    stores.r2.pause = () => promise;
    stores.r2.moodOf = (operation, key) => (operation === 'put' && key === 'composed/vm' ? 'slow' : 'well');
    await rooms.boot(url);
    await operator.deleteMachine('vm');
    resolve();
    await rooms.settle();
    expect(bytesOf(stores, 'composed/vm')).toBeUndefined();
  });
});

describe('an expensive composition', () => {
  it('lets another machine boot between its steps', async () => {
    const { operator, stores, url } = await written();
    const { urls } = await operator.putMachine('beside', config('/beside'));
    await operator.settle();
    await stores.memory.r2.delete('composed/vm');
    const { rooms } = isolate(stores);
    await rooms.boot(urls.ignition);
    const order: string[] = [];
    const boot = async (name: string, at: string) => {
      await rooms.bootMeanwhile(at);
      order.push(name);
    };
    await stores.clock.until(Promise.all([boot('expensive', url), boot('beside', urls.ignition)]));
    expect(order).toEqual(['beside', 'expensive']);
  });
  it('runs alone: several machines compose one after the other', async () => {
    const { rooms: operator } = isolate();
    const { stores } = operator;
    const urls: string[] = [];
    for (const id of ['a', 'b', 'c']) urls.push((await operator.putMachine(id, config(`/${id}`))).urls.ignition);
    await operator.settle();
    for (const id of ['a', 'b', 'c']) await stores.memory.r2.delete(`composed/${id}`);
    let running = 0;
    let most = 0;
    const render: typeof renderInTurns = async (...inputs) => {
      running += 1;
      most = Math.max(most, running);
      const rendered = await renderInTurns(...inputs);
      running -= 1;
      return rendered;
    };
    const rooms = new MachineRooms(keys, stores, { keptFrom: 0, render });
    const answers = await stores.clock.until(Promise.all(urls.map((url) => rooms.bootMeanwhile(url))));
    expect(answers.map(({ text }) => pathsOf(text))).toEqual([['/a'], ['/b'], ['/c']]);
    expect(most).toBe(1);
  });
});

describe('a template', () => {
  it.each(['http://a/b', 'https://x/"quoted"', 'https://x/back\\slash', "https://x/$&$1$'", 'https://x/\u0001'])(
    'with %s is JSON that says it',
    (url) => {
      const marks = markUrls('MARK');
      const [machine, escaped, release] = [marks.machine('plain'), marks.machine('percent'), marks.release('plain')];
      const text = JSON.stringify({ a: `before ${machine} after`, b: [release, `data:,${escaped}`], c: 'none' });
      const { a, b, c } = JSON.parse(filled(templateOf(text, 'MARK'), { machine: url, release: 'http://r' }));
      expect([a, b[0], c]).toEqual([`before ${url} after`, 'http://r', 'none']);
      // What an escape stands for is the URL, and no sign in it is one that a data URL may not hold.
      expect(decodeURIComponent(b[1])).toBe(`data:,${url}`);
      expect(dataUrlFault(b[1])).toBeUndefined();
    },
  );
});

describe('what an isolate remembers', () => {
  const text = (length: number) => ['x'.repeat(length)];
  it('is bounded by bytes, and the least recently used goes first', () => {
    const memory = new BoundedMemory<number>(1_000, 500);
    for (const [at, key] of ['a', 'b', 'c'].entries()) memory.set(key, at, text(149));
    expect(memory.get('a')).toBe(0);
    memory.set('d', 3, text(149));
    expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual([0, undefined, 2, 3]);
  });
  it('holds nothing that is too large alone, and counts what is replaced once', () => {
    const memory = new BoundedMemory<number>(1_000, 500);
    memory.set('a', 1, text(149));
    memory.set('large', 2, text(300));
    expect([memory.get('large'), memory.get('a')]).toEqual([undefined, 1]);
    for (let time = 0; time < 100; time += 1) memory.set('b', time, text(149));
    expect([memory.get('a'), memory.get('b')]).toEqual([1, 99]);
  });
});
