/**
 * Appending one spec 2 config to another (config/append of flatcar/ignition 0.36.2), which is another algorithm than the
 * merging of spec 3: lists are joined and nothing in them is matched; plain values are the new config's, even when empty;
 * the `ignition.config` object is the new one's altogether; the version is the old one's. Both at 2.4. No I/O.
 */
import * as z from 'zod';
import { Origins } from './origins.ts';
import { type ConfigV2, NEWEST_V2, SCHEMAS_V2 } from './spec/v2.ts';

type Fields = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** The old config (the parent) with the new one (the child) appended, and whose each part is; neither is changed. */
export function appendConfigs(old: ConfigV2, added: ConfigV2): { config: ConfigV2; origins: Origins } {
  const origins = new Origins();
  const joined = append(SCHEMAS_V2[NEWEST_V2], old, added, [], origins) as ConfigV2;
  const { config: _dropped, ...ignition } = joined.ignition;
  const { config } = added.ignition;
  origins.forget(['ignition', 'config']);
  if (config !== undefined) origins.mark(config, 'child', ['ignition', 'config']);
  origins.mark(old.ignition.version, 'parent', ['ignition', 'version']);
  return {
    config: {
      ...joined,
      ignition: { ...ignition, version: old.ignition.version, ...(config === undefined ? {} : { config }) },
    },
    origins,
  };
}

function append(schema: z.ZodType, old: unknown, added: unknown, path: Path, origins: Origins): unknown {
  if (schema instanceof z.ZodOptional) {
    if (old === undefined || added === undefined) {
      const value = added ?? old;
      origins.mark(value, added === undefined ? 'parent' : 'child', path);
      return value;
    }
    return append(schema.unwrap() as z.ZodType, old, added, path, origins);
  }
  if (schema instanceof z.ZodArray) return joinLists(old as unknown[], added as unknown[], path, origins);
  if (!(schema instanceof z.ZodObject)) {
    origins.mark(added, 'child', path);
    return added;
  }
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = append(field as z.ZodType, (old as Fields)[name], (added as Fields)[name], [...path, name], origins);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

function joinLists(old: readonly unknown[], added: readonly unknown[], path: Path, origins: Origins): unknown[] {
  const joined = [...old, ...added];
  for (const [index, item] of joined.entries())
    origins.mark(item, index < old.length ? 'parent' : 'child', [...path, index]);
  return joined;
}
