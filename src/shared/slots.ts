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
  readonly #waiting: ((holder: symbol) => void)[] = [];

  constructor(slots: number, lease?: Lease) {
    this.#slots = slots;
    this.#lease = lease;
  }

  /** Waits for a free slot. Resolves with the function that gives the slot back. */
  async take(): Promise<() => void> {
    this.#dropOverdue();
    const isFree = this.#held.size < this.#slots;
    const holder = isFree ? this.#grant() : await new Promise<symbol>((resolve) => this.#waiting.push(resolve));
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

  #grant(): symbol {
    const holder = Symbol('slot');
    this.#held.set(holder, this.#lease?.now() ?? 0);
    return holder;
  }

  #dropOverdue(): void {
    if (this.#lease === undefined) return;
    const { now, milliseconds } = this.#lease;
    for (const [holder, takenAt] of [...this.#held]) {
      if (now() - takenAt < milliseconds) continue;
      this.#held.delete(holder);
      this.#wakeOne();
    }
  }

  /** Hands the slot over at once, so that nobody else takes it before the one who waits goes on. */
  #wakeOne(): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(this.#grant());
  }
}
