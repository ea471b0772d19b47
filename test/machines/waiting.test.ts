/** How many machines of an hour a fleet takes in, where R2 tells times in milliseconds. */
import { describe, expect, it } from 'vitest';
import { waitingBucket } from '../../src/machines/fleets/bucket.ts';
import { type Platform, systemPlatform } from '../../src/shared/platform.ts';
import { memoryBucket } from '../support/memory-bucket.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const HOUR = '2026-01-02T03';

describe('the count of an hour', () => {
  it('has one order for machines that came within one millisecond, also where the second has the earlier name', async () => {
    const over: (() => void)[] = [];
    const platform: Platform = {
      ...systemPlatform,
      // Moments that the test ends; the timers of the stores never do.
      timer: (milliseconds) => ({
        elapsed: new Promise((resolve) => {
          if (milliseconds < 10) over.push(resolve);
        }),
        cancel: () => undefined,
      }),
      waitUntil: () => undefined,
    };
    const store = waitingBucket(memoryBucket({ now: () => NOW }).r2, platform);
    const first = store.count('room', HOUR, 'room-b', 1);
    while (over.length < 1) await new Promise(setImmediate);
    const second = store.count('room', HOUR, 'room-a', 1);
    while (over.length < 2) await new Promise(setImmediate);
    for (const end of over) end();
    expect([await first, await second]).toMatchObject([{ value: false }, { value: true }]);
    // Whoever asks again waits for no moment, and keeps its place.
    expect(await store.count('room', HOUR, 'room-a', 1)).toMatchObject({ value: true });
    expect(over.length).toBe(2);
  });
});
