/** A quarantine wins at whatever moment it comes, and needs no release that is published. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

let signed: Signed;
beforeAll(async () => {
  signed = await signReleases(['4593.2.4', '4593.2.5']);
});

let world: World;
beforeEach(() => {
  world = new World(signed);
});

const RELEASE = `releases/${PAIR}/4593.2.5`;
const PATHS = ['version.txt', 'version.txt.sig', KERNEL, `${KERNEL}.sig`, ''];

/** Nobody gets anything of 4593.2.5 in any way. */
async function isGoneEverywhere(): Promise<void> {
  const reader = world.isolate();
  for (const path of PATHS) expect([path, (await world.get(reader, `4593.2.5/${path}`)).status]).toEqual([path, 404]);
  for (const path of PATHS.slice(0, -1)) {
    expect(await world.get(reader, `current/${path}`)).toEqual({ status: 200, source: 'mirror', version: '4593.2.4' });
  }
  expect(world.stored(`alias/${PAIR}/current.json`)).toMatchObject({
    version: '4593.2.4',
    floor: '4593.2.4',
    pin: null,
  });
  for (const path of ['/releases.json', '/feed.atom', `/${PAIR}/`])
    expect(await (await reader.fetch(path)).text()).not.toContain('4593.2.5');
  await reader.poll();
  expect(reader.launched).toEqual([]);
  await reader.settle();
}

/** Mirrors 4593.2.4, lets the poll find 4593.2.5, and returns how many calls its run made to R2. */
async function playWith(before: (number: number, call: string) => Promise<unknown> | undefined): Promise<number> {
  const calm = world.isolate();
  world.upstream.alias(`${PAIR}/current`, '4593.2.4');
  await world.mirror(calm, '4593.2.4');
  world.upstream.alias(`${PAIR}/current`, '4593.2.5');
  let calls = 0;
  const edge = world.isolate((call) => {
    calls += 1;
    return before(calls, call);
  });
  await edge.poll();
  await edge.runAll();
  await edge.settle();
  return calls;
}

it('at every call to R2 of the poll that finds a release, and of the run that publishes it', async () => {
  const calls = await world.until(playWith(() => undefined));
  expect(calls).toBeGreaterThanOrEqual(45);
  const failed: string[] = [];
  for (let target = 1; target <= calls; target += 1) {
    world = new World(signed);
    const work = async () => {
      let struck = '';
      await playWith(async (number, call) => {
        if (number !== target) return;
        struck = call;
        const answer = await world.api(world.isolate(), 'DELETE', RELEASE);
        expect(answer).toMatchObject({ status: 200, body: { version: '4593.2.5', quarantinedAt: expect.any(String) } });
      });
      await isGoneEverywhere().catch((cause: Error) => failed.push(`call ${target}, ${struck}: ${cause.message}`));
    };
    await world.until(work());
  }
  expect(failed).toEqual([]);
}, 120_000);

it('of a release that nobody has mirrored: it is neither passed through nor mirrored, until its number is asked for', () =>
  world.until(
    (async () => {
      const edge = world.isolate();
      world.upstream.alias(`${PAIR}/current`, '4593.2.5');
      expect(await world.get(edge, `4593.2.5/${KERNEL}`)).toMatchObject({ status: 200, source: 'upstream' });
      const answer = await world.api(edge, 'DELETE', RELEASE);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ state: 'blocked', aliases: [], dryRun: false });
      for (const at of [edge, world.isolate()]) {
        for (const path of PATHS) {
          expect([path, (await world.get(at, `4593.2.5/${path}`)).status]).toEqual([path, 404]);
          expect([path, (await world.get(at, `current/${path}`)).status]).toEqual([path, 404]);
        }
        await at.poll();
        expect(at.launched).toEqual([]);
      }
      expect((await world.api(edge, 'PUT', `mirrors/${PAIR}/current`)).status).toBe(409);
      // A second quarantine keeps the date of the first.
      expect((await world.api(edge, 'DELETE', RELEASE)).body).toEqual(answer.body);
      const { aliases: _, dryRun: __, ...release } = answer.body;
      expect((await world.api(edge, 'GET', RELEASE)).body).toEqual({ ...release, files: [] });
      expect(await world.mirror(edge, '4593.2.5')).toEqual(['complete']);
      expect(await world.get(edge, `current/${KERNEL}`)).toMatchObject({ source: 'mirror', version: '4593.2.5' });
      await edge.settle();
    })(),
  ));

it('stays when its job could not be cancelled, and the poll that takes the dead job over does not lift it', () =>
  world.until(
    (async () => {
      const edge = world.isolate();
      await world.api(edge, 'PUT', `mirrors/${PAIR}/4593.2.5`);
      // The store fails when the job is to be cancelled: the mark is what counts.
      let isFailing = true;
      const shaky = world.isolate(async (call) => {
        if (isFailing && call === `put status/${PAIR}/4593.2.5.json`) throw new Error('R2: internal error (10001)');
      });
      expect((await world.api(shaky, 'DELETE', RELEASE)).status).toBe(503);
      isFailing = false;
      expect(world.stored(`status/${PAIR}/4593.2.5.json`)).toMatchObject({ state: 'queued', trigger: 'operator' });
      await world.wait(15 * 60_000);
      const next = world.isolate();
      await next.poll();
      await next.runAll();
      expect(world.stored(`manifests/${PAIR}/4593.2.5.json`)).toMatchObject({ quarantinedAt: expect.any(String) });
      expect((await world.get(next, `4593.2.5/${KERNEL}`)).status).toBe(404);
    })(),
  ));
