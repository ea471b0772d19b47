/** A report whose entries carry their line and column in a YAML source. No I/O. */
import { type Entry, type Path, pathText, type Severity } from '../../ignition/report.ts';
import { presentItems } from './decode.ts';
import type { YamlNode } from './yaml-tree.ts';

/** A line and a column, both counted from 1. Columns count characters, not bytes. */
interface Place {
  readonly line: number;
  readonly column: number;
}

export class YamlReport {
  readonly #entries: Entry[] = [];
  readonly #starts: number[];
  /** The offsets of the characters that are two UTF-16 units long. */
  readonly #wide: number[];
  readonly #children = new Children();
  /** Paths of keys that the tool does not know and whose values it drops. */
  readonly unknownKeys: string[] = [];
  readonly #root: YamlNode;

  constructor(text: string, root: YamlNode) {
    this.#root = root;
    this.#starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
    this.#wide = Array.from(text.matchAll(WIDE), ({ index }) => index);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get isFatal(): boolean {
    return this.#entries.some(({ severity }) => severity === 'error');
  }

  /** Adds an entry. `at` is its offset in the text; the default is that of the value at `path`. */
  add(severity: Severity, path: Path, message: string, at?: number): void {
    if (this.#entries.length >= MOST_ENTRIES) return;
    const place = this.placeOf(at ?? this.#offsetOf(path));
    this.#entries.push({ severity, path: pathText(path), message, ...place });
  }

  /** Adds an entry about a config inside the source. It keeps its own path and has no place. */
  addForeign(entry: Entry): void {
    if (this.#entries.length < MOST_ENTRIES) this.#entries.push(entry);
  }

  /** Warns of an unknown key, and also lists it in `unknownKeys`, so that a caller can refuse it. */
  addUnknownKey(path: Path, message: string, at: number): void {
    this.add('warning', path, message, at);
    if (this.unknownKeys.length < MOST_ENTRIES) this.unknownKeys.push(pathText(path));
  }

  placeOf(at: number): Place {
    const line = countUpTo(this.#starts, at);
    const start = this.#starts[line - 1] ?? 0;
    const wide = countUpTo(this.#wide, at - 1) - countUpTo(this.#wide, start - 1);
    return { line, column: at - start - wide + 1 };
  }

  /** Returns the offset of the value at a path, or that of its deepest parent that exists. */
  #offsetOf(path: Path): number {
    let node = this.#root;
    for (const step of path) {
      const next = this.#children.of(node, step);
      if (next === undefined) break;
      node = next;
    }
    return node.at;
  }
}

const MOST_ENTRIES = 1000;
const WIDE = /[\u{10000}-\u{10ffff}]/gu;

/** Returns how many of the ascending `offsets` are not greater than `at`. */
function countUpTo(offsets: readonly number[], at: number): number {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Finds the children of nodes. It looks through a list or a map once, however often it is asked. */
class Children {
  readonly #lists = new Map<YamlNode, readonly YamlNode[]>();
  readonly #maps = new Map<YamlNode, ReadonlyMap<string, YamlNode>>();

  of(node: YamlNode, step: string | number): YamlNode | undefined {
    if (node.kind === 'list') {
      const items = this.#lists.get(node) ?? presentItems(node);
      this.#lists.set(node, items);
      return items[Number(step)];
    }
    if (node.kind !== 'map') return undefined;
    // The last of several equal keys counts.
    const values =
      this.#maps.get(node) ??
      new Map(node.pairs.flatMap(({ key, value }) => (key.kind === 'scalar' ? [[key.text, value]] : [])));
    this.#maps.set(node, values);
    return values.get(String(step));
  }
}
