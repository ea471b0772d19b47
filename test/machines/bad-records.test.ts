/** One bad record fails alone: it is named, the rest goes on, and a PUT or a DELETE takes its place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provenItems } from '../../src/machines/api/page-items.ts';
import { exportMachines, importMachines, type TransferPorts } from '../../src/machines/api/transfer.ts';
import { readMachine } from '../../src/machines/machines.ts';
import { changeProfile, deleteProfile } from '../../src/machines/profiles.ts';
import { reseal } from '../../src/machines/reseal.ts';
import { pathsOf } from '../support/json.ts';
import { type MachineKeys, MachineRooms, machineKeys, NO_CHECK } from '../support/machine-rooms.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';
import { storedRecord } from './stored-by-hand.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

const portsOf = ({ room }: MachineRooms): TransferPorts => ({
  ...room,
  offered: { channels: ['stable'], boards: ['amd64-usr'] },
});

/** How a record of the machine `bad` or of a profile goes bad. */
const WAYS: Readonly<Record<string, (rooms: MachineRooms, key: string) => Promise<unknown>>> = {
  'not JSON': ({ stores }, key) => stores.memory.r2.put(key, '{'),
  'another schema': ({ stores }, key) => stores.memory.r2.put(key, '{"id":"bad","name":"p"}'),
  'changed by hand': async (rooms, key) => {
    const { text, summary } = storedRecord(rooms, key);
    await rooms.stores.memory.r2.put(key, text.replace('"generation":1', '"generation":2'), {
      customMetadata: summary,
    });
  },
  'metadata of another': (rooms, key) =>
    rooms.stores.memory.r2.put(key, storedRecord(rooms, key).text, { customMetadata: { expiry: 'x', mac: 'x' } }),
};

async function withBad(way: string): Promise<{ rooms: MachineRooms; bad: Issued; good: Issued }> {
  const rooms = new MachineRooms(keys);
  await rooms.putProfile('p', { base: config('/base') });
  const bad = await rooms.putMachine('bad', config('/bad'), 'p');
  const good = await rooms.putMachine('good', config('/good'), 'p');
  await rooms.settle();
  await WAYS[way]?.(rooms, 'machines/bad.json');
  return { rooms, bad, good };
}

const NO_FORCE = { dryRun: false, force: false, cursor: undefined };

describe.each(Object.keys(WAYS))('a machine whose record is %s', (way) => {
  it('is named by an export, which an import takes', async () => {
    const { rooms, good } = await withBad(way);
    const page = await exportMachines(rooms.room, '');
    if (!page.ok) throw new Error(page.error.reason);
    const lines = page.value.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: string });
    expect([page.value.unreadable, lines]).toMatchObject([
      1,
      [{ unreadable: 'bad', reason: expect.stringContaining('machine bad') }, { id: 'good' }],
    ]);
    const other = new MachineRooms(keys);
    await other.putProfile('p', { base: config('/base') });
    expect(await importMachines(portsOf(other), page.value.text, { freshEpochs: false })).toEqual({
      imported: 1,
      skipped: 1,
    });
    expect(pathsOf((await other.boot(good.urls.ignition)).text)).toEqual(['/base', '/good']);
  });

  it('is named by a reseal, which goes on', async () => {
    const { rooms } = await withBad(way);
    const later = new MachineRooms(
      await machineKeys(undefined, ['a-storage-key-of-at-least-32-bytes!!']),
      rooms.stores,
    );
    const page = await reseal(later.room, { cursor: undefined, adopt: false });
    expect(page).toMatchObject({ value: { looked: 2, resealed: 1, unreadable: [{ id: 'machine bad' }] } });
  });

  it('counts as one that a change of its profile may break, and that holds it', async () => {
    const { rooms, good } = await withBad(way);
    const change = { base: config('/changed') };
    expect(await changeProfile(rooms.room, 'p', change, NO_FORCE, NO_CHECK)).toMatchObject({
      error: { reason: 'breaks', effect: { breaks: [], unreadable: [{ id: 'bad' }] } },
    });
    expect(await changeProfile(rooms.room, 'p', change, { ...NO_FORCE, dryRun: true }, NO_CHECK)).toMatchObject({
      value: { effect: { checked: 2, unreadable: [{ id: 'bad' }] } },
    });
    expect((await changeProfile(rooms.room, 'p', change, { ...NO_FORCE, force: true }, NO_CHECK)).ok).toBe(true);
    expect(pathsOf((await rooms.boot(good.urls.ignition)).text)).toEqual(['/changed', '/good']);
    await rooms.deleteMachine('good');
    expect(await deleteProfile(rooms.room, 'p')).toMatchObject({ error: { reason: 'in-use', machines: ['bad'] } });
    await rooms.deleteMachine('bad');
    expect((await deleteProfile(rooms.room, 'p')).ok).toBe(true);
  });

  it('is named where it is read, and its URL answers 503', async () => {
    const { rooms, bad } = await withBad(way);
    expect(await readMachine(rooms.room, 'bad')).toMatchObject({ error: { what: 'machine bad' } });
    // The isolate of the PUT may remember the record: it has proven the very text before.
    const other = new MachineRooms(keys, rooms.stores);
    expect((await other.boot(bad.urls.ignition)).status).toBe(503);
  });

  it('is replaced by a PUT, which says so: its URLs are dead, the new ones boot', async () => {
    const { rooms, bad } = await withBad(way);
    const issued = (await rooms.putMachine('bad', config('/new'))) as Issued & { replaced?: string };
    expect([issued.generation, issued.replaced]).toEqual([1, expect.any(String)]);
    expect((await rooms.boot(bad.urls.ignition)).status).toBe(410);
    expect(pathsOf((await rooms.boot(issued.urls.ignition)).text)).toEqual(['/new']);
    expect(await rooms.putMachine('bad', config('/again'))).not.toHaveProperty('replaced');
  });

  it('is deleted by a DELETE, and its renderings go', async () => {
    const { rooms, bad } = await withBad(way);
    expect(await rooms.deleteMachine('bad')).toBe('deleted now');
    expect((await rooms.boot(bad.urls.ignition)).status).toBe(410);
    expect([...rooms.stores.memory.objects.keys()].filter((key) => key.startsWith('renderings/bad/'))).toEqual([]);
  });

  it('issues no new URLs', async () => {
    const { rooms } = await withBad(way);
    expect(await rooms.renew('bad', true)).toBeUndefined();
  });
});

