/**
 * Merging two spec 3 configs of one version as the reference does (config/merge of coreos/ignition 2.26.0):
 * plain values: the child's; nullable values: the child's where it has one; objects field by field; lists by their rules,
 * which stand beside the fields (spec/lists). Two valid configs may merge into an invalid one: validate after. No I/O.
 */
import * as z from 'zod';
import { lintRemoval, lintResource } from './lints.ts';
import { type Origin, Origins } from './origins.ts';
import type { Findings, Path } from './report.ts';
import { type ListRule, listRules } from './spec/lists.ts';

type Fields = Readonly<Record<string, unknown>>;
type SetRule = Extract<ListRule, { kind: 'set' }>;

const UNHEARD: Findings = { error: () => undefined, warn: () => undefined };

/** The merged config, and where each of its leaves came from; `lints` hears of what merges badly. Neither input is changed. */
export function mergeConfigs<T>(
  schema: z.ZodType<T>,
  parent: T,
  child: T,
  lints: Findings = UNHEARD,
): { config: T; origins: Origins } {
  const merger = new Merger(lints);
  const config = merger.value(schema, parent, child, []) as T;
  return { config, origins: merger.origins };
}

class Merger {
  readonly origins = new Origins();

  constructor(private readonly lints: Findings) {}

  value(schema: z.ZodType, parent: unknown, child: unknown, path: Path): unknown {
    if (schema instanceof z.ZodOptional) {
      const inner = schema.unwrap() as z.ZodType;
      if (child === undefined || parent === undefined) return this.#only(parent, child, path);
      return this.value(inner, parent, child, path);
    }
    if (schema instanceof z.ZodObject) return this.#object(schema, parent as Fields, child as Fields, path);
    this.origins.mark(child, 'child', path);
    return child;
  }

  #object(schema: z.ZodObject, parent: Fields, child: Fields, path: Path): Fields {
    const merged: Record<string, unknown> = {};
    if ('source' in schema.shape) lintResource(parent, child, path, this.lints);
    for (const [name, field] of Object.entries(schema.shape)) {
      const list = listOf(field as z.ZodType);
      const value = list
        ? this.#list(schema, list, name, parent, child, [...path, name])
        : this.value(field as z.ZodType, parent[name], child[name], [...path, name]);
      if (value !== undefined) merged[name] = value;
    }
    return merged;
  }

  #list(owner: z.ZodObject, list: List, name: string, parent: Fields, child: Fields, path: Path): unknown {
    const before = parent[name] as unknown[] | undefined;
    const after = child[name] as unknown[] | undefined;
    if (before === undefined && after === undefined) return undefined;
    const merged: unknown[] = [];
    const put = (value: unknown, origin: Origin) => {
      this.origins.mark(value, origin, [...path, merged.length]);
      merged.push(value);
    };
    if (list.rule.kind === 'append') {
      for (const item of before ?? []) put(item, 'parent');
      for (const item of after ?? []) put(item, 'child');
      return merged;
    }
    const { rule } = list;
    const key = rule.key as (element: unknown) => string;
    const childByKey = new Map((after ?? []).map((item) => [key(item), item]));
    const elsewhere = keysElsewhere(owner, name, rule, child);
    const handled = new Set<string>();
    for (const item of before ?? []) {
      const own = key(item);
      const match = childByKey.get(own);
      if (match !== undefined) {
        handled.add(own);
        if (rule.removes !== undefined && (rule.removes as (element: unknown) => boolean)(match)) continue;
        merged.push(this.value(list.element, item, match, [...path, merged.length]));
      } else if (!elsewhere.has(own)) put(item, 'parent');
    }
    for (const item of after ?? []) {
      if (handled.has(key(item))) continue;
      const isRemoval = rule.removes !== undefined && (rule.removes as (element: unknown) => boolean)(item);
      if (isRemoval && before !== undefined) lintRemoval([...path, merged.length], this.lints);
      put(item, 'child');
    }
    return merged;
  }

  #only(parent: unknown, child: unknown, path: Path): unknown {
    const value = child === undefined ? parent : child;
    this.origins.mark(value, child === undefined ? 'parent' : 'child', path);
    return value;
  }
}

interface List {
  readonly element: z.ZodType;
  readonly rule: ListRule;
}

function listOf(field: z.ZodType): List | undefined {
  const inner = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
  const rule = inner instanceof z.ZodArray ? listRules.get(inner) : undefined;
  return inner instanceof z.ZodArray && rule ? { element: inner.element as z.ZodType, rule } : undefined;
}

/** Keys that the child holds in the other lists of the same space: the parent's elements of those keys go. */
function keysElsewhere(owner: z.ZodObject, name: string, rule: SetRule, child: Fields): Set<string> {
  const keys = new Set<string>();
  if (rule.space === undefined) return keys;
  for (const [other, field] of Object.entries(owner.shape)) {
    const list = other === name ? undefined : listOf(field as z.ZodType);
    if (list?.rule.kind !== 'set' || list.rule.space !== rule.space) continue;
    const key = list.rule.key as (element: unknown) => string;
    for (const item of (child[other] as unknown[] | undefined) ?? []) keys.add(key(item));
  }
  return keys;
}
