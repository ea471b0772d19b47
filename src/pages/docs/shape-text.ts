/** Writes a JSON Schema as a text for people: names, types, and which fields may be absent. No I/O. */

/** The keywords of JSON Schema (draft 2020-12) that our document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

type SchemasByName = Readonly<Record<string, Schema>>;

/**
 * Returns one line for a plain value and several for an object. A reference to a schema in `schemas` is written out
 * where it first occurs on a path; elsewhere only its name is written, so that recursion ends.
 */
export function shapeText(schema: Schema, schemas: SchemasByName, depth = 0): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const target = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    return target === undefined ? name : shapeText(target, without(schemas, name), depth);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((choice) => shapeText(choice, schemas, depth)).join(' | ');
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const types = [schema.type ?? 'any'].flat();
  return types.map((type) => typeText(type, schema, schemas, depth)).join(' | ');
}

function typeText(type: string, schema: Schema, schemas: SchemasByName, depth: number): string {
  if (type === 'array') return `[${schema.items === undefined ? 'any' : shapeText(schema.items, schemas, depth)}, …]`;
  if (type === 'object') return objectText(schema, schemas, depth);
  if (type === 'string' && schema.format !== undefined) return schema.format;
  return type;
}

function objectText(schema: Schema, schemas: SchemasByName, depth: number): string {
  const inner = '  '.repeat(depth + 1);
  const lines = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const mark = schema.required?.includes(name) === true ? '' : '?';
    const note = value.description === undefined ? '' : `   // ${value.description}`;
    return `${inner}${name}${mark}: ${shapeText(value, schemas, depth + 1)}${note}`;
  });
  const { additionalProperties: more } = schema;
  if (typeof more === 'object') lines.push(`${inner}…: ${shapeText(more, schemas, depth + 1)}`);
  return lines.length === 0 ? '{…}' : `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

const without = (schemas: SchemasByName, name: string): SchemasByName =>
  Object.fromEntries(Object.entries(schemas).filter(([other]) => other !== name));
