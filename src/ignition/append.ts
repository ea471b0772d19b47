/**
 * Appends one spec 2 config to another (config/append of flatcar/ignition 0.36.2). This differs from the merging of
 * spec 3: lists are joined without matching their elements. Plain values come from the new config, even when they are
 * empty. The whole `ignition.config` object comes from the new config, the version from the old one. No I/O.
 */
import { Origins } from './origins.ts';
import { type ObjectShape, type Shape, shapeOf, zeroObject } from './spec/shape.ts';
import { type ConfigV2, NEWEST_V2, schemasV2 } from './spec/v2.ts';

type Fields = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/**
 * Returns the old config (the parent) with the new one (the child) appended, and the origin of each leaf. Both must be
 * at 2.4; neither is changed.
 */
export function appendConfigs(old: ConfigV2, added: ConfigV2): { config: ConfigV2; origins: Origins } {
  const origins = new Origins();
  const joined = append(shapeOf(schemasV2()[NEWEST_V2]), old, added, [], origins) as ConfigV2;
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

function append(shape: Shape, old: unknown, added: unknown, path: Path, origins: Origins): unknown {
  if (added === undefined && old !== undefined && shape.kind === 'object' && holdsPlainTexts(shape, old)) {
    return append(shape, old, zeroObject(shape), path, origins);
  }
  if (old === undefined || added === undefined) {
    origins.mark(added ?? old, added === undefined ? 'parent' : 'child', path);
    return added ?? old;
  }
  if (shape.kind === 'list') return joinLists(old as unknown[], added as unknown[], path, origins);
  if (shape.kind !== 'object') {
    origins.mark(added, 'child', path);
    return added;
  }
  const fields: Record<string, unknown> = {};
  for (const { name, shape: field } of shape.fields) {
    const value = append(field, (old as Fields)[name], (added as Fields)[name], [...path, name], origins);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

/**
 * True for an object that is a plain struct in Go and has plain values of its own: an absent one in the new config then
 * counts as an empty one, whose values win. At the top of a config that is `ignition.proxy` alone.
 */
const holdsPlainTexts = (shape: ObjectShape, old: unknown): boolean =>
  !shape.isPointer &&
  shape.fields.some((field) => field.shape.kind === 'text' && (old as Fields)[field.name] !== undefined);

function joinLists(old: readonly unknown[], added: readonly unknown[], path: Path, origins: Origins): unknown[] {
  const joined = [...old, ...added];
  for (const [index, item] of joined.entries())
    origins.mark(item, index < old.length ? 'parent' : 'child', [...path, index]);
  return joined;
}
