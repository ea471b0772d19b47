/**
 * Parses YAML into a tree, in the dialect of go-yaml. Scalars keep their text and tag, because the fields decide their
 * type later (`scalar.ts`). Aliases are followed. The library's own schema, merge keys and key checks are off. Only the
 * first document is read. No I/O.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, parseAllDocuments, visit } from 'yaml';
import { err, ok, type Result } from '../../shared/result.ts';

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

/** No useful config is nested deeper than this. */
const MOST_DEPTH = 200;
/** The limit for the number of nodes, counted with every alias followed. */
const MOST_NODES = 400_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML refuses these characters
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/u;

/** Returns the tree of the first document, or a fault. Limits on depth and size stop nested aliases from growing it. */
export function readYaml(text: string): Result<YamlNode, YamlFault> {
  if (REFUSED.test(text)) return fault('control characters are not allowed');
  try {
    const options = {
      schema: 'failsafe',
      uniqueKeys: false,
      merge: false,
      prettyErrors: false,
      logLevel: 'silent',
    } as const;
    const documents = parseAllDocuments(text, options) as Document.Parsed[];
    const [first] = documents;
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

class TreeBuilder {
  #count = 0;
  readonly #open = new Set<unknown>();
  readonly #document: Document.Parsed;
  readonly #targets: ReadonlyMap<unknown, unknown>;

  constructor(document: Document.Parsed) {
    this.#document = document;
    this.#targets = aliasTargets(document);
  }

  build(): Result<YamlNode, YamlFault> {
    try {
      return ok(this.#node(this.#document.contents, 0, false, 0));
    } catch (cause) {
      if (cause instanceof YamlError) return fault(cause.message);
      throw cause;
    }
  }

  #node(node: unknown, fallback: number, viaAlias: boolean, depth: number): YamlNode {
    this.#count += 1;
    if (this.#count > MOST_NODES) throw new YamlError('document contains excessive aliasing');
    if (depth > MOST_DEPTH) throw new YamlError(`nested deeper than ${MOST_DEPTH}`);
    if (isAlias(node)) {
      const target = this.#targets.get(node);
      if (target === undefined) throw new YamlError(`unknown anchor '${node.source}' referenced`);
      if (this.#open.has(target)) throw new YamlError(`anchor '${node.source}' value contains itself`);
      return { ...this.#node(target, fallback, true, depth + 1), at: node.range?.[0] ?? fallback };
    }
    const at = (node as { range?: [number, number, number] } | null)?.range?.[0] ?? fallback;
    if (isScalar(node)) {
      // The library decodes `!!binary` leniently, so take the source text instead.
      const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value ?? ''));
      return { kind: 'scalar', text, isPlain: node.type === 'PLAIN', tag: shortTag(node.tag), at, isAlias: viaAlias };
    }
    this.#open.add(node);
    const tree = this.#collection(node, at, viaAlias, depth + 1);
    this.#open.delete(node);
    return tree;
  }

  #collection(node: unknown, at: number, viaAlias: boolean, depth: number): YamlNode {
    if (isMap(node)) {
      const pairs = node.items.map(({ key, value }) => {
        const keyNode = this.#node(key, at, false, depth);
        return { key: keyNode, value: this.#node(value, keyNode.at, false, depth) };
      });
      return { kind: 'map', pairs, at: node.flow === true ? at : (pairs[0]?.key.at ?? at), isAlias: viaAlias };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item, at, false, depth));
      return { kind: 'list', items, at, isAlias: viaAlias };
    }
    return { ...NULL, at, isAlias: viaAlias };
  }
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
