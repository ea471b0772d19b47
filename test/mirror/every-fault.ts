/** The whole fault table of one release: every call of a run, struck in every way. */
import { beforeAll, expect, it } from 'vitest';
import { KINDS, type Kind } from './fault-injector.ts';
import { play, type Row } from './fault-table.ts';
import { makeWorld, prepareRelease, type Release } from './memory-world.ts';

const NEVER = () => false;

/** Adds the tests to the file that calls this; an undisturbed run makes at least `leastCalls`. */
export function describeEveryFault(release: Row['release'], leastCalls: number): void {
  let made: Release;
  let calls: readonly string[];
  beforeAll(async () => {
    made = await prepareRelease();
    ({ calls } = await play(makeWorld(made), { kind: 'fail', release, fits: NEVER }));
  });

  it('nothing struck: the same calls in the same order each time', async () => {
    const again = await play(makeWorld(made), { kind: 'fail', release, fits: NEVER });
    expect(again.calls).toEqual(calls);
    expect(again.struck).toBeUndefined();
    expect(calls.length).toBeGreaterThanOrEqual(leastCalls);
    const kinds = Object.keys(KINDS).length;
    console.log(`${release} release: ${calls.length} calls x ${kinds} kinds = ${calls.length * kinds} faults`);
  });

  it('R2 refuses a second write to one key within a second', async () => {
    await play(makeWorld(made, 1000), { kind: 'fail', release, fits: NEVER });
  });

  it.each(Object.entries(KINDS))(
    '%s: %s',
    async (kind) => {
      const failed: string[] = [];
      let struck = 0;
      for (const [index, call] of calls.entries()) {
        const row = { kind: kind as Kind, release, fits: (number: number) => number === index + 1 };
        try {
          const injector = await play(makeWorld(made), row);
          expect(injector.struck).toBe(call);
          struck += 1;
        } catch (cause) {
          failed.push(`call ${index + 1}, ${call}: ${cause instanceof Error ? cause.message : cause}`);
        }
      }
      expect(failed).toEqual([]);
      expect(struck).toBe(calls.length);
    },
    120_000,
  );
}
