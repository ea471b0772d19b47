/** Finds keys that are used twice in a list, or in two lists that share a key space (spec/lists). No I/O. */
import type * as z from 'zod';
import type { Findings, Path } from '../report.ts';
import type { ListRule } from '../spec/lists.ts';
import { type Field, type ObjectShape, type Shape, shapeOf } from '../spec/shape.ts';

/** The lists of a shared key space in the order in which Ignition searches them. */
const ORDER = ['directories', 'files', 'links'];

/** Reports an error at each element whose key an earlier element has. */
export function checkDuplicates(schema: z.ZodType, config: unknown, report: Findings): void {
  check(shapeOf(schema), config, [], report);
}

function check(shape: Shape, value: unknown, path: Path, report: Findings): void {
  if (value === undefined) return;
  if (shape.kind === 'list') {
    if (!holdsKeys(shape.element)) return;
    for (const [index, item] of (value as unknown[]).entries()) check(shape.element, item, [...path, index], report);
  }
  if (shape.kind !== 'object') return;
  const spaces = new Map<string, Set<string>>();
  for (const field of keyedFields(shape)) {
    const { name } = field;
    const child = (value as Record<string, unknown>)[name];
    if (child === undefined) continue;
    const where = [...path, name];
    const rule = field.shape.kind === 'list' ? field.shape.rule : undefined;
    if (rule?.kind === 'set') {
      const space = rule.space ?? name;
      const usedKeys = spaces.get(space) ?? new Set<string>();
      spaces.set(space, usedKeys);
      findSeconds(rule, child as unknown[], usedKeys, where, report);
    }
    check(field.shape, child, where, report);
  }
}

function findSeconds(
  rule: Extract<ListRule, { kind: 'set' }>,
  items: readonly unknown[],
  usedKeys: Set<string>,
  path: Path,
  report: Findings,
): void {
  for (const [index, item] of items.entries()) {
    const key = (rule.key as (element: unknown) => string)(item);
    if (usedKeys.has(key)) report.error([...path, index], 'duplicate entry defined');
    usedKeys.add(key);
  }
}

const fieldsOfShape = new WeakMap<ObjectShape, readonly Field[]>();

/** Returns the fields that can contain keys, in the order of Ignition. */
function keyedFields(shape: ObjectShape): readonly Field[] {
  const cached = fieldsOfShape.get(shape);
  if (cached !== undefined) return cached;
  const keyed = shape.fields.filter((field) => holdsKeys(field.shape));
  const fields = keyed.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  fieldsOfShape.set(shape, fields);
  return fields;
}

function holdsKeys(shape: Shape): boolean {
  if (shape.kind === 'list') return shape.rule?.kind === 'set' || holdsKeys(shape.element);
  return shape.kind === 'object' && keyedFields(shape).length > 0;
}
