/**
 * Writes a config as JSON. Fields have the order of the schema. Absent values, empty lists, empty objects and plain
 * zero values are left out. So the same config always gives the same bytes. No I/O.
 */
import type * as z from 'zod';
import { type Shape, shapeOf } from './spec/shape.ts';

/** Returns the config as plain JSON values, without empty ones, in the field order of the schema. */
export function plainConfig(schema: z.ZodType, config: unknown): Record<string, unknown> {
  return (plain(shapeOf(schema), config, false) ?? {}) as Record<string, unknown>;
}

/** Returns the plain value, or `undefined` to leave it out. A nullable value that is set stays, even if it is zero. */
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
  const printed: Record<string, unknown> = {};
  let isEmpty = true;
  for (const field of shape.fields) {
    const inner = plain(field.shape, fields[field.name], false);
    if (inner === undefined) continue;
    printed[field.name] = inner;
    isEmpty = false;
  }
  return isEmpty ? undefined : printed;
}
