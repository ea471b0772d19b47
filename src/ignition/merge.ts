/**
 * Merges two spec 3 configs of one version (config/merge of coreos/ignition 2.26.0). A plain value comes from the
 * child. A nullable value comes from the child if the child sets it. Objects merge field by field. Lists merge by the
 * rule of their field (spec/lists). Two valid configs may merge into an invalid one, so validate the result. No I/O.
 */
import type * as z from 'zod';
import { lintRemoval, lintResource } from './lints.ts';
import { type Origin, Origins } from './origins.ts';
import type { Findings, Path } from './report.ts';
import type { ListRule } from './spec/lists.ts';
import { type ObjectShape, type Shape, shapeOf } from './spec/shape.ts';

type Fields = Readonly<Record<string, unknown>>;
type SetRule = Extract<ListRule, { kind: 'set' }>;

const IGNORED_FINDINGS: Findings = { error: () => undefined, warn: () => undefined };

/**
 * Returns the merged config and the origin of each of its leaves. `lints` gets the warnings about doubtful merges.
 * Neither input is changed.
 */
export function mergeConfigs<T>(
  schema: z.ZodType<T>,
  parent: T,
  child: T,
  lints: Findings = IGNORED_FINDINGS,
): { config: T; origins: Origins } {
  const merger = new Merger(lints);
  const config = merger.value(shapeOf(schema), parent, child, [], []) as T;
  return { config, origins: merger.origins };
}

class Merger {
  readonly origins = new Origins();

  readonly #lints: Findings;

  constructor(lints: Findings) {
    this.#lints = lints;
  }

  /** `from` is the path of the parent's value in the parent; an item may have another index there. */
  value(shape: Shape, parent: unknown, child: unknown, path: Path, from: Path): unknown {
    if (parent === undefined || child === undefined) return this.#only(parent, child, path, from);
    if (shape.kind === 'object') return this.#object(shape, parent as Fields, child as Fields, path, from);
    this.origins.mark(child, 'child', path);
    return child;
  }

  #object(shape: ObjectShape, parent: Fields, child: Fields, path: Path, from: Path): Fields {
    const merged: Record<string, unknown> = {};
    if (shape.named.has('source')) lintResource(parent, child, path, this.#lints);
    for (const { name, shape: field } of shape.fields) {
      if (parent[name] === undefined && child[name] === undefined) continue;
      const [where, whereFrom] = [
        [...path, name],
        [...from, name],
      ];
      const value =
        field.kind === 'list' && field.rule !== undefined
          ? this.#list(shape, field.element, field.rule, name, parent, child, where, whereFrom)
          : this.value(field, parent[name], child[name], where, whereFrom);
      if (value !== undefined) merged[name] = value;
    }
    return merged;
  }

  #list(
    owner: ObjectShape,
    element: Shape,
    rule: ListRule,
    name: string,
    parent: Fields,
    child: Fields,
    path: Path,
    from: Path,
  ): unknown {
    const parentItems = parent[name] as unknown[] | undefined;
    const childItems = child[name] as unknown[] | undefined;
    const merged: unknown[] = [];
    const put = (value: unknown, origin: Origin, index?: number) => {
      this.origins.mark(value, origin, [...path, merged.length], index === undefined ? undefined : [...from, index]);
      merged.push(value);
    };
    if (rule.kind === 'append') {
      for (const [index, item] of (parentItems ?? []).entries()) put(item, 'parent', index);
      for (const item of childItems ?? []) put(item, 'child');
      return merged;
    }
    const key = rule.key as (element: unknown) => string;
    const childByKey = new Map((childItems ?? []).map((item) => [key(item), item]));
    const keysOfSiblings = findSiblingKeys(owner, name, rule, child);
    const mergedKeys = new Set<string>();
    for (const [index, item] of (parentItems ?? []).entries()) {
      const itemKey = key(item);
      const match = childByKey.get(itemKey);
      if (match !== undefined) {
        mergedKeys.add(itemKey);
        if (rule.removes !== undefined && (rule.removes as (element: unknown) => boolean)(match)) continue;
        merged.push(this.value(element, item, match, [...path, merged.length], [...from, index]));
      } else if (!keysOfSiblings.has(itemKey)) put(item, 'parent', index);
    }
    for (const item of childItems ?? []) {
      if (mergedKeys.has(key(item))) continue;
      const isRemoval = rule.removes !== undefined && (rule.removes as (element: unknown) => boolean)(item);
      if (isRemoval) lintRemoval([...path, merged.length], this.#lints);
      put(item, 'child');
    }
    return merged;
  }

  #only(parent: unknown, child: unknown, path: Path, from: Path): unknown {
    if (child === undefined) this.origins.mark(parent, 'parent', path, from);
    else this.origins.mark(child, 'child', path);
    return child === undefined ? parent : child;
  }
}

/** Returns the child's keys in the other lists of the same space. The parent's elements with these keys are dropped. */
function findSiblingKeys(owner: ObjectShape, name: string, rule: SetRule, child: Fields): Set<string> {
  const keys = new Set<string>();
  if (rule.space === undefined) return keys;
  for (const { name: other, shape } of owner.fields) {
    const sibling = other === name || shape.kind !== 'list' ? undefined : shape.rule;
    if (sibling?.kind !== 'set' || sibling.space !== rule.space) continue;
    const key = sibling.key as (element: unknown) => string;
    for (const item of (child[other] as unknown[] | undefined) ?? []) keys.add(key(item));
  }
  return keys;
}
