/** One record that cannot be read fails alone: everything else of the mirror goes on, the bad one is named, and it can be replaced. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Edge } from '../../support/edge.ts';
import { HOUR_MS, KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

let signed: Signed;
beforeAll(async () => {
  signed = await signReleases(['4593.2.3', '4593.2.4', '4593.2.5']);
});

let world: World;
let edge: Edge;
beforeEach(() => {
  world = new World(signed, { KEEP_RELEASES: '1' });
  world.upstream.alias(`${PAIR}/current`, '4593.2.5');
  edge = world.isolate();
});

/** Not JSON; of a state that only a later version knows; another's field. */
const SPOILS: readonly [string, (text: string) => string][] = [
  ['is cut off', (text) => text.slice(0, -3)],
  ['is of a later version', (text) => text.replace(/"(state|version|releases|files)":/, '"$1":{"later":true},"was":')],
  ['is empty', () => ''],
];

const MALFORMED = /stored-malformed|cannot be read/;
const textAt = (key: string) => new TextDecoder().decode(world.bucket.objects.get(key)?.bytes);
const spoil = async (key: string, how: (text: string) => string) => {
  const before = textAt(key);
  expect(how(before)).not.toBe(before);
  await world.put(key, how(before));
};
const play = (work: () => Promise<void>) => world.until(work());
const jobOf = (version: string) => world.stored(`status/${PAIR}/${version}.json`);
const alias = () => world.stored<{ version: string; pin: string | null }>(`alias/${PAIR}/current.json`);
const listed = async (path: string) => await (await world.isolate().fetch(path)).text();
/** A round of the cron by a new isolate, and what it says of faults. */
const pollFaults = async () => {
  const at = world.isolate();
  await at.poll();
  await at.runAll();
  await at.settle();
  return String(at.events.find(({ event }) => event === 'poll')?.['faults'] ?? '');
};

describe.each(SPOILS)('a job record that %s', (_how, how) => {
  beforeEach(() =>
    play(async () => {
      await world.mirror(edge, '4593.2.3');
      await spoil(`status/${PAIR}/4593.2.3.json`, how);
    }),
  );

  it('of another release: a publication completes, and retention keeps what that job may work on', () =>
    play(async () => {
      expect(await world.mirror(edge, '4593.2.4')).toEqual(['complete']);
      expect(await world.mirror(edge, '4593.2.5')).toEqual(['complete']);
      expect(jobOf('4593.2.5')).toMatchObject({ state: 'complete' });
      expect(alias()).toMatchObject({ version: '4593.2.5' });
      expect(world.stored(`index/${PAIR}.json`)).toMatchObject({
        releases: [{ version: '4593.2.5' }, { version: '4593.2.3' }],
      });
      await world.wait(25 * HOUR_MS);
      await pollFaults();
      expect(await world.get(world.isolate(), `4593.2.3/${KERNEL}`)).toMatchObject({ status: 200, source: 'mirror' });
    }));

  it('is named in the list of jobs, which has the others, and does not keep the poll from a dead one', () =>
    play(async () => {
      await world.api(edge, 'PUT', `mirrors/${PAIR}/4593.2.4`);
      const { status, body } = await world.api(edge, 'GET', 'mirrors');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        items: [{ version: '4593.2.4', state: 'queued' }],
        unreadable: [{ id: `${PAIR}/4593.2.3`, reason: expect.any(String) }],
      });
      expect(
        (await edge.fetch('/api/metrics', { headers: { authorization: 'Bearer operator-token-of-at-least-32-bytes' } }))
          .status,
      ).toBe(200);
      await world.wait(HOUR_MS);
      expect(await pollFaults()).toMatch(MALFORMED);
      expect(jobOf('4593.2.4')).toMatchObject({ state: 'complete', attempt: 2 });
    }));

  it('is replaced by a PUT, whose attempt writes over no file of an earlier one; the poll does not replace it', () =>
    play(async () => {
      world.upstream.alias(`${PAIR}/current`, '4593.2.3');
      const before = textAt(`status/${PAIR}/4593.2.3.json`);
      expect(await pollFaults()).toMatch(MALFORMED);
      expect(textAt(`status/${PAIR}/4593.2.3.json`)).toBe(before);
      const files = new Map([...world.bucket.objects].filter(([key]) => key.startsWith('files/')));
      expect(await world.mirror(edge, '4593.2.3')).toEqual(['complete']);
      expect(jobOf('4593.2.3')).toMatchObject({ state: 'complete' });
      expect((jobOf('4593.2.3') as { attempt: number }).attempt).toBeGreaterThan(1);
      for (const [key, { version }] of files) expect(world.bucket.objects.get(key)?.version).toBe(version);
    }));

  it('does not keep a quarantine of its release away', () =>
    play(async () => {
      expect((await world.api(edge, 'DELETE', `releases/${PAIR}/4593.2.3`)).status).toBe(200);
      expect((await world.get(world.isolate(), `4593.2.3/${KERNEL}`)).status).toBe(404);
    }));
});

