/**
 * Replaces variables, `{{name}}`, in the text of a config: in string values alone, never in keys, and inside data URLs in what they
 * hold. Everything else of the text stays as it is, so a value cannot change the structure, and nothing replaced is the same text. No I/O.
 */

import { foldedName, type JsonNode, placesIn, readJson } from '../../ignition/json-source.ts';
import { type Entry, type Path, pathText } from '../../ignition/report.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { replaceInDataUrl } from './data-url-slots.ts';
import { type Encoding, encodedFor } from './encoding.ts';

/** What stands for a variable; `undefined` leaves what is written. */
export type Value =
  /** A text; a function where it depends on how the place holds it. */
  | string
  | ((encoding: Encoding) => string)
  /** There is none, and the words say what to do. */
  | { readonly missing: string }
  /** A text that stands for one which is not known yet. */
  | { readonly sample: string };

export type ValueOf = (name: string) => Value | undefined;

export interface Replaced {
  readonly text: string;
  /** The variables that were replaced, and those of them that stood in bytes. */
  readonly used: ReadonlySet<string>;
  readonly usedInBytes: ReadonlySet<string>;
  /** The paths of values that hold a sample: what is wrong there may be right with the real text. */
  readonly samplesAt: ReadonlySet<string>;
}

/** `{{name}}`, where a name may have a part before a dot. */
const VARIABLE = /\{\{([a-z][a-z0-9_]{0,63}(?:\.[a-z][a-z0-9_]{0,63})?)\}\}/g;
/** So many characters may be added to a text: a short variable could stand for a long value a hundred thousand times. */
const MOST_ADDED = 1024 * 1024;
const MAY_HOLD = /\{\{|%7B|\\u007b|;base64,/i;
const NONE: ReadonlySet<string> = new Set();

/** Returns the text with its variables replaced, or an error for each that has no value. What is no JSON stays as it is. */
export function replaceVariables(text: string, valueFor: ValueOf): Result<Replaced, readonly Entry[]> {
  const unchanged = { text, used: NONE, usedInBytes: NONE, samplesAt: NONE };
  if (!MAY_HOLD.test(text)) return ok(unchanged);
  const json = readJson(text);
  if (!json.ok) return ok(unchanged);
  const replacing = new Replacing(text, valueFor);
  replacing.walk(json.value, [], false);
  return replacing.outcome();
}

/** Returns true where a text holds one of these variables. */
export function usesVariable(text: string, names: readonly string[]): boolean {
  const replaced = replaceVariables(text, (name) => (names.includes(name) ? '' : undefined));
  return !replaced.ok || replaced.value.used.size > 0;
}

class Replacing {
  readonly #entries: Entry[] = [];
  readonly #used = new Set<string>();
  readonly #usedInBytes = new Set<string>();
  readonly #samplesAt = new Set<string>();
  readonly #pieces: string[] = [];
  readonly #text: string;
  readonly #valueFor: ValueOf;
  readonly #placeOf: ReturnType<typeof placesIn>;
  #at = 0;
  #added = 0;

  constructor(text: string, valueFor: ValueOf) {
    this.#text = text;
    this.#valueFor = valueFor;
    this.#placeOf = placesIn(text);
  }

  outcome(): Result<Replaced, readonly Entry[]> {
    if (this.#entries.length > 0) return err(this.#entries);
    const text = this.#pieces.join('') + this.#text.slice(this.#at);
    return ok({ text, used: this.#used, usedInBytes: this.#usedInBytes, samplesAt: this.#samplesAt });
  }

  walk(node: JsonNode, path: Path, isGzip: boolean): void {
    if (node.kind === 'array')
      for (const [index, item] of node.items.entries()) this.walk(item, [...path, index], false);
    if (node.kind === 'object') this.#object(node, path);
    if (node.kind === 'string') this.#string(node, node.value, path, isGzip);
  }

  #object(node: Extract<JsonNode, { kind: 'object' }>, path: Path): void {
    const member = (name: string) => node.members.find(({ key }) => foldedName(key) === name)?.value;
    const compression = member('compression');
    const isGzip = compression?.kind === 'string' && compression.value === 'gzip';
    for (const { key, value } of node.members) {
      const before = this.#used.size + this.#pieces.length;
      this.walk(value, [...path, key], isGzip && foldedName(key) === 'source');
      const isReplaced = this.#used.size + this.#pieces.length > before;
      if (isReplaced && foldedName(key) === 'source') this.#refuseHash(member('verification'), path);
    }
  }

  /** No hash fits a text that differs from machine to machine: Ignition would fail. */
  #refuseHash(verification: JsonNode | undefined, path: Path): void {
    const hash =
      verification?.kind === 'object'
        ? verification.members.find(({ key }) => foldedName(key) === 'hash')?.value
        : undefined;
    if (hash?.kind !== 'string' || hash.value === '') return;
    const message = 'no hash fits a text with a variable, which differs from machine to machine: take the hash out';
    this.#error([...path, 'verification', 'hash'], hash, message);
  }

  #string(node: JsonNode, value: string, path: Path, isGzip: boolean): void {
    const replace = (text: string, encoding: Encoding) => this.#replaced(text, encoding, node, path);
    const isDataUrl = /^data:/i.test(value);
    const after = isDataUrl ? replaceInDataUrl(value, isGzip, replace) : replace(value, 'plain');
    if (after === value) return;
    this.#pieces.push(this.#text.slice(this.#at, node.at), JSON.stringify(after));
    this.#at = node.end;
  }

  #replaced(text: string, encoding: Encoding, node: JsonNode, path: Path): string {
    return text.replaceAll(VARIABLE, (written, name: string) => {
      const value = this.#valueFor(name);
      if (value === undefined || this.#added > MOST_ADDED) return written;
      if (typeof value === 'object' && 'missing' in value) {
        this.#error(path, node, `{{${name}}} has no value: ${value.missing}`);
        return written;
      }
      this.#used.add(name);
      if (encoding === 'bytes') this.#usedInBytes.add(name);
      if (typeof value === 'object') this.#samplesAt.add(pathText(path));
      const plain = typeof value === 'object' ? value.sample : value;
      const put = typeof plain === 'function' ? plain(encoding) : encodedFor(encoding, plain);
      this.#added += put.length;
      if (this.#added > MOST_ADDED) this.#error(path, node, `the variables add more than ${MOST_ADDED} characters`);
      return put;
    });
  }

  #error(path: Path, { at }: JsonNode, message: string): void {
    const entry = { severity: 'error' as const, path: pathText(path), message, ...this.#placeOf(at) };
    // A text may hold a variable a thousand times.
    if (!this.#entries.some((known) => known.path === entry.path && known.message === message))
      this.#entries.push(entry);
  }
}
