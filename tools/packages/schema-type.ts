/** Writes a JSON Schema as a type of TypeScript. The schemas are those that zod makes from the contract. No I/O. */

export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema | boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
}

/** Returns the schema with what it refers to in the place of the references. None of the contract's refers to itself. */
export function inlined(schema: Schema, known: Readonly<Record<string, Schema>> = schema.$defs ?? {}): Schema {
  const { $ref } = schema;
  if ($ref !== undefined) return inlined(known[$ref.split('/').at(-1) ?? ''] ?? {}, known);
  const entries = Object.entries(schema)
    .filter(([name]) => name !== '$defs')
    .map(([name, value]): [string, unknown] => [name, inside(name, value, known)]);
  return Object.fromEntries(entries) as Schema;
}

function inside(name: string, value: unknown, known: Readonly<Record<string, Schema>>): unknown {
  if (typeof value !== 'object' || value === null || name === 'enum' || name === 'required' || name === 'examples')
    return value;
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'object' && item !== null ? inlined(item as Schema, known) : item));
  if (name === 'properties')
    return Object.fromEntries(
      Object.entries(value).map(([key, property]) => [key, inlined(property as Schema, known)]),
    );
  return name === 'example' ? value : inlined(value as Schema, known);
}

/** Returns the type as text. An object is written over several lines, indented by `indent`. */
export function typeOf(schema: Schema | boolean, indent = ''): string {
  if (typeof schema === 'boolean') return 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return [...new Set(options.map((option) => typeOf(option, indent)))].join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  if (Array.isArray(schema.type))
    return schema.type.map((type: string) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items ?? true, indent)})[]`;
    case 'object':
      return objectOf(schema, indent);
    default:
      return 'unknown';
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const names = Object.keys(properties);
  if (names.length === 0) {
    const of = additionalProperties === undefined ? 'unknown' : typeOf(additionalProperties, indent);
    return `Readonly<Record<string, ${of}>>`;
  }
  const deeper = `${indent}  `;
  const lines = names.map((name) => {
    const property = properties[name] ?? {};
    const comment =
      property.description === undefined ? '' : `${deeper}/** ${property.description.replaceAll('*/', '* /')} */\n`;
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    const isOptional = !required.includes(name);
    return `${comment}${deeper}readonly ${key}${isOptional ? '?' : ''}: ${typeOf(property, deeper)}${isOptional ? ' | undefined' : ''};`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}
