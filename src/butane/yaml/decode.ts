/**
 * Decodes a YAML tree into values by a shape, as go-yaml v3 decodes it (its decode.go). Wrong types are collected; a
 * value that cannot be resolved ends the decoding. Null elements of lists are dropped. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { ListNode, MapNode, Place, ScalarNode, YamlNode } from './node.ts';
import { asBytes, asFlag, asInteger, asText, asUnsigned, isNull, type ScalarFault, tagFault } from './scalar.ts';

/** The values that a field accepts. The names of an object's fields are those in YAML. */
export type YamlShape =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'list'; readonly element: YamlShape }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, YamlShape> };

type ScalarKind = 'text' | 'bytes' | 'integer' | 'unsigned' | 'flag';

export type YamlValue = Uint8Array<ArrayBuffer> | string | number | boolean | YamlValue[] | YamlObject;
export interface YamlObject {
  [name: string]: YamlValue;
}

/**
 * What a key and a merge key (`<<`) mean together. With `first`, an explicit key wins over one from a merge key. With
 * `order`, the later of the two wins, and two objects are merged field by field.
 */
export type Merging = 'first' | 'order';

interface Problem {
  readonly message: string;
  readonly at: Place;
}

/** Why a tree does not fit its shape. */
export interface DecodeFault {
  /** The message of go-yaml, with its lines. */
  readonly message: string;
  readonly problems: readonly Problem[];
}

/** Nobody reads more wrong types than this. */
const MOST_PROBLEMS = 1000;

/** Returns the values of a document, or `undefined` for a null document. */
export function decodeYaml(
  shape: YamlShape,
  node: YamlNode,
  merging: Merging,
): Result<YamlValue | undefined, DecodeFault> {
  const decoder = new Decoder(merging);
  try {
    const value = decoder.value(shape, node);
    const { problems } = decoder;
    if (problems.length === 0) return ok(value);
    const lines = problems.map(({ message, at }) => `\n  line ${at.line}: ${message}`);
    return err({ message: `yaml: unmarshal errors:${lines.join('')}`, problems });
  } catch (cause) {
    if (!(cause instanceof Unresolvable)) throw cause;
    const { message, at } = cause;
    return err({ message: `yaml: ${message}`, problems: [{ message, at }] });
  }
}

/** Ends the decoding. `decodeYaml` catches it. */
class Unresolvable extends Error {
  readonly at: Place;

  constructor(message: string, at: Place) {
    super(message);
    this.at = at;
  }
}

interface Entry {
  readonly key: ScalarNode;
  /** True for a merge key; `value` is then one mapping, even where YAML has a list of mappings. */
  readonly isMerge: boolean;
  readonly value: YamlNode;
}

class Decoder {
  readonly problems: Problem[] = [];
  readonly #merging: Merging;

  constructor(merging: Merging) {
    this.#merging = merging;
  }

  /** Returns `undefined` for a null, and for a value of a wrong type. */
  value(shape: YamlShape, node: YamlNode): YamlValue | undefined {
    if (node.kind === 'loop') throw new Unresolvable(`anchor '${node.anchor}' value contains itself`, node.at);
    if (node.kind === 'scalar') {
      const fault = tagFault(node);
      if (fault !== undefined) throw new Unresolvable(fault.message, node.at);
      if (isNull(node)) return undefined;
    }
    if (shape.kind === 'object') {
      if (node.kind === 'map') return this.#object(shape.fields, node);
      return this.#misfit(`cannot unmarshal ${nameOf(node)} into an object`, node.at);
    }
    if (shape.kind === 'list') {
      if (node.kind === 'list') return this.#list(shape.element, node);
      return this.#misfit(`cannot unmarshal ${nameOf(node)} into a list`, node.at);
    }
    return this.#scalar(shape.kind, node);
  }

