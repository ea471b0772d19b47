/** What several operators, jobs and sweeps do to one release at once, in any order of their calls to R2, and what must hold in the end. */
import { beforeAll, expect, it } from 'vitest';
import type { StoredObject } from '../../support/memory-object.ts';
import { seeded } from '../../support/seeded.ts';
import { casesOf } from '../../support/thorough.ts';
import { type Choose, interleave, type Operation } from './scheduler.ts';
import { type Answer, HOUR_MS, KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

const OLD = '4593.2.4';
const NEW = '4593.2.5';
const NEXT = '4593.2.6';
const VERSIONS = [OLD, NEW, NEXT];
const VARS = { KEEP_RELEASES: '1' };

/** Where a race begins. */
interface Start {
  readonly objects: ReadonlyMap<string, StoredObject>;
  readonly at: number;
  readonly world: World;
}

/** What is done at once, all of it with the older release; `release` mirrors the next one, whose retention takes old ones out. */
export type Act = 'pin' | 'unpin' | 'mirror' | 'sweep' | 'quarantine' | 'release';

type Outcomes = Partial<Record<Act, Answer | undefined>>;

interface RawManifest {
  readonly quarantinedAt?: string;
  readonly goingAt?: string;
  readonly files: Readonly<Record<string, { readonly key: string; readonly etag: string }>>;
}

const STARTS = {
  'has left the lists a day ago': async (world: World) => {
    const edge = world.isolate();
    await world.mirror(edge, OLD);
    await world.mirror(edge, NEW);
    await edge.poll();
    await world.wait(25 * HOUR_MS);
  },
  'is about to leave the lists': async (world: World) => {
    const edge = world.isolate();
    await world.mirror(edge, OLD);
    await world.mirror(edge, NEW);
    await world.api(edge, 'PUT', `aliases/${PAIR}/current`, { version: OLD });
    await world.mirror(edge, OLD);
    await world.api(edge, 'DELETE', `aliases/${PAIR}/current`);
    await edge.poll();
    await world.wait(25 * HOUR_MS);
  },
  'was quarantined a day ago': async (world: World) => {
    const edge = world.isolate();
    await world.mirror(edge, OLD);
    await world.mirror(edge, NEW);
    await world.api(edge, 'DELETE', `releases/${PAIR}/${OLD}`);
    await edge.poll();
    await world.wait(25 * HOUR_MS);
  },
};

export type StartName = keyof typeof STARTS;

let signed: Signed;
const starts = new Map<StartName, Start>();

/** Makes what all races begin with; the file that calls this has only races. */
export function prepareRaces(): void {
  beforeAll(async () => {
    signed = await signReleases(VERSIONS);
    for (const [name, prepare] of Object.entries(STARTS)) {
      const world = new World(signed, VARS);
      world.upstream.alias(`${PAIR}/current`, NEW);
      await world.until(prepare(world));
      starts.set(name as StartName, { objects: new Map(world.bucket.objects), at: world.clock.now(), world });
    }
  });
}

async function worldOf(name: StartName): Promise<World> {
  const { objects, at } = starts.get(name) as Start;
  const world = new World(signed, VARS, PAIR, at);
  world.upstream.alias(`${PAIR}/current`, NEW);
  for (const [key, { bytes, customMetadata, httpMetadata }] of objects)
    await world.bucket.r2.put(key, bytes, { customMetadata, httpMetadata });
  return world;
}

function operationOf(world: World, act: Act, outcomes: Outcomes): Operation {
  return async (before) => {
    const edge = world.isolate(before);
    const api = async (method: string, path: string, body?: unknown) => {
      outcomes[act] = await world.api(edge, method, path, body);
    };
    if (act === 'pin') await api('PUT', `aliases/${PAIR}/current`, { version: OLD });
    else if (act === 'unpin') await api('DELETE', `aliases/${PAIR}/current`);
    else if (act === 'quarantine') await api('DELETE', `releases/${PAIR}/${OLD}`);
    else if (act === 'sweep') await edge.poll();
    else await api('PUT', `mirrors/${PAIR}/${act === 'mirror' ? OLD : NEXT}`);
    await edge.runAll();
    await edge.settle();
  };
}

/** Plays the acts in one order of their calls and returns that order; it throws if a law is broken, at once or a day later. */
async function race(start: StartName, acts: readonly Act[], choose: Choose): Promise<number[]> {
  const world = await worldOf(start);
  const outcomes: Outcomes = {};
  const operations = acts.map((act) => operationOf(world, act, outcomes));
  const order = await interleave(world.clock, operations, choose);
  await world.until(judge(world, acts, outcomes));
  await world.until(
    (async () => {
      for (const hours of [25, 25]) {
        await world.wait(hours * HOUR_MS);
        const calm = world.isolate();
        await calm.poll();
        await calm.runAll();
        await calm.settle();
        await judge(world, acts, outcomes);
      }
    })(),
  );
  return order;
}

/** What is pinned, named or listed is there as a whole; what an act was told holds. */
async function judge(world: World, acts: readonly Act[], outcomes: Outcomes): Promise<void> {
  const alias = world.stored<{ version: string | null; pin: string | null }>(`alias/${PAIR}/current.json`);
  const index = world.stored<{ releases: { version: string }[] }>(`index/${PAIR}.json`);
  const listed = index?.releases.map(({ version }) => version) ?? [];
  const reader = world.isolate();
  for (const version of new Set([alias?.pin, alias?.version, ...listed])) {
    if (version === null || version === undefined) continue;
    const manifest = world.stored<RawManifest>(`manifests/${PAIR}/${version}.json`);
    const missing = Object.entries(manifest?.files ?? {})
      .filter(([, { key, etag }]) => world.bucket.objects.get(key)?.etag !== etag)
      .map(([name]) => name);
    expect({ version, ...manifest, files: Object.keys(manifest?.files ?? {}).length, missing }).toMatchObject({
      files: 6,
      missing: [],
    });
    expect([version, manifest?.goingAt, manifest?.quarantinedAt]).toEqual([version, undefined, undefined]);
    expect(await world.get(reader, `${version}/${KERNEL}`)).toMatchObject({ status: 200, source: 'mirror' });
  }
  const { pin, mirror, quarantine } = outcomes;
  if (quarantine !== undefined && mirror === undefined) {
    expect(quarantine.status).toBe(200);
    expect((await world.get(reader, `${OLD}/${KERNEL}`)).status).toBe(404);
    expect([alias?.pin, ...listed]).not.toContain(OLD);
  }
  if (pin?.status === 200 && !acts.includes('quarantine') && !acts.includes('unpin')) {
    expect(alias?.pin).toBe(OLD);
    expect(listed).toContain(OLD);
  }
  if (pin !== undefined) expect([200, 409, 422]).toContain(pin.status);
  if (mirror !== undefined) expect(mirror.status).toBe(202);
  await reader.settle();
}

/** One act is interrupted once, before its call of that number, by the others, which run to their ends one after the other. */
const interruptedAt =
  (who: number, at: number): Choose =>
  (waiting, step) => {
    const own = waiting.indexOf(who);
    const isOthersTurn = step >= at && waiting.length > (own === -1 ? 0 : 1);
    return own !== -1 && !isOthersTurn ? own : waiting.findIndex((player) => player !== who);
  };

/** Adds a test that plays every interleaving in which one of the acts is interrupted once; every fourth unless THOROUGH=1. */
export function everyInterruption(start: StartName, acts: readonly Act[]): void {
  it(`${start}: ${acts.join(' against ')}, each interrupted before its calls`, async () => {
    const failed: string[] = [];
    let played = 0;
    for (const [who, act] of acts.entries()) {
      for (let at = casesOf(0, who); ; at += casesOf(1, 4)) {
        played += 1;
        try {
          const order = await race(start, acts, interruptedAt(who, at));
          if (
            order.slice(0, at).some((player) => player !== who) ||
            order.filter((player) => player === who).length <= at
          )
            break;
        } catch (cause) {
          failed.push(`${act} before call ${at + 1}: ${cause instanceof Error ? cause.message : cause}`);
          if (failed.length > 5) break;
        }
      }
    }
    expect(failed).toEqual([]);
    expect(played).toBeGreaterThan(casesOf(10, 3));
  }, 120_000);
}

/** Adds a test of orders by chance. Runs of one act are longer than by tossing a coin at every call: races are of few switches. */
export function anyOrder(start: StartName, acts: readonly Act[], seeds: number): void {
  it(`${start}: ${acts.join(' against ')}, ${seeds} orders by chance`, async () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= seeds && failed.length < 5; seed += 1) {
      const random = seeded(seed);
      const staying = random();
      let last = 0;
      const choose: Choose = (waiting) => {
        const same = waiting.indexOf(last);
        const next = same !== -1 && random() < staying ? same : Math.floor(random() * waiting.length);
        last = waiting[next] ?? 0;
        return next;
      };
      await race(start, acts, choose).catch((cause: Error) => failed.push(`seed ${seed}: ${cause.message}`));
    }
    expect(failed).toEqual([]);
  }, 300_000);
}
