/** Where the parts of a JSON document stand in its text; sought only when somebody asks. No I/O. */
import type { JsonNode } from './json-source.ts';
import type { Path } from './report.ts';

/** Finds the offset of what a path leads to, names taken whatever their case; `undefined` where it leads nowhere. */
export class JsonPlaces {
  readonly #members = new Map<JsonNode, ReadonlyMap<string, JsonNode>>();

  readonly #root: JsonNode;

  constructor(root: JsonNode) {
    this.#root = root;
  }

  at(path: Path): number | undefined {
    let node: JsonNode | undefined = this.#root;
    for (const step of path) {
      if (node === undefined) return undefined;
      if (node.kind === 'array') node = node.items[Number(step)];
      else node = this.#membersOf(node).get(String(step)) ?? this.#membersOf(node).get(folded(String(step)));
    }
    return node?.at;
  }

  #membersOf(node: JsonNode): ReadonlyMap<string, JsonNode> {
    if (node.kind !== 'object') return NONE;
    const known = this.#members.get(node);
    if (known !== undefined) return known;
    const members = new Map<string, JsonNode>();
    for (const { key, value } of node.members) members.set(folded(key), value);
    for (const { key, value } of node.members) members.set(key, value);
    this.#members.set(node, members);
    return members;
  }
}

const NONE: ReadonlyMap<string, JsonNode> = new Map();

/** Apart from every name that is written as it is. */
const folded = (name: string): string => `\0${name.toLowerCase()}`;