describe.each(Object.keys(WAYS))('a profile whose record is %s', (way) => {
  const prepared = async () => {
    const { rooms, good } = await withBad('none');
    await WAYS[way]?.(rooms, 'profiles/p.json');
    // Another isolate, which does not remember the profile.
    return { rooms: new MachineRooms(keys, rooms.stores), good };
  };

  it('is replaced by a forced change alone, which is told why', async () => {
    const { rooms, good } = await prepared();
    expect((await rooms.boot(good.urls.ignition)).status).toBe(503);
    const change = { base: config('/new') };
    expect(await changeProfile(rooms.room, 'p', change, NO_FORCE, NO_CHECK)).toMatchObject({
      error: { reason: 'breaks', effect: { unreadable: [{ id: 'profile p' }] } },
    });
    expect((await changeProfile(rooms.room, 'p', change, { ...NO_FORCE, force: true }, NO_CHECK)).ok).toBe(true);
    expect(pathsOf((await rooms.boot(good.urls.ignition)).text)).toEqual(['/new', '/good']);
  });

  it('is deleted once no machine uses it', async () => {
    const { rooms } = await prepared();
    expect(await deleteProfile(rooms.room, 'p')).toMatchObject({ error: { reason: 'in-use' } });
    for (const id of ['bad', 'good']) await rooms.deleteMachine(id);
    expect((await deleteProfile(rooms.room, 'p')).ok).toBe(true);
  });
});

describe('a listing', () => {
  it.each([
    ['a signature that does not hold', { mac: 'x.y', generation: '1' }],
    ['no metadata', {}],
    ['an expiry that is no date', { generation: '1', expiry: '99999999999999' }],
    ['a generation that is no number', { generation: 'one' }],
  ])('names a record with %s, and shows the rest', async (_what, customMetadata) => {
    const { rooms } = await withBad('none');
    const { text } = storedRecord(rooms, 'machines/bad.json');
    await rooms.stores.memory.r2.put('machines/bad.json', text, {
      customMetadata: customMetadata as Record<string, string>,
    });
    const page = await rooms.room.store.list('machine', { limit: 10 });
    if (!page.ok) throw new Error(page.error.reason);
    const { readable, unreadable } = await provenItems(rooms.room, 'machine', page.value.items);
    expect([readable.map(({ name }) => name), unreadable]).toMatchObject([['good'], [{ id: 'bad' }]]);
  });

  it('is not misled by a deletion that somebody else has put into the metadata', async () => {
    const { rooms } = await withBad('none');
    const { text, summary } = storedRecord(rooms, 'machines/bad.json');
    await rooms.stores.memory.r2.put('machines/bad.json', text, { customMetadata: { ...summary, deleted: 'x' } });
    const page = await rooms.room.store.list('machine', { limit: 10 });
    if (!page.ok) throw new Error(page.error.reason);
    expect((await provenItems(rooms.room, 'machine', page.value.items)).unreadable).toMatchObject([{ id: 'bad' }]);
    expect(await exportMachines(rooms.room, '')).toMatchObject({ value: { unreadable: 1 } });
  });
});

describe('an import', () => {
  it('with fresh epochs revives no URL of the export', async () => {
    const { rooms, good } = await withBad('none');
    const page = await exportMachines(rooms.room, '');
    if (!page.ok) throw new Error(page.error.reason);
    await rooms.renew('good', true);
    await importMachines(portsOf(rooms), page.value.text, { freshEpochs: true });
    expect((await rooms.boot(good.urls.ignition)).status).toBe(410);
    const renewed = await rooms.renew('good', false);
    expect(pathsOf((await rooms.boot(renewed?.urls.ignition ?? '')).text)).toEqual(['/base', '/good']);
    await importMachines(portsOf(rooms), page.value.text, { freshEpochs: false });
    expect((await rooms.boot(good.urls.ignition)).status).toBe(200);
  });

  it.each([
    ['x'.repeat(1024 * 1024), true],
    ['x'.repeat(1024 * 1024 + 1), false],
    // Two bytes a character.
    ['é'.repeat(1024 * 512 + 1), false],
  ])('takes a source text of as many bytes as a PUT does, and no more', async (sourceText, isTaken) => {
    const { rooms } = await withBad('none');
    const page = await exportMachines(rooms.room, '');
    const [line = ''] = page.ok ? page.value.text.split('\n') : [];
    const changed = JSON.stringify({ ...JSON.parse(line), source: 'butane', sourceText });
    const done = await importMachines(portsOf(rooms), changed, { freshEpochs: false });
    expect(done).toMatchObject(
      isTaken ? { imported: 1 } : { imported: 0, stopped: { line: 1, detail: expect.stringContaining('sourceText') } },
    );
  });
});
