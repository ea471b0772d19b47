/** The whole fault table of one release: every call of a run, struck in every way. */
import { beforeAll, expect, it } from 'vitest';
import { canStrike, KINDS, type Kind } from './fault-injector.ts';
import { play, type Row } from './fault-table.ts';
import { makeWorld, prepareRelease, type Release } from './memory-world.ts';

const kinds = Object.keys(KINDS) as Kind[];

/** Adds the tests to the file that calls this; an undisturbed run makes at least `leastCalls`. */
export function describeEveryFault(release: Row['release'], leastCalls: number): void {
  const undisturbed: Row = { kind: 'fail', release, fits: () => false };
  let made: Release;
  let calls: readonly string[];
  beforeAll(async () => {
    made = await prepareRelease();
    ({ calls } = await play(makeWorld(made), undisturbed));
  });

  it('nothing struck: the same calls in the same order each time', async () => {
    const again = await play(makeWorld(made), undisturbed);
    expect(again.calls).toEqual(calls);
    expect(calls.length).toBeGreaterThanOrEqual(leastCalls);
    const faults = kinds.flatMap((kind) => calls.filter((call) => canStrike(kind, call)));
    console.log(`${release} release: ${calls.length} calls, ${kinds.length} kinds, ${faults.length} faults`);
  });

  it('R2 refuses a second write to one key within a second', async () => {
    await play(makeWorld(made, 1000), undisturbed);
  });

  it.each(kinds.map((kind) => [kind, KINDS[kind]] as const))(
    '%s: %s',
    async (kind) => {
      const failed: string[] = [];
      for (const [index, call] of calls.entries()) {
        if (!canStrike(kind, call)) continue;
        try {
          const { struck } = await play(makeWorld(made), { kind, release, fits: (number) => number === index + 1 });
          expect(struck).toBe(call);
        } catch (cause) {
          failed.push(`call ${index + 1}, ${call}: ${cause instanceof Error ? cause.message : cause}`);
        }
      }
      expect(failed).toEqual([]);
    },
    120_000,
  );
}
