/**
 * Decodes a YAML tree into values by a shape. It reports unknown keys, and nulls where an object belongs; a wrong type
 * ends it with a fault. It drops null elements of lists, and the indexes in paths do not count them. No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { asBytes, asFlag, asInteger, asText, isNull, type ScalarFault, tagFault } from './scalar.ts';
import type { ListNode, MapNode, YamlNode } from './yaml-tree.ts';

/** The values that a field accepts. The names of an object's fields are those in YAML. */
export type YamlShape =
  | { readonly kind: 'text' | 'bytes' | 'integer' | 'flag' }
  | { readonly kind: 'list'; readonly element: YamlShape }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, YamlShape> };

export type YamlValue = Uint8Array<ArrayBuffer> | string | number | boolean | YamlValue[] | YamlObject;
export interface YamlObject {
  [name: string]: YamlValue;
}

/** The differences between the two tools, Butane and ct, in reading the same YAML. */
export interface Dialect {
  /**
   * With `first`, an explicit key wins over one from a merge key. With `order`, the later of the two wins, and two
   * objects are merged field by field.
   */
  readonly merging: 'first' | 'order';
  /** Called for a key that the shape does not have; `fieldNames` are those that it has. */
  readonly unknownKey: (key: string, fieldNames: readonly string[], path: Path, at: number) => void;
  /** Called for an alias or another value where an object belongs. The tool does not check the keys below it. */
  readonly strangeObject: (path: Path, at: number) => void;
}

export interface DecodeFault {
  readonly message: string;
  readonly at: number;
}

/** Returns the values of a document, or `undefined` for a null document. The fault has an offset in the text. */
export function decodeYaml(
  shape: YamlShape,
  node: YamlNode,
  dialect: Dialect,
): Result<YamlValue | undefined, DecodeFault> {
  try {
    return ok(new Decoder(dialect).value(shape, node, [], true));
  } catch (cause) {
    if (cause instanceof Misfit) return err({ message: cause.message, at: cause.at });
    throw cause;
  }
}

class Misfit extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Entry {
  readonly name: string;
  /** True for an unquoted `<<`; `value` is then one mapping, even where YAML has a list of mappings. */
  readonly isMerge: boolean;
  readonly value: YamlNode;
  readonly at: number;
}

class Decoder {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** `checksKeys` is false below an alias or a strange object: the tools do not check those keys. */
  value(shape: YamlShape, node: YamlNode, path: Path, checksKeys: boolean): YamlValue | undefined {
    const isNothing = node.kind === 'scalar' && isNull(node);
    if (shape.kind === 'object') {
      const isStrange = node.isAlias || node.kind !== 'map';
      if (isStrange && checksKeys) this.#dialect.strangeObject(path, node.at);
      if (isNothing) return undefined;
      if (node.kind !== 'map') throw new Misfit(`cannot unmarshal ${nameOf(node)} into an object`, node.at);
      return this.#object(shape.fields, node, path, checksKeys && !isStrange);
    }
    if (isNothing) return undefined;
    if (shape.kind === 'list') return this.#list(shape.element, node, path, checksKeys && !node.isAlias);
    return scalar(shape.kind, node);
  }

