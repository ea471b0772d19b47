/** A floor falls to what was followed before, never to nothing while something is known of that, and never onto what was withdrawn. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Version } from '../../../src/releases/model.ts';
import { FLOORS_KEPT, NO_ALIAS, raiseFloor } from '../../../src/releases/store/alias.ts';
import type { Edge } from '../../support/edge.ts';
import { HOUR_MS, KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

let signed: Signed;
beforeAll(async () => {
  signed = await signReleases(['1000.2.0', '4593.2.3', '4593.2.4', '4593.2.5', '9999.2.0']);
});

const ALIAS = `alias/${PAIR}/current.json`;

let world: World;
let edge: Edge;
beforeEach(() => {
  world = new World(signed, { KEEP_RELEASES: '1' });
  edge = world.isolate();
});

const says = (version: string) => world.upstream.alias(`${PAIR}/current`, version);
const alias = () => world.stored<{ version: string | null; floor: string | null; pin: string | null }>(ALIAS);
const withdraw = (version: string) => world.api(edge, 'DELETE', `releases/${PAIR}/${version}`);
const follow = async (at: Edge, version: string) => {
  says(version);
  await world.wait(10 * 60_000);
  const answer = await world.get(at, 'current/version.txt');
  await at.settle();
  return answer;
};
const mirrorAll = async (...versions: string[]) => {
  for (const version of versions) expect(await world.mirror(edge, version)).toEqual(['complete']);
};
/** Upstream names an old release: it is not followed, by this isolate or a new one, and the poll does not mirror it. */
const isRefused = async (version: string) => {
  says(version);
  await world.wait(10 * 60_000);
  for (const at of [edge, world.isolate()]) {
    expect((await world.get(at, 'current/version.txt')).version).not.toBe(version);
    await at.poll();
    expect(at.launched).toEqual([]);
    await at.settle();
  }
  expect(alias()).not.toMatchObject({ version });
};
const play = (work: () => Promise<void>) => () => world.until(work());

describe('a release whose forerunner retention has taken out of the index', () => {
  beforeEach(() => world.until(mirrorAll('4593.2.4', '4593.2.5')));

  it(
    'is withdrawn: nothing below the forerunner is followed',
    play(async () => {
      await withdraw('4593.2.5');
      expect(alias()).toMatchObject({ version: null, floor: '4593.2.4', pin: null });
      await isRefused('1000.2.0');
      await isRefused('4593.2.3');
      expect(await follow(edge, '4593.2.4')).toMatchObject({ status: 200, version: '4593.2.4' });
    }),
  );

  it.each([
    ['', []],
    [', a day later', ['swept']],
    [', swept by an earlier version', ['swept', `manifests/${PAIR}/4593.2.4.json`]],
    [', and nothing but the index knows of it', [`manifests/${PAIR}/4593.2.4.json`, `status/${PAIR}/4593.2.4.json`]],
  ])('is withdrawn from the record of an earlier version%s', (_when, gone) =>
    world.until(
      (async () => {
        if (gone.includes('swept')) {
          says('4593.2.5');
          await world.wait(25 * HOUR_MS);
          await edge.poll();
          expect(world.stored(`index/${PAIR}.json`)).toMatchObject({ left: [] });
        }
        for (const key of gone.filter((name) => name !== 'swept')) await world.bucket.r2.delete(key);
        await world.put(ALIAS, { ...alias(), floors: undefined });
        await withdraw('4593.2.5');
        expect(alias()).toMatchObject({ version: null, floor: '4593.2.4' });
        await isRefused('1000.2.0');
      })(),
    ),
  );

  it(
    'was withdrawn by an earlier version, which left no floor: the next withdrawal knows no better, and does not fail',
    play(async () => {
      await world.put(ALIAS, { version: null, floor: null, pin: null });
      expect((await withdraw('4593.2.5')).status).toBe(200);
      expect(alias()).toMatchObject({ floor: null });
    }),
  );

  it(
    'and the forerunner are withdrawn, in either order: nothing is left to be below, and neither is followed',
    play(async () => {
      const before = new Map(world.bucket.objects);
      for (const order of [
        ['4593.2.5', '4593.2.4'],
        ['4593.2.4', '4593.2.5'],
      ]) {
        for (const [key, { bytes }] of before) await world.bucket.r2.put(key, bytes);
        edge = world.isolate();
        for (const version of order) expect((await withdraw(version)).status).toBe(200);
        expect(alias()).toMatchObject({ version: null, floor: null, pin: null });
        expect((await follow(edge, '4593.2.4')).status).toBe(404);
        expect(alias()).toMatchObject({ floor: null });
        await edge.poll();
        expect(edge.launched).toEqual([]);
      }
    }),
  );

  it(
    'is withdrawn, and comes back when its number is asked for: floor, alias and all',
    play(async () => {
      await withdraw('4593.2.5');
      expect(await world.mirror(edge, '4593.2.5')).toEqual(['complete']);
      expect(alias()).toMatchObject({ version: '4593.2.5', floor: '4593.2.5' });
      expect(await world.get(edge, `current/${KERNEL}`)).toMatchObject({ source: 'mirror', version: '4593.2.5' });
      await withdraw('4593.2.5');
      expect(alias()).toMatchObject({ version: null, floor: '4593.2.4' });
    }),
  );

  it(
    'is pinned and withdrawn: no pin names it, and nothing below the forerunner is followed',
    play(async () => {
      expect((await world.api(edge, 'PUT', `aliases/${PAIR}/current`, { version: '4593.2.5' })).status).toBe(200);
      await withdraw('4593.2.5');
      expect(alias()).toMatchObject({ version: null, floor: '4593.2.4', pin: null });
      await isRefused('1000.2.0');
    }),
  );
});

