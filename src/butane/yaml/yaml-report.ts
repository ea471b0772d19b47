/** A report whose entries carry their line and column in a YAML source. No I/O. */
import { type Path, pathText, Report } from '../../ignition/report.ts';
import type { Place, YamlNode } from './node.ts';

/** Nobody reads more names of unknown keys than this. */
const MOST_NAMES = 1000;

export class YamlReport extends Report {
  /** Paths of keys that the tool does not know and whose values it drops. */
  readonly unknownKeys: string[] = [];

  readonly #root: YamlNode;
  readonly #children: Children;

  constructor(root: YamlNode) {
    const children = new Children();
    super((path) => children.placeOf(root, path));
    this.#root = root;
    this.#children = children;
  }

  /** True when the source has a value at this path. */
  has(path: Path): boolean {
    return this.#children.nodeAt(this.#root, path) !== undefined;
  }

  /** Warns of an unknown key, and also lists it in `unknownKeys`, so that a caller can refuse it. */
  addUnknownKey(path: Path, message: string, at: Place): void {
    this.add('warning', path, message, at);
    if (this.unknownKeys.length < MOST_NAMES) this.unknownKeys.push(pathText(path));
  }
}

/** Finds the children of nodes. It looks through a map once, however often it is asked. */
class Children {
  readonly #maps = new Map<YamlNode, ReadonlyMap<string, YamlNode>>();

  /** Returns the place of the value at a path, or that of its deepest parent that exists. */
  placeOf(root: YamlNode, path: Path): Place {
    let node = root;
    for (const step of path) {
      const next = this.#of(node, step);
      if (next === undefined) break;
      node = next;
    }
    return node.at;
  }

  /** Returns the value at a path, or `undefined`. */
  nodeAt(root: YamlNode, path: Path): YamlNode | undefined {
    let node: YamlNode | undefined = root;
    for (const step of path) node = node === undefined ? undefined : this.#of(node, step);
    return node;
  }

  #of(node: YamlNode, step: string | number): YamlNode | undefined {
    if (node.kind === 'list') return node.items[Number(step)];
    if (node.kind !== 'map') return undefined;
    // The last of several equal keys counts.
    const values =
      this.#maps.get(node) ??
      new Map(node.pairs.flatMap(({ key, value }) => (key.kind === 'scalar' ? [[key.text, value]] : [])));
    this.#maps.set(node, values);
    return values.get(String(step));
  }
}
