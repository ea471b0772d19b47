/**
 * From JSON with places to a config, by the rules of the reference's decoder (Go encoding/json and vcontext): names match
 * exactly, else whatever their case; a repeated name is decoded onto the first; null is absent; integers must be written
 * as integers; an unknown name is a warning. A wrong type ends it. No I/O.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import type { JsonNode } from './json-source.ts';
import type { Path, Report } from './report.ts';

export interface TypeFault {
  readonly message: string;
  readonly at: number;
}

/** Where each part of the config stands in the text; keys are path texts. */
export type Places = Map<string, number>;

type Value = unknown;

const INTEGER = /^-?\d+$/;

/** The value of `node` under `schema`, with its zero value for plain fields that are absent. */
export function decode(schema: z.ZodType, node: JsonNode, report: Report, places: Places): Result<Value, TypeFault> {
  try {
    return ok(new Decoder(report, places).value(schema, node, undefined, [], true));
  } catch (cause) {
    if (cause instanceof WrongType) return err({ message: cause.message, at: cause.at });
    throw cause;
  }
}

/** Leaves the recursion; never leaves this file. */
class WrongType extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

class Decoder {
  constructor(
    private readonly report: Report,
    private readonly places: Places,
  ) {}

  /** `warns` is off below an odd-cased name: the reference loses track of the source there. */
  value(schema: z.ZodType, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    this.places.set(path.join('.'), node.at);
    if (schema instanceof z.ZodOptional) {
      return node.kind === 'null' ? undefined : this.value(schema.unwrap() as z.ZodType, node, before, path, warns);
    }
    if (schema instanceof z.ZodObject) return this.#object(schema, node, before, path, warns);
    if (schema instanceof z.ZodArray) return this.#array(schema.element as z.ZodType, node, before, path, warns);
    if (node.kind === 'null') return before ?? zeroOf(schema);
    return this.#scalar(schema, node, path);
  }

  #object(schema: z.ZodObject, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    const target: Record<string, Value> = isRecord(before) ? { ...before } : zeroObject(schema);
    if (node.kind === 'null') return target;
    if (node.kind !== 'object') throw wrongType(node, 'an object', path);
    const seen = new Set<string>();
    for (const { key, value } of node.members) {
      const field = fieldNamed(schema, key);
      if (field === undefined || field !== key) {
        this.places.set([...path, key].join('.'), value.at);
        if (warns) this.report.warn([...path, key], `unused key ${key}`);
      }
      if (field === undefined) continue;
      if (seen.has(field))
        this.report.add('info', [...path, field], `duplicate key ${field}: decoded onto the earlier one`);
      seen.add(field);
      const decoded = this.value(
        schema.shape[field] as z.ZodType,
        value,
        target[field],
        [...path, field],
        warns && field === key,
      );
      if (decoded === undefined) delete target[field];
      else target[field] = decoded;
    }
    return target;
  }

  #array(element: z.ZodType, node: JsonNode, before: Value, path: Path, warns: boolean): Value {
    if (node.kind !== 'array') throw wrongType(node, 'a list', path);
    const earlier = Array.isArray(before) ? before : [];
    return node.items.map((item, index) => this.value(element, item, earlier[index], [...path, index], warns));
  }

  #scalar(schema: z.ZodType, node: JsonNode, path: Path): Value {
    if (schema instanceof z.ZodString) {
      if (node.kind === 'string') return node.value;
      throw wrongType(node, 'a string', path);
    }
    if (schema instanceof z.ZodBoolean) {
      if (node.kind === 'boolean') return node.value;
      throw wrongType(node, 'true or false', path);
    }
    if (node.kind !== 'number' || !INTEGER.test(node.text)) throw wrongType(node, 'an integer', path);
    const value = Number(node.text);
    // Beyond this JavaScript could not give the number back as it was.
    if (!Number.isSafeInteger(value)) throw new WrongType(`${path.join('.')}: ${node.text} is out of range`, node.at);
    return value;
  }
}

/** The field that a name means: exactly, else by Go's case folding (which for ASCII names is case alone). */
function fieldNamed(schema: z.ZodObject, key: string): string | undefined {
  if (Object.hasOwn(schema.shape, key)) return key;
  const folded = key.toLowerCase();
  return Object.keys(schema.shape).find((name) => name.toLowerCase() === folded);
}

function zeroObject(schema: z.ZodObject): Record<string, Value> {
  const zero: Record<string, Value> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    if (!(field instanceof z.ZodOptional)) zero[name] = zeroOf(field as z.ZodType);
  }
  return zero;
}

function zeroOf(schema: z.ZodType): Value {
  if (schema instanceof z.ZodObject) return zeroObject(schema);
  if (schema instanceof z.ZodArray) return [];
  if (schema instanceof z.ZodString) return '';
  return schema instanceof z.ZodBoolean ? false : 0;
}

/** `value` with the zero value of every plain field that it lacks. */
export function completed(schema: z.ZodType, value: Value): Value {
  if (value === undefined) return schema instanceof z.ZodOptional ? undefined : zeroOf(schema);
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (inner instanceof z.ZodArray) {
    return (value as Value[]).map((item) => completed(inner.element as z.ZodType, item));
  }
  if (!(inner instanceof z.ZodObject)) return value;
  const fields: Record<string, Value> = {};
  for (const [name, field] of Object.entries(inner.shape)) {
    const filled = completed(field as z.ZodType, (value as Record<string, Value>)[name]);
    if (filled !== undefined) fields[name] = filled;
  }
  return fields;
}

const isRecord = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrongType = (node: JsonNode, wanted: string, path: Path): WrongType =>
  new WrongType(`${path.length === 0 ? 'the config' : path.join('.')} must be ${wanted}, not ${node.kind}`, node.at);
