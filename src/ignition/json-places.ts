/** Finds the place of a value in the text of a JSON document. It searches only when somebody asks. No I/O. */
import type { JsonMember, JsonNode } from './json-source.ts';
import type { Path } from './report.ts';

/**
 * Finds the offset of the value at a path, or that of the deepest value above it that is there: a missing field has its
 * object's place, as in Ignition, which also does not look for names in another case here.
 */
export class JsonPlaces {
  readonly #members = new Map<JsonNode, ReadonlyMap<string, JsonMember>>();

  readonly #root: JsonNode;

  constructor(root: JsonNode) {
    this.#root = root;
  }

  /** With `key`, returns the offset of the value's name, if it has one. */
  at(path: Path, part?: 'key'): number {
    let node = this.#root;
    let { at } = node;
    for (const step of path) {
      if (node.kind === 'array') {
        const item = node.items[Number(step)];
        if (item === undefined) break;
        node = item;
        at = item.at;
        continue;
      }
      const member = this.#membersOf(node).get(String(step));
      if (member === undefined) break;
      node = member.value;
      at = part === 'key' ? member.keyAt : node.at;
    }
    return at;
  }

  #membersOf(node: JsonNode): ReadonlyMap<string, JsonMember> {
    if (node.kind !== 'object') return NONE;
    const cached = this.#members.get(node);
    if (cached !== undefined) return cached;
    const members = new Map<string, JsonMember>();
    for (const member of node.members) members.set(member.key, member);
    this.#members.set(node, members);
    return members;
  }
}

const NONE: ReadonlyMap<string, JsonMember> = new Map();
