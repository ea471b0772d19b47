/** Keeps the tokens that may turn out to be keys: one for each open flow collection, and one for the blocks. No I/O. */
import { type Cursor, type Mark, scanFault } from './cursor.ts';

/** A token that is a key if a `:` follows it in its line. */
export interface PossibleKey {
  readonly mark: Mark;
  /** The number of the token, counted from the start of the text. */
  readonly number: number;
  /** True for a token that stands where only a key may stand. */
  readonly isRequired: boolean;
}

/** A key is at most this many characters before its `:`. */
const MOST_KEY = 1024;

export class PossibleKeys {
  readonly #cursor: Cursor;
  readonly #keys: (PossibleKey | undefined)[] = [undefined];
  /** The place in `#keys` of each possible key, by the number of its token. */
  readonly #levels = new Map<number, number>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  get isInFlow(): boolean {
    return this.#keys.length > 1;
  }

  /** True when the token with this number may still turn out to be a key. */
  mayBe(number: number): boolean {
    const level = this.#levels.get(number);
    return level !== undefined && this.#fresh(level) !== undefined;
  }

  /** Returns the possible key of the innermost collection, if its line has not ended. */
  current(): PossibleKey | undefined {
    return this.#fresh(this.#keys.length - 1);
  }

  /** Notes a possible key in the innermost collection, in place of an earlier one. */
  note(key: PossibleKey): void {
    this.drop();
    const level = this.#keys.length - 1;
    this.#keys[level] = key;
    this.#levels.set(key.number, level);
  }

  /** Gives up the possible key of the innermost collection. That is a fault where only a key may stand. */
  drop(level = this.#keys.length - 1): void {
    const key = this.#keys[level];
    if (key?.isRequired === true) throw scanFault("could not find expected ':'", key.mark, this.#cursor.mark, key.mark);
    this.#forget(level);
  }

  /** Forgets the possible key of the innermost collection: it has become a key. */
  forget(): void {
    this.#forget(this.#keys.length - 1);
  }

  /** Begins a flow collection. */
  open(): void {
    this.#keys.push(undefined);
  }

  /** Ends a flow collection, if one is open. */
  close(): void {
    if (this.isInFlow) this.#keys.pop();
  }

  #fresh(level: number): PossibleKey | undefined {
    const key = this.#keys[level];
    if (key === undefined) return undefined;
    const { mark } = this.#cursor;
    if (key.mark.line === mark.line && key.mark.index + MOST_KEY >= mark.index) return key;
    this.drop(level);
    return undefined;
  }

  #forget(level: number): void {
    const key = this.#keys[level];
    if (key !== undefined) this.#levels.delete(key.number);
    this.#keys[level] = undefined;
  }
}
