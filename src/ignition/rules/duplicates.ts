/** Keys that stand twice in a list, or in two lists of one space: the schema's own rules tell. No I/O. */
import * as z from 'zod';
import type { Findings, Path } from '../report.ts';
import { listRules } from '../spec/lists.ts';

/** In a shared space the lists are looked through in this order, as the reference reports them. */
const ORDER = ['directories', 'files', 'links'];

/** Adds an error at the second element of each key. */
export function checkDuplicates(schema: z.ZodType, value: unknown, path: Path, report: Findings): void {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (value === undefined) return;
  if (inner instanceof z.ZodArray) {
    for (const [index, item] of (value as unknown[]).entries()) {
      checkDuplicates(inner.element as z.ZodType, item, [...path, index], report);
    }
  }
  if (!(inner instanceof z.ZodObject)) return;
  const spaces = new Map<string, Set<string>>();
  for (const [name, field] of inOrder(inner)) {
    const child = (value as Record<string, unknown>)[name];
    const list = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
    const rule = list instanceof z.ZodArray ? listRules.get(list) : undefined;
    if (rule?.kind === 'set') {
      const seen = spaces.get(rule.space ?? name) ?? new Set<string>();
      spaces.set(rule.space ?? name, seen);
      for (const [index, item] of ((child as unknown[] | undefined) ?? []).entries()) {
        const key = (rule.key as (element: unknown) => string)(item);
        if (seen.has(key)) report.error([...path, name, index], 'duplicate entry defined');
        seen.add(key);
      }
    }
    checkDuplicates(field, child, [...path, name], report);
  }
}

function inOrder(schema: z.ZodObject): [string, z.ZodType][] {
  const fields = Object.entries(schema.shape) as [string, z.ZodType][];
  return fields.sort(([a], [b]) => rank(a) - rank(b));
}

const rank = (name: string): number => ORDER.indexOf(name) + 1;