it(
  'what a stolen key has raised falls to what was followed before it, and no further',
  play(async () => {
    await mirrorAll('4593.2.4', '4593.2.5', '9999.2.0');
    expect(alias()).toMatchObject({ version: '9999.2.0', floor: '9999.2.0' });
    await withdraw('9999.2.0');
    expect(alias()).toMatchObject({ floor: '4593.2.5' });
    await isRefused('4593.2.4');
    expect((await follow(edge, '4593.2.5')).status).toBe(200);
  }),
);

it('what nobody asked an alias to follow is no heir: a higher release that a download has mirrored', () => {
  world = new World(signed, { KEEP_RELEASES: '3', MIRROR_ON_DEMAND: 'true' });
  edge = world.isolate();
  const work = async () => {
    says('4593.2.4');
    await mirrorAll('4593.2.3', '4593.2.4');
    await world.get(edge, `4593.2.5/${KERNEL}`);
    await edge.settle();
    expect(await edge.runAll()).toEqual(['complete']);
    await withdraw('4593.2.4');
    expect(alias()).toMatchObject({ version: '4593.2.3', floor: '4593.2.3' });
  };
  return world.until(work());
});

describe('an alias that follows upstream alone', () => {
  beforeEach(() => {
    world = new World(signed, { MIRROR: '' });
    edge = world.isolate();
  });

  it(
    'falls to what it followed before',
    play(async () => {
      for (const version of ['4593.2.3', '4593.2.4', '4593.2.5']) await follow(edge, version);
      await withdraw('4593.2.5');
      expect(alias()).toMatchObject({ version: null, floor: '4593.2.4' });
      await isRefused('1000.2.0');
      await withdraw('4593.2.4');
      expect(alias()).toMatchObject({ floor: '4593.2.3' });
      await isRefused('1000.2.0');
    }),
  );

  it(
    'is raised by one isolate while another withdraws the release, at every call: the floor is not the withdrawn one',
    play(async () => {
      await follow(edge, '4593.2.4');
      const before = new Map(world.bucket.objects);
      let calls = 1;
      for (let target = 1; target <= calls; target += 1) {
        for (const key of [...world.bucket.objects.keys()]) await world.bucket.r2.delete(key);
        for (const [key, { bytes, customMetadata }] of before)
          await world.bucket.r2.put(key, bytes, { customMetadata });
        let number = 0;
        const raising = world.isolate(async () => {
          number += 1;
          if (number === target)
            expect((await world.api(world.isolate(), 'DELETE', `releases/${PAIR}/4593.2.5`)).status).toBe(200);
        });
        await follow(raising, '4593.2.5');
        // A call that is overtaken is made again, so a run has more of them than one that nothing disturbs.
        if (number < target) break;
        calls = Math.max(calls, number);
        expect([target, alias()]).toMatchObject([target, { floor: '4593.2.4' }]);
        expect((await world.get(world.isolate(), 'current/version.txt')).status).toBe(404);
        await isRefused('1000.2.0');
      }
      expect(calls).toBeGreaterThanOrEqual(5);
    }),
  );
});

