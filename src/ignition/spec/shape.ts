/**
 * Extracts from a zod schema what decode, merge, append, render and duplicates need of it. This happens once for each
 * schema: asking zod at each of 100,000 files would cost more than all other work. No I/O.
 */
import * as z from 'zod';
import { type ListRule, listRules, pointers, printedTexts } from './lists.ts';

export type Shape = {
  /** True when an absent value differs from an empty one. */
  readonly isNullable: boolean;
} & (
  | { readonly kind: 'text'; readonly isPrinted: boolean }
  | { readonly kind: 'integer' | 'flag' }
  | { readonly kind: 'list'; readonly element: Shape; readonly rule: ListRule | undefined }
  | {
      readonly kind: 'object';
      readonly fields: readonly Field[];
      readonly named: ReadonlyMap<string, Field>;
      readonly isPointer: boolean;
    }
);

export interface Field {
  readonly name: string;
  readonly shape: Shape;
}

export type ObjectShape = Extract<Shape, { kind: 'object' }>;
export type ListShape = Extract<Shape, { kind: 'list' }>;

const shapes = new WeakMap<z.ZodType, Shape>();

/** Returns the shape of a schema of this room. Throws for a zod type that the config language does not use. */
export function shapeOf(schema: z.ZodType): Shape {
  const cached = shapes.get(schema);
  if (cached !== undefined) return cached;
  const shape = newShape(schema);
  shapes.set(schema, shape);
  return shape;
}

function newShape(schema: z.ZodType): Shape {
  if (schema instanceof z.ZodOptional) return { ...shapeOf(schema.unwrap() as z.ZodType), isNullable: true };
  const isNullable = false;
  if (schema instanceof z.ZodArray) {
    return { kind: 'list', isNullable, element: shapeOf(schema.element as z.ZodType), rule: listRules.get(schema) };
  }
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).map(([name, field]) => ({ name, shape: shapeOf(field as z.ZodType) }));
    return { kind: 'object', isNullable, fields, named: namesOf(fields), isPointer: pointers.has(schema) };
  }
  if (schema instanceof z.ZodString) return { kind: 'text', isNullable, isPrinted: printedTexts.has(schema) };
  if (schema instanceof z.ZodBoolean) return { kind: 'flag', isNullable };
  if (schema instanceof z.ZodNumber) return { kind: 'integer', isNullable };
  throw new Error('the config language has no such type');
}

/** Returns the fields by their exact name and by their name in lower case, because Go matches names in any case. */
function namesOf(fields: readonly Field[]): ReadonlyMap<string, Field> {
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  for (const field of fields) byName.set(field.name, field);
  return byName;
}

/** Returns the value of a plain field that is absent: zero, false or empty. */
export function zeroOf(shape: Shape): unknown {
  if (shape.kind === 'object') return zeroObject(shape);
  if (shape.kind === 'list') return [];
  if (shape.kind === 'text') return '';
  return shape.kind === 'flag' ? false : 0;
}

/** Returns an object whose plain fields all have their zero value. */
export function zeroObject(shape: ObjectShape): Record<string, unknown> {
  const zero: Record<string, unknown> = {};
  for (const field of shape.fields) if (!field.shape.isNullable) zero[field.name] = zeroOf(field.shape);
  return zero;
}
