/** Trees in the making, with what they count: an alias shares the tree of what it names, and counts as a copy. No I/O. */
import type { MapNode, Place, ScalarNode, YamlNode } from '../node.ts';
import { type Mark, YamlFault } from './cursor.ts';

/** The limit for the number of nodes, counted with every alias followed. */
const MOST_NODES = 400_000;
/** The limit for the characters of all scalars, counted with every alias followed: as many as user data may have. */
const MOST_CHARACTERS = 1024 * 1024;

/** A tree, with what it counts wherever an alias names it. */
export interface Built {
  readonly tree: YamlNode;
  readonly nodes: number;
  readonly characters: number;
  /** How many levels lie below it. */
  readonly height: number;
}

/** Collects the items of a list, or the keys and values of a mapping. */
export class Collection {
  readonly #at: Place;
  readonly #items: YamlNode[] = [];
  #nodes = 1;
  #characters = 0;
  #height = 0;

  constructor(at: Place) {
    this.#at = at;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add({ tree, nodes, characters, height }: Built, mark: Mark): void {
    this.#items.push(tree);
    this.#nodes += nodes;
    this.#characters += characters;
    this.#height = Math.max(this.#height, height + 1);
    if (this.#nodes > MOST_NODES || this.#characters > MOST_CHARACTERS)
      throw limitFault('document contains excessive aliasing', mark);
  }

  list(): Built {
    return this.#built({ kind: 'list', items: this.#items, at: this.#at, isAlias: false });
  }

  map(): Built {
    const pairs: MapNode['pairs'][number][] = [];
    for (let at = 0; at + 1 < this.#items.length; at += 2)
      pairs.push({ key: this.#items[at] as YamlNode, value: this.#items[at + 1] as YamlNode });
    return this.#built({ kind: 'map', pairs, at: this.#at, isAlias: false });
  }

  #built(tree: YamlNode): Built {
    return { tree, nodes: this.#nodes, characters: this.#characters, height: this.#height };
  }
}

/** Returns the fault of a text that breaks one of our limits. Go-yaml has no message for it. */
export const limitFault = (problem: string, mark: Mark): YamlFault => new YamlFault(problem, mark, 0);

export const placeOf = ({ line, column }: Mark): Place => ({ line: line + 1, column: column + 1 });

/** Returns the null that stands where YAML has nothing. */
export const empty = (mark: Mark): ScalarNode => ({
  kind: 'scalar',
  text: '',
  isPlain: true,
  tag: '',
  at: placeOf(mark),
  isAlias: false,
});

export const leaf = (tree: YamlNode): Built => ({
  tree,
  nodes: 1,
  characters: tree.kind === 'scalar' ? tree.text.length : 0,
  height: 0,
});