describe('current-YYYY', () => {
  const LTS = 'lts/amd64-usr';
  const OLD = 'current-2023';
  const NEW = 'current-2024';
  beforeEach(async () => {
    const lts = await signReleases(['3510.3.7', '3510.3.8', '4081.3.9', '4081.3.10']);
    world = new World(lts, { CHANNELS: 'lts', MIRROR: `${LTS}/${OLD},${LTS}/${NEW}`, KEEP_RELEASES: '1' }, LTS);
    edge = world.isolate();
  });
  const mirror = async (stream: string, version: string) => {
    world.upstream.alias(`${LTS}/${stream}`, version);
    expect((await world.api(edge, 'PUT', `mirrors/${LTS}/${stream}`)).status).toBe(202);
    expect(await edge.runAll()).toEqual(['complete']);
  };
  const record = (stream: string) => world.stored(`alias/${LTS}/${stream}.json`);

  it.each([true, false])('falls to what its own stream followed before (it remembers its floors: %s)', (remembers) =>
    world.until(
      (async () => {
        await mirror(OLD, '3510.3.7');
        await mirror(OLD, '3510.3.8');
        await mirror(NEW, '4081.3.9');
        await mirror(NEW, '4081.3.10');
        if (!remembers) {
          for (const stream of [OLD, NEW])
            await world.put(`alias/${LTS}/${stream}.json`, { ...record(stream), floors: undefined });
        }
        const other = record(OLD);
        await world.api(edge, 'DELETE', `releases/${LTS}/4081.3.10`);
        expect(record(NEW)).toMatchObject({ floor: '4081.3.9', pin: null });
        expect(record(OLD)).toEqual(other);
        await world.api(edge, 'DELETE', `releases/${LTS}/4081.3.9`);
        // Of its stream nothing is left. That another stream has older releases is no reason to follow those.
        expect(record(NEW)).toMatchObject({ version: null, floor: null });
        expect(record(OLD)).toEqual(other);
      })(),
    ),
  );
});

it(
  'a withdrawal that broke off half way is brought to its end by the poll',
  play(async () => {
    await mirrorAll('4593.2.4', '4593.2.5');
    says('4593.2.5');
    const broken = world.isolate(async (call) => {
      if (call === `put ${ALIAS}` || call === `put index/${PAIR}.json`) throw new Error('R2: internal error (10001)');
    });
    expect((await world.api(broken, 'DELETE', `releases/${PAIR}/4593.2.5`)).status).toBe(503);
    expect(alias()).toMatchObject({ version: '4593.2.5' });
    await edge.poll();
    expect(alias()).toMatchObject({ version: null, floor: '4593.2.4' });
    expect(world.stored(`index/${PAIR}.json`)).toMatchObject({ releases: [] });
  }),
);

it('an alias keeps the last ten floors, newest first, and that of an earlier version with them', () => {
  let record = { ...NO_ALIAS, floor: '1.2.0' as Version };
  for (let patch = 1; patch < 20; patch += 1) {
    record = raiseFloor(record, `1.2.${patch}` as Version, '2026-01-01T00:00:00.000Z') as typeof record;
    if (patch === 1) expect(record.floors.map(({ version }) => version)).toEqual(['1.2.1', '1.2.0']);
  }
  expect(FLOORS_KEPT).toBe(10);
  expect(record.floors.map(({ version }) => version)).toEqual(
    Array.from({ length: FLOORS_KEPT }, (_, index) => `1.2.${19 - index}`),
  );
  expect(raiseFloor(record, '1.2.7' as Version, '2026-01-02T00:00:00.000Z')).toBe(record);
});
