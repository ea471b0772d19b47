/**
 * Time as a test passes it, in plain Node: it stands still while anything can go on without it, then jumps to the timer that is due
 * next. Nothing waits in earnest, and what waits for ever is found at once.
 */
import type { Platform } from '../../src/shared/platform.ts';
import { openpgp } from '../../src/signing/openpgp.ts';

// What is loaded when it is first needed would be loaded while no time goes by: it is here already.
await Promise.all([openpgp(), import('../../src/routes-calls.ts'), import('../../src/api/contract/contract.ts')]);

interface Alarm {
  readonly due: number;
  readonly ring: () => void;
}

export class VirtualClock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor(start = Date.parse('2025-01-03T16:00:00Z')) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  readonly timer: Platform['timer'] = (milliseconds) => {
    let cancel = () => false;
    const elapsed = new Promise<void>((resolve) => {
      const alarm = { due: this.#now + Math.max(0, milliseconds), ring: resolve };
      this.#alarms.add(alarm);
      cancel = () => this.#alarms.delete(alarm);
    });
    return { elapsed, cancel: () => void cancel() };
  };

  /** Lets time go by until `work` is done. Stores, network and crypto of these tests answer without any. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (;;) {
      await everythingElse();
      if (isDone) return await work;
      this.#jump();
    }
  }

  async pass(milliseconds: number): Promise<void> {
    await this.until(this.timer(milliseconds).elapsed);
  }

  /** To the earliest timer; of two that are due at once, to the one that was set first. */
  #jump(): void {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (next === undefined || alarm.due < next.due) next = alarm;
    if (next === undefined) throw new Error('something waits for ever: no timer is left that could end it');
    this.#alarms.delete(next);
    this.#now = Math.max(this.#now, next.due);
    next.ring();
  }
}

/** Node comes to its immediates once every promise that could go on has done so. */
const everythingElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
