/** A cache whose entries expire. It holds a limited number of entries and drops the oldest first. */
export class TtlCache<T> {
  readonly #entries = new Map<string, { value: T; until: number }>();

  constructor(
    private readonly now: () => number,
    private readonly milliseconds: number,
    private readonly most: number,
  ) {}

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.now() < entry.until) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.now() + this.milliseconds });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.most) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
