/**
 * Parses JSON (RFC 8259) into a tree that keeps offsets, duplicate keys and the text of numbers. `JSON.parse` loses
 * them, but Ignition's decoder needs them. No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';

/** The offset of the first character, and the offset after the last one. */
interface Extent {
  readonly at: number;
  readonly end: number;
}

export type JsonNode = Extent &
  (
    | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
    | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
    | { readonly kind: 'string'; readonly value: string }
    /** The text as it is written, because `420.0` is not an integer for Go. */
    | { readonly kind: 'number'; readonly text: string }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'null' }
  );

export interface JsonMember {
  readonly key: string;
  /** The offset of the key's opening quote. */
  readonly keyAt: number;
  readonly value: JsonNode;
}

export interface JsonFault {
  readonly message: string;
  /** The offset in the text. */
  readonly at: number;
}

/**
 * Returns a name as Go's decoder compares names of different case: it folds the long s (U+017F) and the Kelvin sign
 * (U+212A) to the letters s and k (encoding/json, foldName).
 */
export const foldedName = (name: string): string => name.replaceAll('\u017f', 's').toLowerCase();

/** No useful config is nested this deep. Go stops at 10,000, but this reader recurses and could overflow the stack. */
const MOST_DEPTH = 1000;
/**
 * The limit for the values of a document. Each takes about a hundred bytes, and an isolate has 128 MB. Configs of 1 MiB
 * have far fewer.
 */
const MOST_VALUES = 400_000;
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Returns the tree of a document, or the first fault with its offset. */
export function readJson(text: string): Result<JsonNode, JsonFault> {
  try {
    return ok(new Reader(text).document());
  } catch (cause) {
    if (cause instanceof Malformed) return err({ message: cause.message, at: cause.at });
    throw cause;
  }
}

/** True for the code of a character that a string may hold unescaped; false for NaN, which is past the end. */
const isPlain = (code: number): boolean => code >= 0x20 && code !== 0x22 && code !== 0x5c;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * Returns a function that finds the line and column of an offset, both counted from 1. Columns count UTF-16 units. The
 * text is searched for lines once, at the first call.
 */
export function placesIn(text: string): (at: number) => { line: number; column: number } {
  let starts: number[] | undefined;
  return (at) => {
    starts ??= lineStarts(text);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] as number) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Ends the recursion of the reader. `readJson` catches it. */
class Malformed extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

class Reader {
  #at = 0;
  #values = 0;

  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
    return node;
  }

  #value(depth: number): JsonNode {
    this.#space();
    const at = this.#at;
    this.#values += 1;
    if (this.#values > MOST_VALUES) throw new Malformed(`over ${MOST_VALUES} values, the limit of this server`, at);
    if (depth > MOST_DEPTH) throw new Malformed('exceeded max depth', at);
    const first = this.#text[at];
    if (first === '{') return { kind: 'object', members: this.#members(depth), at, end: this.#at };
    if (first === '[') return { kind: 'array', items: this.#items(depth), at, end: this.#at };
    if (first === '"') return { kind: 'string', value: this.#string(), at, end: this.#at };
    for (const [word, node] of WORDS) {
      if (this.#text.startsWith(word, at)) {
        this.#at += word.length;
        return { ...node, at, end: this.#at };
      }
    }
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number === undefined) throw this.#unexpected('looking for beginning of value');
    this.#at += number.length;
    return { kind: 'number', text: number, at, end: this.#at };
  }

  #members(depth: number): JsonMember[] {
    const members: JsonMember[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return members;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
      const keyAt = this.#at;
      const key = this.#string();
      this.#space();
      if (!this.#take(':')) throw this.#unexpected('after object key');
      members.push({ key, keyAt, value: this.#value(depth + 1) });
      this.#space();
      if (this.#take('}')) return members;
      if (!this.#take(',')) throw this.#unexpected('after object key:value pair');
    }
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) throw this.#unexpected('after array element');
    }
  }

  #string(): string {
    this.#at += 1;
    let value = '';
    for (;;) {
      const from = this.#at;
      while (isPlain(this.#text.charCodeAt(this.#at))) this.#at += 1;
      value += this.#text.slice(from, this.#at);
      // Go reads half a surrogate pair as U+FFFD.
      if (this.#take('"')) return value.isWellFormed() ? value : value.toWellFormed();
      if (!this.#take('\\')) throw this.#unexpected('in string literal');
      value += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? '';
    const simple = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (simple !== undefined) {
      this.#at += 1;
      return simple;
    }
    const digits = letter === 'u' ? this.#text.slice(this.#at + 1, this.#at + 5) : '';
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#unexpected('in string escape code');
    this.#at += 5;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(where: string): Malformed {
    const character = this.#text[this.#at];
    if (character === undefined) return new Malformed('unexpected end of JSON input', this.#at);
    return new Malformed(`invalid character '${character}' ${where}`, this.#at);
  }
}

const WORDS = [
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ['null', { kind: 'null' }],
] as const;
