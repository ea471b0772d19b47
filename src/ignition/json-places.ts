/** Finds the place of a value in the text of a JSON document. It searches only when somebody asks. No I/O. */
import type { JsonNode } from './json-source.ts';
import type { Path } from './report.ts';

/** Finds the offset of the value at a path, or `undefined` when there is none. An exact name wins over another case. */
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
    const cached = this.#members.get(node);
    if (cached !== undefined) return cached;
    const members = new Map<string, JsonNode>();
    for (const { key, value } of node.members) members.set(folded(key), value);
    for (const { key, value } of node.members) members.set(key, value);
    this.#members.set(node, members);
    return members;
  }
}

const NONE: ReadonlyMap<string, JsonNode> = new Map();

/** Returns the name in lower case, with a prefix that keeps it apart from the exact names in the same map. */
const folded = (name: string): string => `\0${name.toLowerCase()}`;
