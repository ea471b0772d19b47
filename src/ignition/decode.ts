/**
 * Decodes a JSON tree into a config by the rules of Ignition's decoder (Go's encoding/json, and vcontext). An exact
 * name wins over a name in another case. A repeated name is decoded onto the first value. Null means absent. An integer
 * must be written as one. An unknown name is a warning; a wrong type ends the decoding with a fault. No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { foldedName, type JsonNode } from './json-source.ts';
import type { Path, Report } from './report.ts';
import { type ListShape, type ObjectShape, type Shape, shapeOf, zeroObject, zeroOf } from './spec/shape.ts';

export interface TypeFault {
  readonly message: string;
  readonly at: number;
}

type Value = unknown;

const INTEGER = /^-?\d+$/;

/**
 * Returns the value of `node` under `schema`. A plain field that is absent gets its zero value. With `warnsOfNull`, as
 * in spec 3, a `null` where an object belongs is a warning, unless Ignition has a pointer there. The fault is a wrong
 * type.
 */
export function decode(
  schema: z.ZodType,
  node: JsonNode,
  report: Report,
  warnsOfNull: boolean,
): Result<Value, TypeFault> {
  try {
    return ok(new Decoder(report, warnsOfNull).value(shapeOf(schema), node, undefined, [], true));
  } catch (cause) {
    if (cause instanceof WrongType) return err({ message: cause.message, at: cause.at });
    throw cause;
  }
}

/** Returns `value` with the zero value in every plain field that it lacks. */
export const completed = (schema: z.ZodType, value: Value): Value => filled(shapeOf(schema), value);

/** Ends the recursion of the decoder. `decode` catches it. */
class WrongType extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

class Decoder {
  readonly #report: Report;
  readonly #warnsOfNull: boolean;

  constructor(report: Report, warnsOfNull: boolean) {
    this.#report = report;
    this.#warnsOfNull = warnsOfNull;
  }

  /** `warns` is false below a name in another case, because Ignition cannot find the place of values there. */
  value(shape: Shape, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    if (node.kind === 'null') {
      const isStrange = this.#warnsOfNull && warns && shape.kind === 'object' && !shape.isPointer;
      if (isStrange) this.#report.warn(path, 'null where an object belongs');
      // In Go a null empties a pointer and a list, and changes nothing in a plain struct.
      if (shape.kind === 'object' && !shape.isPointer)
        return before ?? (shape.isNullable ? undefined : zeroObject(shape));
      if (shape.isNullable) return undefined;
    }
    if (shape.kind === 'object') return this.#object(shape, node, before, path, warns);
    if (shape.kind === 'list') return this.#list(shape, node, before, path, warns);
    if (node.kind === 'null') return before ?? zeroOf(shape);
    return scalar(shape.kind, node, path);
  }

  #object(shape: ObjectShape, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    const target: Record<string, Value> = isRecord(before) ? { ...before } : zeroObject(shape);
    if (node.kind === 'null') return target;
    if (node.kind !== 'object') throw wrongType(node, 'an object', path);
    const usedNames = new Set<string>();
    for (const { key, value } of node.members) {
      const field = shape.named.get(key) ?? shape.named.get(foldedName(key));
      if (field?.name !== key && warns) this.#report.warnOfKey([...path, key], `unused key ${key}`);
      if (field === undefined) continue;
      const { name } = field;
      const inner = [...path, name];
      if (usedNames.has(name)) this.#report.add('info', inner, `duplicate key ${name}: decoded onto the earlier one`);
      usedNames.add(name);
      const decoded = this.value(field.shape, value, target[name], inner, warns && name === key);
      if (decoded === undefined) delete target[name];
      else target[name] = decoded;
    }
    return target;
  }

  #list({ element }: ListShape, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    if (node.kind === 'null') return [];
    if (node.kind !== 'array') throw wrongType(node, 'a list', path);
    const earlier = Array.isArray(before) ? before : [];
    return node.items.map((item, index) => this.value(element, item, earlier[index], [...path, index], warns));
  }
}

function scalar(kind: 'text' | 'integer' | 'flag', node: JsonNode, path: Path): Value {
  if (kind === 'text') {
    if (node.kind === 'string') return node.value;
    throw wrongType(node, 'a string', path);
  }
  if (kind === 'flag') {
    if (node.kind === 'boolean') return node.value;
    throw wrongType(node, 'true or false', path);
  }
  if (node.kind !== 'number' || !INTEGER.test(node.text)) throw wrongType(node, 'an integer', path);
  const value = Number(node.text);
  // JavaScript would round a greater number.
  if (!Number.isSafeInteger(value)) throw new WrongType(`${path.join('.')}: ${node.text} is out of range`, node.at);
  return value;
}

function filled(shape: Shape, value: Value): Value {
  if (value === undefined) return shape.isNullable ? undefined : zeroOf(shape);
  if (shape.kind === 'list') return (value as Value[]).map((item) => filled(shape.element, item));
  if (shape.kind !== 'object') return value;
  const fields: Record<string, Value> = {};
  for (const field of shape.fields) {
    const inner = filled(field.shape, (value as Record<string, Value>)[field.name]);
    if (inner !== undefined) fields[field.name] = inner;
  }
  return fields;
}

const isRecord = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrongType = (node: JsonNode, wanted: string, path: Path): WrongType =>
  new WrongType(`${path.length === 0 ? 'the config' : path.join('.')} must be ${wanted}, not ${node.kind}`, node.at);
