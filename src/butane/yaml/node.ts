/** The tree of a YAML document. Scalars keep their text and tag, because the fields decide their type later. No I/O. */

/** A line and a column, both counted from 1, in characters. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

interface Base {
  readonly at: Place;
  /** True when YAML has an alias (`*name`) here. */
  readonly isAlias: boolean;
}

export interface ScalarNode extends Base {
  readonly kind: 'scalar';
  readonly text: string;
  /** True when the scalar is neither quoted nor a block. */
  readonly isPlain: boolean;
  /** The explicit tag: a standard one in short form (`!!int`), any other as it is written. Empty without a tag. */
  readonly tag: string;
}

export interface MapNode extends Base {
  readonly kind: 'map';
  readonly pairs: readonly { readonly key: YamlNode; readonly value: YamlNode }[];
}

export interface ListNode extends Base {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

/** An alias inside what it names. It can be skipped, but not decoded. */
interface LoopNode extends Base {
  readonly kind: 'loop';
  readonly anchor: string;
}

export type YamlNode = ScalarNode | MapNode | ListNode | LoopNode;
