/** Keys that stand twice in a list, or in two lists of one space: the schema's own rules tell. No I/O. */
import type * as z from 'zod';
import type { Findings, Path } from '../report.ts';
import type { ListRule } from '../spec/lists.ts';
import { type Field, type ObjectShape, type Shape, shapeOf } from '../spec/shape.ts';

/** In a shared space the lists are looked through in this order, as the reference reports them. */
const ORDER = ['directories', 'files', 'links'];

/** Adds an error at the second element of each key. */
export function checkDuplicates(schema: z.ZodType, config: unknown, report: Findings): void {
  look(shapeOf(schema), config, [], report);
}

function look(shape: Shape, value: unknown, path: Path, report: Findings): void {
  if (value === undefined) return;
  if (shape.kind === 'list') {
    if (!holdsKeys(shape.element)) return;
    for (const [index, item] of (value as unknown[]).entries()) look(shape.element, item, [...path, index], report);
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
      const seen = spaces.get(space) ?? new Set<string>();
      spaces.set(space, seen);
      findSeconds(rule, child as unknown[], seen, where, report);
    }
    look(field.shape, child, where, report);
  }
}

function findSeconds(
  rule: Extract<ListRule, { kind: 'set' }>,
  items: readonly unknown[],
  seen: Set<string>,
  path: Path,
  report: Findings,
): void {
  for (const [index, item] of items.entries()) {
    const key = (rule.key as (element: unknown) => string)(item);
    if (seen.has(key)) report.error([...path, index], 'duplicate entry defined');
    seen.add(key);
  }
}

const fieldsOfShape = new WeakMap<ObjectShape, readonly Field[]>();

/** The fields below which keys can stand at all, in the reference's order. */
function keyedFields(shape: ObjectShape): readonly Field[] {
  const known = fieldsOfShape.get(shape);
  if (known !== undefined) return known;
  const keyed = shape.fields.filter((field) => holdsKeys(field.shape));
  const fields = keyed.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  fieldsOfShape.set(shape, fields);
  return fields;
}

function holdsKeys(shape: Shape): boolean {
  if (shape.kind === 'list') return shape.rule?.kind === 'set' || holdsKeys(shape.element);
  return shape.kind === 'object' && keyedFields(shape).length > 0;
}
