/**
 * Finds the keys of a YAML document that a tool does not know. The tools walk the decoded value beside the tree; since
 * null elements of lists are dropped from the value alone, the two can differ, as they do in the tools. No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { isMergeKey, type YamlShape, type YamlValue } from './decode.ts';
import type { Place, YamlNode } from './node.ts';

export interface KeyFindings {
  /** Called for a key that the shape does not have; `fieldNames` are those that it has. */
  readonly unknownKey: (key: string, fieldNames: readonly string[], path: Path, at: Place) => void;
  /** Called for an alias or another value where an object belongs. The tools do not check the keys below it. */
  readonly strangeObject: (path: Path, at: Place) => void;
}

/** Reports the unknown keys of a decoded document. */
export function findUnknownKeys(
  shape: YamlShape,
  value: YamlValue | undefined,
  node: YamlNode,
  findings: KeyFindings,
  path: Path = [],
): void {
  if (shape.kind === 'list') {
    if (node.kind !== 'list' || node.isAlias || !Array.isArray(value) || !holdsObjects(shape.element)) return;
    for (const [index, item] of value.entries()) {
      const found = node.items[index];
      if (found !== undefined) findUnknownKeys(shape.element, item, found, findings, [...path, index]);
    }
    return;
  }
  if (shape.kind !== 'object') return;
  if (node.kind !== 'map' || node.isAlias) {
    findings.strangeObject(path, node.at);
    return;
  }
  const fieldNames = [...shape.fields.keys()];
  const fields = typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) ? value : {};
  for (const { key, value: inner } of node.pairs) {
    if (key.kind !== 'scalar') continue;
    const { text, at } = key;
    const field = isMergeKey(key) ? undefined : shape.fields.get(text);
    if (field === undefined) findings.unknownKey(text, fieldNames, [...path, text], at);
    else findUnknownKeys(field, fields[text], inner, findings, [...path, text]);
  }
}

const holdsObjects = (shape: YamlShape): boolean =>
  shape.kind === 'object' || (shape.kind === 'list' && holdsObjects(shape.element));
