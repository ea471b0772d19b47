/** Limits how many pieces of work run at once. Each waits for a free slot and gives it back at the end. */

/**
 * How long a slot may be held. The runtime drops work when its request has been over for a while, and nothing of it goes
 * on: it cannot give its slot back. `now` is in milliseconds.
 */
export interface Lease {
  readonly now: () => number;
  readonly milliseconds: number;
}

export class Slots {
  readonly #slots: number;
  readonly #lease: Lease | undefined;
  /** When each of the slots that are held was taken. */
  readonly #held = new Map<symbol, number>();
  readonly #waiting: (() => void)[] = [];

  constructor(slots: number, lease?: Lease) {
    this.#slots = slots;
    this.#lease = lease;
  }

  /** Waits for a free slot. Resolves with the function that gives the slot back. */
  async take(): Promise<() => void> {
    this.#dropOverdue();
    if (this.#held.size >= this.#slots) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const holder = Symbol('slot');
    this.#held.set(holder, this.#lease?.now() ?? 0);
    return () => {
      if (this.#held.delete(holder)) this.#wakeOne();
    };
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const giveBack = await this.take();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  #dropOverdue(): void {
    if (this.#lease === undefined) return;
    const { now, milliseconds } = this.#lease;
    for (const [holder, takenAt] of this.#held) {
      if (now() - takenAt < milliseconds) continue;
      this.#held.delete(holder);
      this.#wakeOne();
    }
  }

  #wakeOne(): void {
    this.#waiting.shift()?.();
  }
}
