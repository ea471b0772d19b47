/** The fault table of one release: the calls of a run, struck in every way; a third of the rows unless THOROUGH=1. */
import { beforeAll, expect, it } from 'vitest';
import { sampled } from '../support/thorough.ts';
import { canStrike, KINDS, type Kind } from './fault-injector.ts';
import { play, type Row } from './fault-table.ts';
import { makeWorld, prepareRelease, type Release } from './memory-world.ts';

const kinds = Object.keys(KINDS) as Kind[];

/**
 * Adds the tests to the file that calls this: for the calls of an undisturbed run from `first` on, of which there are `leastCalls` or
 * more.
 */
export function describeEveryFault(release: Row['release'], leastCalls: number, first = /./): void {
  const undisturbed: Row = { kind: 'fail', release, fits: () => false };
  let made: Release;
  let calls: readonly string[];
  let from = 0;
  const faults = (kind: Kind): [number: number, call: string][] =>
    calls.flatMap((call, index) => (index >= from && canStrike(kind, call) ? [[index + 1, call]] : []));
  beforeAll(async () => {
    made = await prepareRelease();
    ({ calls } = await play(makeWorld(made), undisturbed));
    from = calls.findIndex((call) => first.test(call));
  });

  it('nothing struck: the same calls in the same order each time', async () => {
    const again = await play(makeWorld(made), undisturbed);
    expect(again.calls).toEqual(calls);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(calls.length - from).toBeGreaterThanOrEqual(leastCalls);
    const count = kinds.reduce((sum, kind) => sum + faults(kind).length, 0);
    console.log(
      `${release} release: calls ${from + 1} to ${calls.length}, ${kinds.length} kinds, ${count} faults, of which a third is played unless THOROUGH=1`,
    );
  });

  it('R2 refuses a second write to one key within a second', async () => {
    await play(makeWorld(made, 1000), undisturbed);
  });

  it.each(kinds.map((kind) => [kind, KINDS[kind]] as const))(
    '%s: %s',
    async (kind) => {
      const failed: string[] = [];
      for (const [target, call] of sampled(faults(kind), 3, kinds.indexOf(kind))) {
        try {
          const { struck } = await play(makeWorld(made), { kind, release, fits: (number) => number === target });
          expect(struck).toBe(call);
        } catch (cause) {
          failed.push(`call ${target}, ${call}: ${cause instanceof Error ? cause.message : cause}`);
        }
      }
      expect(failed).toEqual([]);
    },
    120_000,
  );
}
