/** Counts of update checks go by the list of releases, which is read once a minute. */
import { describe, expect, it } from 'vitest';
import type { Counters } from '../../src/observability/counters.ts';
import { updateCounter } from '../../src/observability/updates.ts';
import type { Pair, Version } from '../../src/releases/model.ts';
import type { ReleaseStore } from '../../src/releases/store/bucket.ts';

const told = { channel: 'stable', board: 'amd64-usr', told: 'noupdate' } as const;

function open() {
  const world = { time: 0, reads: 0, isDown: false, published: ['4593.2.5'] };
  const counted: string[] = [];
  const work: Promise<unknown>[] = [];
  const index = (_pair: Pair) => {
    world.reads += 1;
    if (world.isDown) return Promise.resolve({ ok: false, error: { reason: 'store-unavailable' } });
    return Promise.resolve({ ok: true, value: { releases: world.published.map((version) => ({ version })) } });
  };
  const count = updateCounter(
    { add: (series: string) => counted.push(/version="([^"]*)"/.exec(series)?.[1] ?? '') } as unknown as Counters,
    { index } as unknown as Pick<ReleaseStore, 'index'>,
    { now: () => world.time, waitUntil: (one) => work.push(one) },
  );
  const tell = async (version: string | undefined) => {
    count({ ...told, version: version as Version | undefined });
    await Promise.all(work);
    return counted.at(-1);
  };
  return { world, tell };
}

describe('a count of an update check', () => {
  it('reads the releases once a minute, however many machines ask', async () => {
    const { world, tell } = open();
    for (let turn = 0; turn < 100; turn += 1) expect(await tell('4593.2.5')).toBe('4593.2.5');
    world.time = 59_999;
    expect(await tell('4593.2.5')).toBe('4593.2.5');
    expect(world.reads).toBe(1);
    world.time = 60_000;
    await tell('4593.2.5');
    expect(world.reads).toBe(2);
  });

  it('is of `other` for what is not published here, and knows a new release a minute later', async () => {
    const { world, tell } = open();
    expect([await tell('4593.2.6'), await tell(undefined)]).toEqual(['other', 'other']);
    world.published.push('4593.2.6');
    expect(await tell('4593.2.6')).toBe('other');
    world.time = 60_000;
    expect(await tell('4593.2.6')).toBe('4593.2.6');
  });

  it('reads again at once where the store did not answer', async () => {
    const { world, tell } = open();
    world.isDown = true;
    expect(await tell('4593.2.5')).toBe('other');
    world.isDown = false;
    expect(await tell('4593.2.5')).toBe('4593.2.5');
  });
});