describe.each(SPOILS)('a manifest that %s', (_how, how) => {
  beforeEach(() =>
    play(async () => {
      await world.mirror(edge, '4593.2.4');
      await world.mirror(edge, '4593.2.5');
      await spoil(`manifests/${PAIR}/4593.2.4.json`, how);
    }),
  );

  it('keeps neither lists nor sweep nor the next publication from the others; the sweep leaves its files alone', () =>
    play(async () => {
      for (const path of ['/releases.json', '/feed.atom', `/${PAIR}/`])
        expect(await listed(path)).toContain('4593.2.5');
      expect((await world.get(world.isolate(), `4593.2.4/${KERNEL}`)).status).toBe(503);
      expect((await world.get(world.isolate(), `current/${KERNEL}`)).status).toBe(200);
      // An object of a failed attempt, which the sweep is to find all the same.
      await world.put(`files/${PAIR}/4593.2.5/${KERNEL}/99`, 'left behind');
      await world.wait(25 * HOUR_MS);
      expect(await pollFaults()).toMatch(MALFORMED);
      expect(world.bucket.objects.has(`files/${PAIR}/4593.2.5/${KERNEL}/99`)).toBe(false);
      expect(world.bucket.objects.has(`files/${PAIR}/4593.2.4/${KERNEL}/1`)).toBe(true);
      expect(await world.mirror(edge, '4593.2.3')).toEqual(['complete']);
    }));

  it('becomes a tombstone by a quarantine, and is published again when its number is asked for', () =>
    play(async () => {
      expect((await world.api(edge, 'PUT', `mirrors/${PAIR}/4593.2.4`)).status).toBe(503);
      expect(await world.api(edge, 'DELETE', `releases/${PAIR}/4593.2.4`)).toMatchObject({
        status: 200,
        body: { version: '4593.2.4', quarantine: { at: expect.any(String), by: 'operator', reason: null } },
      });
      expect((await world.get(world.isolate(), `4593.2.4/${KERNEL}`)).status).toBe(404);
      expect(await world.mirror(edge, '4593.2.4')).toEqual(['complete']);
      expect(await world.get(world.isolate(), `4593.2.4/${KERNEL}`)).toMatchObject({ status: 200, source: 'mirror' });
    }));
});

