import { describe, expect, it } from 'vitest';
import { err, ok, type Result } from '../../src/shared/result.ts';
import { SingleFlight } from '../../src/shared/single-flight.ts';
import { nodePlatform } from '../support/node-platform.ts';

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Work that gives the outcomes in turn, the last one from then on. */
function sequence(...outcomes: Result<number, string>[]) {
  const state = { calls: 0 };
  const work = async () => {
    const outcome = outcomes[Math.min(state.calls, outcomes.length - 1)] ?? err('none');
    state.calls += 1;
    await tick();
    return outcome;
  };
  return { state, work };
}

const fly = (flights: SingleFlight<number, string>, work: () => Promise<Result<number, string>>, askers: number) =>
  Promise.all(Array.from({ length: askers }, () => flights.run('key', work)));

describe('single flight', () => {
  it('one call for many askers, and another one after it has landed', async () => {
    const flights = new SingleFlight<number, string>(nodePlatform);
    const { state, work } = sequence(ok(1), ok(2));
    expect(await fly(flights, work, 100)).toEqual(Array(100).fill(ok(1)));
    expect(state.calls).toBe(1);
    expect(await flights.run('key', work)).toEqual(ok(2));
  });

  it('a failing leader fails alone', async () => {
    const { state, work } = sequence(err('once'), ok(2));
    const outcomes = await fly(new SingleFlight(nodePlatform), work, 100);
    expect(outcomes.filter(({ ok: good }) => !good)).toHaveLength(1);
    expect(state.calls).toBe(2);
  });

  it('a failure that stays costs three calls, not a hundred', async () => {
    const { state, work } = sequence(err('always'));
    const outcomes = await fly(new SingleFlight(nodePlatform), work, 100);
    expect(outcomes.every(({ ok: good }) => !good)).toBe(true);
    expect(state.calls).toBe(3);
  });

  it('a leader that never comes back is replaced', async () => {
    const hurried = { ...nodePlatform, timer: (milliseconds: number) => nodePlatform.timer(milliseconds / 200) };
    const flights = new SingleFlight<number, string>(hurried);
    let calls = 0;
    const work = async () => {
      calls += 1;
      if (calls === 1) return await new Promise<Result<number, string>>(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 15));
      return ok(7);
    };
    void flights.run('key', work);
    expect(await fly(flights, work, 10)).toEqual(Array(10).fill(ok(7)));
    expect(calls).toBe(2);
  });
});
