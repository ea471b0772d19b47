/**
 * YAML as a tree of what is written, in go-yaml's dialect: scalars keep their text and tag, aliases are followed, nothing is typed
 * yet. The library gives the syntax alone (its schema, merge keys and key checks are off). Only the first document counts. No I/O.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, parseAllDocuments, visit } from 'yaml';
import { err, ok, type Result } from '../../shared/result.ts';

interface Base {
  /** Offset in the text. */
  readonly at: number;
  /** Written as an alias of what stands elsewhere. */
  readonly isAlias: boolean;
}

export interface ScalarNode extends Base {
  readonly kind: 'scalar';
  readonly text: string;
  /** Neither quoted nor a block. */
  readonly isPlain: boolean;
  /** `!!int` and the like in short form, another tag as it is; empty for none. */
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
  /** As go-yaml would say it, where it is ours to say. */
  readonly message: string;
}

/** Deeper than anything that a config means. */
const MOST_DEPTH = 200;
/** Nodes once every alias is followed. */
const MOST_NODES = 400_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what YAML refuses
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/u;

/** The first document, or why it is none. Bounded in depth and size, whatever its aliases would make of it. */
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
    return new Grower(first).grow();
  } catch {
    // The library recurses: what is nested too deep for it ends here.
    return fault('nested too deep');
  }
}

const NULL: ScalarNode = { kind: 'scalar', text: '', isPlain: true, tag: '', at: 0, isAlias: false };

const fault = (message: string) => err<YamlFault>({ message: `yaml: ${message}` });

class Stop extends Error {}

class Grower {
  #count = 0;
  readonly #open = new Set<unknown>();
  readonly #document: Document.Parsed;
  readonly #targets: ReadonlyMap<unknown, unknown>;

  constructor(document: Document.Parsed) {
    this.#document = document;
    this.#targets = aliasTargets(document);
  }

  grow(): Result<YamlNode, YamlFault> {
    try {
      return ok(this.#node(this.#document.contents, 0, false, 0));
    } catch (cause) {
      if (cause instanceof Stop) return fault(cause.message);
      throw cause;
    }
  }

  #node(node: unknown, fallback: number, viaAlias: boolean, depth: number): YamlNode {
    this.#count += 1;
    if (this.#count > MOST_NODES) throw new Stop('document contains excessive aliasing');
    if (depth > MOST_DEPTH) throw new Stop(`nested deeper than ${MOST_DEPTH}`);
    if (isAlias(node)) {
      const target = this.#targets.get(node);
      if (target === undefined) throw new Stop(`unknown anchor '${node.source}' referenced`);
      if (this.#open.has(target)) throw new Stop(`anchor '${node.source}' value contains itself`);
      return { ...this.#node(target, fallback, true, depth + 1), at: node.range?.[0] ?? fallback };
    }
    const at = (node as { range?: [number, number, number] } | null)?.range?.[0] ?? fallback;
    if (isScalar(node)) {
      // The library decodes `!!binary` leniently; what was written decides.
      const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value ?? ''));
      return { kind: 'scalar', text, isPlain: node.type === 'PLAIN', tag: shortTag(node.tag), at, isAlias: viaAlias };
    }
    this.#open.add(node);
    const grown = this.#collection(node, at, viaAlias, depth + 1);
    this.#open.delete(node);
    return grown;
  }

  #collection(node: unknown, at: number, viaAlias: boolean, depth: number): YamlNode {
    if (isMap(node)) {
      const pairs = node.items.map(({ key, value }) => {
        const grownKey = this.#node(key, at, false, depth);
        return { key: grownKey, value: this.#node(value, grownKey.at, false, depth) };
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

/** What each alias names: the last node before it with its anchor. The library looks through the whole document for every alias. */
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
