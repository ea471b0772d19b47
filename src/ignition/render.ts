/**
 * A config as JSON text: fields in the order of the schema, nothing that says nothing (absent values, empty lists and
 * objects, plain zero values), so that the same config always gives the same bytes. No I/O.
 */
import * as z from 'zod';

/** The config as plain JSON values, pruned and ordered. */
export function plainConfig(schema: z.ZodType, config: unknown): Record<string, unknown> {
  return (plain(schema, config, false) ?? {}) as Record<string, unknown>;
}

/** The bytes to serve: they may be hashed, so nothing about them may depend on how the config came about. */
export const configText = (schema: z.ZodType, config: unknown): string => JSON.stringify(plainConfig(schema, config));

/** What a plain value is when nobody has said anything. */
const ZEROS: readonly unknown[] = [0, '', false];

/** `undefined` for what is left out; a nullable value that is set stays, be it empty or zero. */
function plain(schema: z.ZodType, value: unknown, isNullable: boolean): unknown {
  if (value === undefined) return undefined;
  if (schema instanceof z.ZodOptional) return plain(schema.unwrap() as z.ZodType, value, true);
  if (schema instanceof z.ZodArray) {
    const items = (value as unknown[]).map((item) => plain(schema.element as z.ZodType, item, true) ?? {});
    return items.length === 0 ? undefined : items;
  }
  if (!(schema instanceof z.ZodObject)) return !isNullable && ZEROS.includes(value) ? undefined : value;
  const fields = value as Readonly<Record<string, unknown>>;
  const kept: [string, unknown][] = [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const inner = plain(field as z.ZodType, fields[name], false);
    if (inner !== undefined) kept.push([name, inner]);
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
