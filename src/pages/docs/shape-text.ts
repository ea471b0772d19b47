/** A JSON Schema as a text that people read: names, types, what may be absent. No I/O. */

/** The part of JSON Schema (draft 2020-12) that our document uses. */
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

type Named = Readonly<Record<string, Schema>>;

/** One line for a plain value, several for an object; named shapes are written out once, where `named` has them. */
export function shapeText(schema: Schema, named: Named, depth = 0): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const known = Object.hasOwn(named, name) ? named[name] : undefined;
    return known === undefined ? name : shapeText(known, without(named, name), depth);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((choice) => shapeText(choice, named, depth)).join(' | ');
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const types = [schema.type ?? 'any'].flat();
  return types.map((type) => typeText(type, schema, named, depth)).join(' | ');
}

function typeText(type: string, schema: Schema, named: Named, depth: number): string {
  if (type === 'array') return `[${schema.items === undefined ? 'any' : shapeText(schema.items, named, depth)}, …]`;
  if (type === 'object') return objectText(schema, named, depth);
  if (type === 'string' && schema.format !== undefined) return schema.format;
  return type;
}

function objectText(schema: Schema, named: Named, depth: number): string {
  const inner = '  '.repeat(depth + 1);
  const lines = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const mark = schema.required?.includes(name) === true ? '' : '?';
    const note = value.description === undefined ? '' : `   // ${value.description}`;
    return `${inner}${name}${mark}: ${shapeText(value, named, depth + 1)}${note}`;
  });
  const { additionalProperties: more } = schema;
  if (typeof more === 'object') lines.push(`${inner}…: ${shapeText(more, named, depth + 1)}`);
  return lines.length === 0 ? '{…}' : `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

const without = (named: Named, name: string): Named =>
  Object.fromEntries(Object.entries(named).filter(([known]) => known !== name));
