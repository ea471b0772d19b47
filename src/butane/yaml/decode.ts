/**
 * From a YAML tree to values by a shape: unknown keys and nulls in the place of objects are told, types that do not fit end it.
 * Null elements of lists are dropped, and paths count without them. No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { asBytes, asFlag, asInteger, asText, isNull, type ScalarFault, tagFault } from './scalar.ts';
import type { ListNode, MapNode, YamlNode } from './yaml-tree.ts';

/** What a field takes; the name is the one in YAML. */
export type YamlShape =
  | { readonly kind: 'text' | 'bytes' | 'integer' | 'flag' }
  | { readonly kind: 'list'; readonly element: YamlShape }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, YamlShape> };

export type YamlValue = Uint8Array<ArrayBuffer> | string | number | boolean | YamlValue[] | YamlObject;
export interface YamlObject {
  [name: string]: YamlValue;
}

/** How the two tools differ where the same is written. */
export interface Dialect {
  /** `first`: explicit keys win over merged ones; `order`: what stands later wins, objects field by field. */
  readonly merging: 'first' | 'order';
  readonly unknownKey: (key: string, known: readonly string[], path: Path, at: number) => void;
  /** Something else where an object belongs, whose keys nobody will look at. */
  readonly strangeObject: (path: Path, at: number) => void;
}

export interface DecodeFault {
  readonly message: string;
  readonly at: number;
}

/** The values of a document; `undefined` for null. */
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
  /** A merge key, unquoted; its value is one mapping by now. */
  readonly isMerge: boolean;
  readonly value: YamlNode;
  readonly at: number;
}

class Decoder {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** `looks` is off below what stands elsewhere: its keys are not looked at again. */
  value(shape: YamlShape, node: YamlNode, path: Path, looks: boolean): YamlValue | undefined {
    const isNothing = node.kind === 'scalar' && isNull(node);
    if (shape.kind === 'object') {
      const isStrange = node.isAlias || node.kind !== 'map';
      if (isStrange && looks) this.#dialect.strangeObject(path, node.at);
      if (isNothing) return undefined;
      if (node.kind !== 'map') throw new Misfit(`cannot unmarshal ${nameOf(node)} into an object`, node.at);
      return this.#object(shape.fields, node, path, looks && !isStrange);
    }
    if (isNothing) return undefined;
    if (shape.kind === 'list') return this.#list(shape.element, node, path, looks && !node.isAlias);
    return scalar(shape.kind, node);
  }

  #object(fields: ReadonlyMap<string, YamlShape>, node: MapNode, path: Path, looks: boolean): YamlObject {
    const known = [...fields.keys()];
    const object: YamlObject = {};
    for (const { name, isMerge, value, at } of this.#entries(node)) {
      if (isMerge && value.kind === 'map') {
        if (looks) this.#dialect.unknownKey(name, known, [...path, name], at);
        this.#merge(object, fields, value, path);
        continue;
      }
      const shape = fields.get(name);
      if (shape === undefined) {
        if (looks) this.#dialect.unknownKey(name, known, [...path, name], at);
        continue;
      }
      this.#set(object, name, shape, value, [...path, name], looks);
    }
    return object;
  }

  #set(object: YamlObject, name: string, shape: YamlShape, node: YamlNode, path: Path, looks: boolean): void {
    const value = this.value(shape, node, path, looks);
    const before = object[name];
    if (value === undefined) delete object[name];
    else if (this.#dialect.merging === 'order' && isObject(before) && isObject(value))
      object[name] = laidOver(before, value);
    else object[name] = value;
  }

  /** The merged mapping's fields, where it stands. */
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

  /** The pairs of a mapping, merge keys spread into one mapping each; in the order in which they count. */
  #entries(node: MapNode): Entry[] {
    const entries: Entry[] = [];
    const merges: Entry[] = [];
    const seen = new Set<string>();
    for (const { key, value } of node.pairs) {
      if (key.kind !== 'scalar') throw new Misfit(`cannot unmarshal ${nameOf(key)} into string`, key.at);
      if (seen.has(key.text)) throw new Misfit(`mapping key "${key.text}" already defined`, key.at);
      seen.add(key.text);
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
    // Explicit keys win, wherever the merge key stands: so they are set last.
    return [...merges, ...entries];
  }

  #list(element: YamlShape, node: YamlNode, path: Path, looks: boolean): YamlValue[] {
    if (node.kind !== 'list') throw new Misfit(`cannot unmarshal ${nameOf(node)} into a list`, node.at);
    const values: YamlValue[] = [];
    for (const item of presentItems(node)) {
      const value = this.value(element, item, [...path, values.length], looks);
      if (value !== undefined) values.push(value);
    }
    return values;
  }
}

/** The items that are no null: those that paths count. */
export const presentItems = ({ items }: ListNode): YamlNode[] =>
  items.filter((item) => item.kind !== 'scalar' || !isNull(item));

/** What a merge key names, as one mapping: of a list, earlier ones win. */
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
  const wanted = { text: 'string', bytes: 'string', integer: 'int', flag: 'bool' }[kind];
  if (node.kind !== 'scalar') throw new Misfit(`cannot unmarshal ${nameOf(node)} into ${wanted}`, node.at);
  const bad = tagFault(node);
  if (bad !== undefined) throw new Misfit(bad.message, node.at);
  const readers = { text: asText, bytes: asBytes, integer: asInteger, flag: asFlag } as const;
  const value: Result<YamlValue, ScalarFault> = readers[kind](node);
  if (!value.ok) throw new Misfit(value.error.message, node.at);
  return value.value;
}

const nameOf = (node: YamlNode): string => ({ scalar: '!!str', map: '!!map', list: '!!seq' })[node.kind];

const isObject = (value: YamlValue | undefined): value is YamlObject =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

function laidOver(before: YamlObject, value: YamlObject): YamlObject {
  const laid = { ...before };
  for (const [name, inner] of Object.entries(value)) {
    const old = laid[name];
    laid[name] = isObject(old) && isObject(inner) ? laidOver(old, inner) : inner;
  }
  return laid;
}
