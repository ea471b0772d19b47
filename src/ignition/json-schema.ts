/**
 * Writes the config language as JSON Schema (draft 2020-12) for editors and programs. It leaves out the rules that a
 * schema cannot express. No I/O.
 */
import * as z from 'zod';
import { SCHEMA_V1 } from './spec/v1.ts';
import { schemasV2 } from './spec/v2.ts';
import { SCHEMAS_V3 } from './spec/v3.ts';
import { parseSpec } from './version.ts';

/**
 * Returns the JSON Schema of a spec version (`1`, `2.3.0`, `3.4.0`), or `undefined` for a version that does not exist.
 */
export function jsonSchemaOf(version: string): Record<string, unknown> | undefined {
  const spec = version === '1' ? parseSpec('', 1) : parseSpec(version, 0);
  if (!spec.ok) return undefined;
  if (spec.value.major === 1) return schemaOf(SCHEMA_V1);
  const schema = spec.value.major === 2 ? schemasV2()[spec.value.minor] : SCHEMAS_V3[spec.value.minor];
  return schema === undefined ? undefined : schemaOf(schema);
}

/** No field is required: a plain field that is absent has its zero value. */
const schemaOf = (schema: z.ZodType): Record<string, unknown> => ({
  ...z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.required;
      // An unknown name is a warning, not an error.
      delete jsonSchema.additionalProperties;
    },
  }),
});
