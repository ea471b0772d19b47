/** A sweep that breaks off after any of its calls to R2: nobody gets half a release, and the next one brings it to its end. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { casesOf } from '../../support/thorough.ts';
import { HOUR_MS, KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

const OLD = '4593.2.4';
let signed: Signed;
beforeAll(async () => {
  signed = await signReleases([OLD, '4593.2.5']);
});

let world: World;
beforeEach(() => {
  world = new World(signed, { KEEP_RELEASES: '1' });
  world.upstream.alias(`${PAIR}/current`, '4593.2.5');
});

const files = () => [...world.bucket.objects.keys()].filter((key) => key.startsWith(`files/${PAIR}/${OLD}/`));
const manifest = () => world.stored<{ goingAt?: string; files: object }>(`manifests/${PAIR}/${OLD}.json`);
const poll = async () => {
  const edge = world.isolate();
  await edge.poll();
  await edge.settle();
};
const leave = async () => {
  const edge = world.isolate();
  for (const version of [OLD, '4593.2.5']) expect(await world.mirror(edge, version)).toEqual(['complete']);
  await edge.poll();
  await world.wait(25 * HOUR_MS);
};
/** Plays a sweep whose isolate is gone before a call; false when there is no such call any more. */
const breakOff = async (target: number): Promise<boolean> => {
  let calls = 0;
  const edge = world.isolate(async () => {
    calls += 1;
    if (calls >= target) throw new Error('Network connection lost');
  });
  await edge.poll();
  await edge.settle();
  return calls >= target;
};

// Every second call, unless THOROUGH=1.
it('before a call: what is asked for is whole, the rest is gone a day later', async () => {
  let wasMarked = false;
  let wasHalf = false;
  for (let target = 1, isBroken = true; isBroken; target += casesOf(1, 2)) {
    for (const then of ['nothing', 'a pin', 'a job'] as const) {
      world = new World(signed, { KEEP_RELEASES: '1' });
      world.upstream.alias(`${PAIR}/current`, '4593.2.5');
      const work = async () => {
        await leave();
        isBroken = await breakOff(target);
        if (manifest()?.goingAt !== undefined) wasMarked = true;
        if (files().length === 0 && manifest()?.goingAt !== undefined) wasHalf = true;
        const edge = world.isolate();
        if (then === 'a pin') {
          // It is out of the lists, so a pin is refused whatever the sweep has left of it.
          expect((await world.api(edge, 'PUT', `aliases/${PAIR}/current`, { version: OLD })).status).toBe(422);
        }
        if (then === 'a job') {
          expect(await world.mirror(edge, OLD)).toEqual(['complete']);
          expect(await world.get(edge, `${OLD}/${KERNEL}`)).toMatchObject({ status: 200, source: 'mirror' });
          expect(manifest()?.goingAt).toBeUndefined();
          const pinned = await world.api(edge, 'PUT', `aliases/${PAIR}/current`, { version: OLD });
          expect(pinned.status).toBe(200);
        }
        for (let day = 0; day < 2; day += 1) {
          await world.wait(25 * HOUR_MS);
          await poll();
        }
        expect(await world.get(world.isolate(), `${OLD}/${KERNEL}`)).toMatchObject({
          status: 200,
          source: then === 'a job' ? 'mirror' : 'upstream',
        });
        if (then !== 'a job') expect([files(), manifest()?.files, manifest()?.goingAt]).toEqual([[], {}, undefined]);
      };
      await world.until(work());
    }
  }
  expect([wasMarked, wasHalf]).toEqual([true, true]);
}, 60_000);

it.each([
  ['and every file is there: the pin counts, and the release is listed again', 0, 'mirror'],
  ['and a file is gone: it is not published again, nor is more of it deleted', 1, 'upstream'],
])('the mark of a sweep that broke off is on a pinned release, %s', (_what, gone, source) =>
  world.until(
    (async () => {
      await leave();
      await world.put(`manifests/${PAIR}/${OLD}.json`, { ...manifest(), goingAt: '2025-01-03T00:00:00.000Z' });
      const alias = world.stored(`alias/${PAIR}/current.json`);
      await world.put(`alias/${PAIR}/current.json`, { ...alias, pin: OLD });
      for (const key of files().slice(0, gone)) await world.bucket.r2.delete(key);
      const left = files();
      await poll();
      expect(files()).toEqual(left);
      expect(await world.get(world.isolate(), `current/${KERNEL}`)).toMatchObject({
        status: 200,
        version: OLD,
        source,
      });
    })(),
  ),
);