  #misfit(message: string, at: Place): undefined {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ message, at });
    return undefined;
  }

  #object(fields: ReadonlyMap<string, YamlShape>, node: MapNode): YamlObject {
    const object: YamlObject = {};
    for (const { key, isMerge, value } of this.#entries(node)) {
      if (isMerge && value.kind === 'map') this.#merge(object, fields, value);
      else this.#set(object, key.text, fields.get(key.text), value);
    }
    return object;
  }

  #set(object: YamlObject, name: string, shape: YamlShape | undefined, node: YamlNode): void {
    if (shape === undefined) return;
    const value = this.value(shape, node);
    const before = object[name];
    if (value === undefined) delete object[name];
    else if (this.#merging === 'order' && isObject(before) && isObject(value))
      object[name] = mergedObject(before, value);
    else object[name] = value;
  }

  /** Sets the fields of a mapping that a merge key names. */
  #merge(object: YamlObject, fields: ReadonlyMap<string, YamlShape>, merged: MapNode): void {
    for (const { key, isMerge, value } of this.#entries(merged)) {
      if (isMerge && value.kind === 'map') this.#merge(object, fields, value);
      else this.#set(object, key.text, fields.get(key.text), value);
    }
  }

  /** Returns the pairs of a mapping in the order in which they are set. A merge key has one mapping as its value. */
  #entries(node: MapNode): Entry[] {
    const entries: Entry[] = [];
    const merges: Entry[] = [];
    const lines = new Map<string, number>();
    for (const { key, value } of node.pairs) {
      if (key.kind !== 'scalar') {
        this.#misfit(`cannot unmarshal ${nameOf(key)} into string`, key.at);
        continue;
      }
      const line = lines.get(key.text);
      if (line !== undefined) {
        this.#misfit(`mapping key "${key.text}" already defined at line ${line}`, key.at);
        continue;
      }
      lines.set(key.text, key.at.line);
      if (!isMergeKey(key)) entries.push({ key, isMerge: false, value });
      else (this.#merging === 'first' ? merges : entries).push({ key, isMerge: true, value: mergedMap(value) });
    }
    // Explicit keys are set last, so that they win wherever the merge key stands.
    return [...merges, ...entries];
  }

  #list(element: YamlShape, { items }: ListNode): YamlValue[] {
    return items.flatMap((item) => {
      const value = this.value(element, item);
      return value === undefined ? [] : [value];
    });
  }

  #scalar(kind: ScalarKind, node: YamlNode): YamlValue | undefined {
    const goType = { text: 'string', bytes: 'string', integer: 'int', unsigned: 'uint', flag: 'bool' }[kind];
    if (node.kind !== 'scalar') return this.#misfit(`cannot unmarshal ${nameOf(node)} into ${goType}`, node.at);
    const value: Result<YamlValue, ScalarFault> = READERS[kind](node);
    if (value.ok) return value.value;
    if (value.error.isType) return this.#misfit(value.error.message, node.at);
    throw new Unresolvable(value.error.message, node.at);
  }
}

const READERS = { text: asText, bytes: asBytes, integer: asInteger, unsigned: asUnsigned, flag: asFlag } as const;

/** True for an unquoted `<<`. */
export const isMergeKey = ({ text, isPlain, tag }: ScalarNode): boolean =>
  text === '<<' && (tag === '!!merge' || (isPlain && (tag === '' || tag === '!')));

/** Returns the value of a merge key as one mapping. In a list of mappings the earlier one wins. */
function mergedMap(value: YamlNode): MapNode {
  // An alias may name a mapping, but not a list of mappings.
  const maps = value.kind === 'list' && !value.isAlias ? [...value.items].reverse() : [value];
  const pairs = new Map<string, MapNode['pairs'][number]>();
  for (const map of maps) {
    if (map.kind === 'loop') throw new Unresolvable(`anchor '${map.anchor}' value contains itself`, map.at);
    if (map.kind !== 'map') throw new Unresolvable('map merge requires map or sequence of maps as the value', value.at);
    for (const pair of map.pairs) if (pair.key.kind === 'scalar') pairs.set(pair.key.text, pair);
  }
  return { kind: 'map', pairs: [...pairs.values()], at: value.at, isAlias: true };
}

const nameOf = (node: YamlNode): string =>
  ({ scalar: `!!str \`${node.kind === 'scalar' ? shown(node.text) : ''}\``, map: '!!map', list: '!!seq', loop: '' })[
    node.kind
  ];

/** Cuts a long text as go-yaml does in its messages. */
const shown = (text: string): string => (text.length > 10 ? `${text.slice(0, 7)}...` : text);

const isObject = (value: YamlValue | undefined): value is YamlObject =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

function mergedObject(before: YamlObject, value: YamlObject): YamlObject {
  const merged = { ...before };
  for (const [name, inner] of Object.entries(value)) {
    const old = merged[name];
    merged[name] = isObject(old) && isObject(inner) ? mergedObject(old, inner) : inner;
  }
  return merged;
}
