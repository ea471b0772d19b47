/**
 * Appending one spec 2 config to another (config/append of flatcar/ignition 0.36.2), which is another algorithm than the
 * merging of spec 3: lists are joined and nothing in them is matched; plain values are the new config's, even when empty;
 * the `ignition.config` object is the new one's altogether; the version is the old one's. Both at 2.4. No I/O.
 */
import * as z from 'zod';
import { type ConfigV2, NEWEST_V2, SCHEMAS_V2 } from './spec/v2.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The old config with the new one appended; neither is changed. */
export function appendConfigs(old: ConfigV2, added: ConfigV2): ConfigV2 {
  const joined = append(SCHEMAS_V2[NEWEST_V2], old, added) as ConfigV2;
  const { config: _dropped, ...ignition } = joined.ignition;
  const { config } = added.ignition;
  return {
    ...joined,
    ignition: { ...ignition, version: old.ignition.version, ...(config === undefined ? {} : { config }) },
  };
}

function append(schema: z.ZodType, old: unknown, added: unknown): unknown {
  if (schema instanceof z.ZodOptional) {
    if (old === undefined || added === undefined) return added ?? old;
    return append(schema.unwrap() as z.ZodType, old, added);
  }
  if (schema instanceof z.ZodArray) return [...(old as unknown[]), ...(added as unknown[])];
  if (!(schema instanceof z.ZodObject)) return added;
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = append(field as z.ZodType, (old as Fields)[name], (added as Fields)[name]);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}
