/**
 * What go-yaml v3 (3.0.1) makes of a text: its tree, or its error. The texts are combinations of atoms from a seeded
 * generator of ours; the answers were taken from yaml.Unmarshal into a yaml.Node by a program that does nothing else.
 */
import { expect, it } from 'vitest';
import type { YamlNode } from '../../src/butane/yaml/node.ts';
import { readYaml } from '../../src/butane/yaml/read-yaml.ts';
import table from './tables/go-yaml.json' with { type: 'json' };

type Tree = readonly unknown[];

/** A scalar is `s`, its text, whether it is plain, its tag; a list `l` and a map `m` have their nodes behind that. */
function treeOf(node: YamlNode): Tree {
  // Go-yaml's tree names the anchor only.
  if (node.isAlias || node.kind === 'loop') return ['a'];
  if (node.kind === 'scalar') return ['s', node.text, node.isPlain, node.tag === '!' ? '' : node.tag];
  if (node.kind === 'list') return ['l', ...node.items.map(treeOf)];
  return ['m', ...node.pairs.flatMap(({ key, value }) => [treeOf(key), treeOf(value)])];
}

it('1,000 texts are read as go-yaml reads them, and refused in its words', () => {
  expect(table.length).toBeGreaterThan(1000);
  for (const [text, answer] of table as unknown as [string, Tree | { error: string }][]) {
    const read = readYaml(text);
    expect([text, read.ok ? treeOf(read.value) : { error: read.error.message }]).toEqual([text, answer]);
  }
});