describe.each(SPOILS)('an index that %s', (_how, how) => {
  beforeEach(() =>
    play(async () => {
      await world.mirror(edge, '4593.2.4');
      await world.api(edge, 'PUT', `aliases/${PAIR}/current`, { version: '4593.2.4' });
      await world.mirror(edge, '4593.2.5');
      await spoil(`index/${PAIR}.json`, how);
    }),
  );

  it('is named in the list of releases, and made anew by the poll', () =>
    play(async () => {
      expect(await world.api(world.isolate(), 'GET', 'releases')).toMatchObject({
        status: 200,
        body: { items: [], unreadable: [{ id: PAIR, reason: expect.any(String) }] },
      });
      expect(await listed('/releases.json')).toContain('4593.2.4');
      expect((await world.isolate().fetch('/')).status).toBe(200);
      expect(await pollFaults()).toMatch(MALFORMED);
      expect(world.stored(`index/${PAIR}.json`)).toMatchObject({
        releases: [{ version: '4593.2.5' }, { version: '4593.2.4' }],
      });
      expect(await pollFaults()).toBe('');
    }));

  it('is made anew by the next publication and by a withdrawal, which lose nothing', () =>
    play(async () => {
      expect(await world.mirror(edge, '4593.2.3')).toEqual(['complete']);
      expect(await listed('/releases.json')).toMatch(/4593\.2\.5.*4593\.2\.4/s);
      await spoil(`index/${PAIR}.json`, how);
      expect((await world.api(edge, 'DELETE', `releases/${PAIR}/4593.2.5`)).status).toBe(200);
      expect(await listed('/releases.json')).toContain('4593.2.4');
      expect(await listed('/releases.json')).not.toContain('4593.2.5');
      await world.wait(25 * HOUR_MS);
      expect(await pollFaults()).toBe('');
      expect([...world.bucket.objects.keys()].filter((key) => key.startsWith(`files/${PAIR}/4593.2.5/`))).toEqual([]);
    }));
});

describe.each(SPOILS)('an alias record that %s', (_how, how) => {
  beforeEach(() =>
    play(async () => {
      world = new World(signed, { KEEP_RELEASES: '1', MIRROR: `${PAIR},${PAIR}/current-2025` });
    }),
  );

  it('is named, keeps all releases, and neither a publication nor a withdrawal of others fails', () =>
    play(async () => {
      edge = world.isolate();
      world.upstream.alias(`${PAIR}/current`, '4593.2.5');
      await world.mirror(edge, '4593.2.3');
      await world.mirror(edge, '4593.2.4');
      await world.put(`alias/${PAIR}/current-2019.json`, how('{"version":"4593.2.3","floor":null,"pin":null}'));
      expect(await world.mirror(edge, '4593.2.5')).toEqual(['complete']);
      expect(alias()).toMatchObject({ version: '4593.2.5' });
      expect(world.stored<{ releases: unknown[] }>(`index/${PAIR}.json`)?.releases).toHaveLength(2);
      expect(await world.api(world.isolate(), 'GET', 'releases')).toMatchObject({
        body: { unreadable: [{ id: `${PAIR}/current-2019` }] },
      });
      expect(await listed(`/${PAIR}/`)).toContain('4593.2.4');
      expect((await world.isolate().fetch('/')).status).toBe(200);
      expect((await world.api(edge, 'DELETE', `releases/${PAIR}/4593.2.5`)).status).toBe(200);
      expect(alias()).toMatchObject({ version: '4593.2.4' });
      expect(await pollFaults()).toMatch(MALFORMED);
      await world.wait(25 * HOUR_MS);
      await pollFaults();
      // What the alias may name is not deleted, though nothing lists it.
      expect(world.bucket.objects.has(`files/${PAIR}/4593.2.3/${KERNEL}/1`)).toBe(true);
    }));
});

it.each(SPOILS)('file statuses, uploads, notes and releases.json that are bad stop nothing (%s)', (_how, how) =>
  play(async () => {
    await world.mirror(edge, '4593.2.4');
    for (const key of [...world.bucket.objects.keys()]) {
      if (/^(status\/.*\/.*\/.*\/|mirror\.json|releases\.json)/.test(key))
        await world.put(key, how(textAt(key)) || '{');
    }
    await world.put('mirror.json', how('{"sweptAt":"2025-01-01T00:00:00.000Z"}') || '{');
    expect(await world.mirror(edge, '4593.2.5')).toEqual(['complete']);
    expect(await listed('/releases.json')).toContain('4593.2.5');
    await world.wait(25 * HOUR_MS);
    await pollFaults();
    expect(world.stored('mirror.json')).toMatchObject({ sweptAt: expect.stringContaining('2025-01-04') });
    expect((await world.api(edge, 'GET', 'mirrors')).status).toBe(200);
  }),
);
