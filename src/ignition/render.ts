/**
 * A config as JSON text: fields in the order of the schema, nothing that says nothing (absent values, empty lists and
 * objects, plain zero values), so that the same config always gives the same bytes. No I/O.
 */
import type * as z from 'zod';
import { type Shape, shapeOf } from './spec/shape.ts';

/** The config as plain JSON values, pruned and ordered. */
export function plainConfig(schema: z.ZodType, config: unknown): Record<string, unknown> {
  return (plain(shapeOf(schema), config, false) ?? {}) as Record<string, unknown>;
}

/** The bytes to serve: they may be hashed, so nothing about them may depend on how the config came about. */
export const configText = (schema: z.ZodType, config: unknown): string => JSON.stringify(plainConfig(schema, config));

/** `undefined` for what is left out; a nullable value that is set stays, be it empty or zero. */
function plain(shape: Shape, value: unknown, isElement: boolean): unknown {
  if (value === undefined) return undefined;
  if (shape.kind === 'list') {
    const items = (value as unknown[]).map((item) => plain(shape.element, item, true) ?? {});
    return items.length === 0 ? undefined : items;
  }
  if (shape.kind !== 'object') {
    const isZero = value === 0 || value === '' || value === false;
    const isPrinted = isElement || shape.isNullable || (shape.kind === 'text' && shape.isPrinted);
    return isZero && !isPrinted ? undefined : value;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const kept: Record<string, unknown> = {};
  let isEmpty = true;
  for (const field of shape.fields) {
    const inner = plain(field.shape, fields[field.name], false);
    if (inner === undefined) continue;
    kept[field.name] = inner;
    isEmpty = false;
  }
  return isEmpty ? undefined : kept;
}