  #object(fields: ReadonlyMap<string, YamlShape>, node: MapNode, path: Path, checksKeys: boolean): YamlObject {
    const fieldNames = [...fields.keys()];
    const object: YamlObject = {};
    for (const { name, isMerge, value, at } of this.#entries(node)) {
      if (isMerge && value.kind === 'map') {
        if (checksKeys) this.#dialect.unknownKey(name, fieldNames, [...path, name], at);
        this.#merge(object, fields, value, path);
        continue;
      }
      const shape = fields.get(name);
      if (shape === undefined) {
        if (checksKeys) this.#dialect.unknownKey(name, fieldNames, [...path, name], at);
        continue;
      }
      this.#set(object, name, shape, value, [...path, name], checksKeys);
    }
    return object;
  }

  #set(object: YamlObject, name: string, shape: YamlShape, node: YamlNode, path: Path, checksKeys: boolean): void {
    const value = this.value(shape, node, path, checksKeys);
    const before = object[name];
    if (value === undefined) delete object[name];
    else if (this.#dialect.merging === 'order' && isObject(before) && isObject(value))
      object[name] = mergedObject(before, value);
    else object[name] = value;
  }

  /** Sets the fields of a mapping that a merge key names. */
  #merge(object: YamlObject, fields: ReadonlyMap<string, YamlShape>, merged: MapNode, path: Path): void {
    for (const { name, isMerge, value } of this.#entries(merged)) {
      if (isMerge && value.kind === 'map') {
        this.#merge(object, fields, value, path);
        continue;
      }
      const shape = fields.get(name);
      if (shape !== undefined) this.#set(object, name, shape, value, [...path, name], false);
    }
  }

  /** Returns the pairs of a mapping in the order in which they are set. A merge key has one mapping as its value. */
  #entries(node: MapNode): Entry[] {
    const entries: Entry[] = [];
    const merges: Entry[] = [];
    const usedKeys = new Set<string>();
    for (const { key, value } of node.pairs) {
      if (key.kind !== 'scalar') throw new Misfit(`cannot unmarshal ${nameOf(key)} into string`, key.at);
      if (usedKeys.has(key.text)) throw new Misfit(`mapping key "${key.text}" already defined`, key.at);
      usedKeys.add(key.text);
      const isMerge = key.text === '<<' && key.isPlain;
      const entry = { name: key.text, isMerge, value, at: key.at };
      if (!isMerge) {
        entries.push(entry);
        continue;
      }
      const spread = { ...entry, value: mergedMap(value) };
      if (this.#dialect.merging === 'first') merges.push(spread);
      else entries.push(spread);
    }
    // Explicit keys are set last, so that they win wherever the merge key stands.
    return [...merges, ...entries];
  }

  #list(element: YamlShape, node: YamlNode, path: Path, checksKeys: boolean): YamlValue[] {
    if (node.kind !== 'list') throw new Misfit(`cannot unmarshal ${nameOf(node)} into a list`, node.at);
    const values: YamlValue[] = [];
    for (const item of presentItems(node)) {
      const value = this.value(element, item, [...path, values.length], checksKeys);
      if (value !== undefined) values.push(value);
    }
    return values;
  }
}

/** Returns the items that are not null. Indexes in paths count these items only. */
export const presentItems = ({ items }: ListNode): YamlNode[] =>
  items.filter((item) => item.kind !== 'scalar' || !isNull(item));

/** Returns the value of a merge key as one mapping. In a list of mappings the earlier one wins. */
function mergedMap(value: YamlNode): MapNode {
  const maps = value.kind === 'list' ? [...value.items].reverse() : [value];
  const pairs = new Map<string, MapNode['pairs'][number]>();
  for (const map of maps) {
    if (map.kind !== 'map') throw new Misfit('map merge requires map or sequence of maps as the value', value.at);
    for (const pair of map.pairs) {
      if (pair.key.kind === 'scalar') pairs.set(pair.key.text, pair);
    }
  }
  return { kind: 'map', pairs: [...pairs.values()], at: value.at, isAlias: true };
}

function scalar(kind: 'text' | 'bytes' | 'integer' | 'flag', node: YamlNode): YamlValue {
  const goType = { text: 'string', bytes: 'string', integer: 'int', flag: 'bool' }[kind];
  if (node.kind !== 'scalar') throw new Misfit(`cannot unmarshal ${nameOf(node)} into ${goType}`, node.at);
  const fault = tagFault(node);
  if (fault !== undefined) throw new Misfit(fault.message, node.at);
  const readers = { text: asText, bytes: asBytes, integer: asInteger, flag: asFlag } as const;
  const value: Result<YamlValue, ScalarFault> = readers[kind](node);
  if (!value.ok) throw new Misfit(value.error.message, node.at);
  return value.value;
}

const nameOf = (node: YamlNode): string => ({ scalar: '!!str', map: '!!map', list: '!!seq' })[node.kind];

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
