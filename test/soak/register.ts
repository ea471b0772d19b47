/**
 * The sequential model of one thing that is written: what it may be now. A write that was acknowledged is what it is; one that was
 * not may have happened or not. Readers that began before a write ended may have seen either.
 */
export class Register<T> {
  /** What it may be, one set a change; a reader may have seen anything since the set that stood when it began. */
  readonly #sets: ReadonlySet<T>[] = [];

  constructor(first: T) {
    this.#sets.push(new Set([first]));
  }

  /** Where a reader begins. */
  get moment(): number {
    return this.#sets.length - 1;
  }

  /** All that a reader that began at `moment` may have seen. */
  possibleSince(moment: number): ReadonlySet<T> {
    return new Set(this.#sets.slice(moment).flatMap((set) => [...set]));
  }

  /** A write of `value` is under way. */
  begin(value: T): void {
    this.#sets.push(new Set([...this.#now, value]));
  }

  /** It was acknowledged: that is what it is. */
  acknowledge(value: T): void {
    this.#sets.push(new Set([value]));
  }

  /** While nothing was under way somebody saw `value`: that is what it is. */
  saw(value: T): void {
    this.#sets.push(new Set([value]));
  }

  get #now(): ReadonlySet<T> {
    return this.#sets.at(-1) ?? new Set();
  }
}
