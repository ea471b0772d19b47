/** A memory of an isolate that knows how much it holds. No I/O. */

/** A text may take two bytes a character. */
const BYTES_A_CHARACTER = 2;

/** Remembers values up to `mostBytes` in all, and none over `mostBytesOfOne`. The least recently used goes first. */
export class BoundedMemory<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  #bytes = 0;

  constructor(
    private readonly mostBytes: number,
    private readonly mostBytesOfOne: number,
  ) {}

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** `texts` are what takes memory. */
  set(key: string, value: T, texts: readonly string[]): void {
    this.#drop(key);
    const characters = texts.reduce((sum, text) => sum + text.length, key.length);
    const bytes = BYTES_A_CHARACTER * characters;
    if (bytes > this.mostBytesOfOne) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.mostBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
