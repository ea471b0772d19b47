/**
 * Parses YAML into a tree, in the dialect of go-yaml. Scalars keep their text and tag, because the fields decide their
 * type later (`scalar.ts`). Aliases are followed. The library's own schema, merge keys and key checks are off. Only the
 * first document is read. No I/O.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Scalar, visit } from 'yaml';
import { err, ok, type Result } from '../../shared/result.ts';
import { firstDocument, MOST_DEPTH } from './first-document.ts';

interface Base {
  /** The offset in the text. */
  readonly at: number;
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

export type YamlNode = ScalarNode | MapNode | ListNode;

export interface YamlFault {
  /** The message of go-yaml, or that of the library for a syntax error. */
  readonly message: string;
}

/** The limit for the number of nodes, counted with every alias followed. */
const MOST_NODES = 400_000;
/** The limit for the characters of all scalars, counted with every alias followed: as many as user data may have. */
const MOST_CHARACTERS = 1024 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML refuses these characters
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/u;

/**
 * Returns the tree of the first document, or a fault. Limits on depth and on the number of nodes, counted with every
 * alias followed, bound the work of whoever walks the tree. An alias shares the tree of what it names.
 */
export function readYaml(text: string): Result<YamlNode, YamlFault> {
  if (REFUSED.test(text)) return fault('control characters are not allowed');
  try {
    const document = firstDocument(text);
    if (!document.ok) return fault(document.error);
    const first = document.value;
    if (first === undefined) return ok(NULL);
    const [error] = first.errors;
    if (error !== undefined) return fault(error.message);
    const { explicit, version } = first.directives.yaml;
    if (explicit === true && String(version) !== '1.1') return fault('found incompatible YAML document');
    return new TreeBuilder(first).build();
  } catch {
    // The library recurses, so a text that is nested too deeply overflows the stack.
    return fault('nested too deep');
  }
}

const NULL: ScalarNode = { kind: 'scalar', text: '', isPlain: true, tag: '', at: 0, isAlias: false };

const fault = (message: string) => err<YamlFault>({ message: `yaml: ${message}` });

class YamlError extends Error {}

/** A tree, with what it counts wherever an alias names it. */
interface Built {
  readonly tree: YamlNode;
  /** The number of its nodes, with every alias in it followed. */
  readonly count: number;
  /** The characters of its scalars, with every alias in it followed. */
  readonly characters: number;
  /** How many levels lie below it. */
  readonly height: number;
}

class TreeBuilder {
  readonly #open = new Set<unknown>();
  /** What each node with an anchor became. */
  readonly #anchored = new Map<unknown, Built>();
  readonly #document: Document.Parsed;
  readonly #targets: ReadonlyMap<unknown, unknown>;

  constructor(document: Document.Parsed) {
    this.#document = document;
    this.#targets = aliasTargets(document);
  }

  build(): Result<YamlNode, YamlFault> {
    try {
      return ok(this.#node(this.#document.contents, 0, 0).tree);
    } catch (cause) {
      if (cause instanceof YamlError) return fault(cause.message);
      throw cause;
    }
  }

  #node(node: unknown, fallback: number, depth: number): Built {
    if (depth > MOST_DEPTH) throw new YamlError(TOO_DEEP);
    if (isAlias(node)) {
      const target = this.#targets.get(node);
      if (target === undefined) throw new YamlError(`unknown anchor '${node.source}' referenced`);
      if (this.#open.has(target)) throw new YamlError(`anchor '${node.source}' value contains itself`);
      const named = this.#anchored.get(target);
      if (named === undefined) throw new Error('an anchor stands before its aliases');
      if (depth + 1 + named.height > MOST_DEPTH) throw new YamlError(TOO_DEEP);
      const tree = { ...named.tree, at: node.range?.[0] ?? fallback, isAlias: true };
      return { ...named, tree, count: named.count + 1, height: named.height + 1 };
    }
    const at = (node as { range?: [number, number, number] } | null)?.range?.[0] ?? fallback;
    const built = isScalar(node) ? scalar(node, at) : this.#openCollection(node, at, depth + 1);
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) this.#anchored.set(node, built);
    return built;
  }

  #openCollection(node: unknown, at: number, depth: number): Built {
    this.#open.add(node);
    const built = this.#collection(node, at, depth);
    this.#open.delete(node);
    return built;
  }

  #collection(node: unknown, at: number, depth: number): Built {
    let [count, characters, height] = [1, 0, 0];
    const inner = (child: unknown, fallback: number): YamlNode => {
      const built = this.#node(child, fallback, depth);
      count += built.count;
      characters += built.characters;
      height = Math.max(height, built.height + 1);
      if (count > MOST_NODES || characters > MOST_CHARACTERS)
        throw new YamlError('document contains excessive aliasing');
      return built.tree;
    };
    if (isMap(node)) {
      const pairs = node.items.map(({ key, value }) => {
        const keyNode = inner(key, at);
        return { key: keyNode, value: inner(value, keyNode.at) };
      });
      const tree = {
        kind: 'map',
        pairs,
        at: node.flow === true ? at : (pairs[0]?.key.at ?? at),
        isAlias: false,
      } as const;
      return { tree, count, characters, height };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => inner(item, at));
      return { tree: { kind: 'list', items, at, isAlias: false }, count, characters, height };
    }
    return { tree: { ...NULL, at }, count, characters, height };
  }
}

const TOO_DEEP = `nested deeper than ${MOST_DEPTH}`;

function scalar(node: Scalar, at: number): Built {
  // The library decodes `!!binary` leniently, so take the source text instead.
  const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value ?? ''));
  const tree = {
    kind: 'scalar',
    text,
    isPlain: node.type === 'PLAIN',
    tag: shortTag(node.tag),
    at,
    isAlias: false,
  } as const;
  return { tree, count: 1, characters: text.length, height: 0 };
}

/**
 * Returns the node that each alias names: the last one before it with that anchor. The library can resolve an alias,
 * but it walks the whole document for each of them.
 */
function aliasTargets(document: Document.Parsed): ReadonlyMap<unknown, unknown> {
  const anchors = new Map<string, unknown>();
  const targets = new Map<unknown, unknown>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function shortTag(tag: string | undefined): string {
  if (tag === undefined) return '';
  return tag.startsWith('tag:yaml.org,2002:') ? `!!${tag.slice('tag:yaml.org,2002:'.length)}` : tag;
}
