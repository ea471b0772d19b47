/** No more work runs at once than there are slots, and work that the runtime has dropped keeps none. */
import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/shared/slots.ts';

/** Starts work that ends when it is told to, and counts what runs. */
function workers(slots: Slots) {
  const running = { now: 0, most: 0 };
  const start = () => {
    let end: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    const done = slots.run(async () => {
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      await until;
      running.now -= 1;
    });
    return { end, done };
  };
  return { running, start };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

describe('slots', () => {
  it('let the next one in as soon as one ends', async () => {
    const { running, start } = workers(new Slots(2));
    const [first, second, third] = [start(), start(), start()];
    await turn();
    expect(running.now).toBe(2);
    first.end();
    await first.done;
    await turn();
    expect(running.now).toBe(2);
    second.end();
    third.end();
    await Promise.all([second.done, third.done]);
    expect(running).toEqual({ now: 0, most: 2 });
  });
  it('are not taken by one who comes in the moment in which one who waits gets it', async () => {
    const slots = new Slots(1);
    const giveBack = await slots.take();
    const order: string[] = [];
    const waiting = slots.take().then((give) => {
      order.push('waited');
      return give;
    });
    giveBack();
    const late = slots.take().then((give) => {
      order.push('late');
      return give;
    });
    (await waiting)();
    (await late)();
    expect(order).toEqual(['waited', 'late']);
  });
  it('come back after the lease from work that nobody ends', async () => {
    let now = 0;
    const { running, start } = workers(new Slots(1, { now: () => now, milliseconds: 60_000 }));
    const dropped = start();
    const waiting = start();
    await turn();
    now = 59_999;
    const third = start();
    await turn();
    expect(running.now).toBe(1);
    now = 60_000;
    const fourth = start();
    await turn();
    expect(running.now).toBe(2);
    // The one that came back late has nothing to give.
    dropped.end();
    await dropped.done;
    await turn();
    expect(running.now).toBe(1);
    waiting.end();
    await waiting.done;
    third.end();
    fourth.end();
    await Promise.all([third.done, fourth.done]);
  });
});
