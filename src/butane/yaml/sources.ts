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
  /** Paths of keys that the tool does not know and whose values it drops. */
  readonly unknownKeys: string[] = [];
  readonly #text: string;
  readonly #root: YamlNode;

  constructor(text: string, root: YamlNode) {
    this.#text = text;
    this.#root = root;
    this.#starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get isFatal(): boolean {
    return this.#entries.some(({ severity }) => severity === 'error');
  }

  /** Adds an entry. `at` is its offset in the text; the default is that of the value at `path`. */
  add(severity: Severity, path: Path, message: string, at = this.#offsetOf(path)): void {
    if (this.#entries.length >= MOST_ENTRIES) return;
    this.#entries.push({ severity, path: pathText(path), message, ...this.placeOf(at) });
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
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    const start = this.#starts[low] as number;
    return { line: low + 1, column: [...this.#text.slice(start, at)].length + 1 };
  }

  /** Returns the offset of the value at a path, or that of its deepest parent that exists. */
  #offsetOf(path: Path): number {
    let node = this.#root;
    for (const step of path) {
      const next = childOf(node, step);
      if (next === undefined) break;
      node = next;
    }
    return node.at;
  }
}

const MOST_ENTRIES = 1000;

function childOf(node: YamlNode, step: string | number): YamlNode | undefined {
  if (node.kind === 'list') return presentItems(node)[Number(step)];
  if (node.kind !== 'map') return undefined;
  return node.pairs.findLast(({ key }) => key.kind === 'scalar' && key.text === step)?.value;
}
