/**
 * Builds the tree of the first document of a YAML text as go-yaml v3 does (parserc.go, decode.go). An alias shares the
 * tree of what it names. No I/O.
 */
import type { Place, YamlNode } from '../node.ts';
import { type Built, Collection, empty, leaf, limitFault, placeOf } from './built.ts';
import { type Mark, parseFault, YamlFault } from './cursor.ts';
import { Scanner } from './scanner.ts';
import type { Token, TokenKind } from './token.ts';

/** The limit for the tokens of a document. */
const MOST_TOKENS = 100_000;
/** No useful config is nested deeper than this. */
const MOST_DEPTH = 200;
const STANDARD = 'tag:yaml.org,2002:';

interface Properties {
  readonly start: Mark;
  readonly anchor: string | undefined;
  /** A standard tag in short form (`!!int`), any other as it is written. Empty without a tag. */
  readonly tag: string;
}

/** Returns the root of the first document, or `undefined` for a text without one. Throws a `YamlFault`. */
export function parseDocument(text: string): YamlNode | undefined {
  return new DocumentParser(text).document();
}

/**
 * A fault inside brackets or braces. Where the text ends, a person has to look at where they begin; go-yaml's own line stays
 * as it counts it.
 */
function unclosed(problem: string, context: Mark, token: Token): YamlFault {
  const fault = parseFault(problem, context, token.start);
  return token.kind === 'stream-end' ? new YamlFault(problem, context, fault.goLine) : fault;
}

class DocumentParser {
  readonly #scanner: Scanner;
  readonly #tags = new Map<string, string>();
  /** What each anchor names; `open` while its collection is being read. */
  readonly #anchors = new Map<string, Built | 'open'>();

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  document(): YamlNode | undefined {
    const first = this.#peek();
    if (first.kind === 'stream-end') return undefined;
    const isExplicit = DOCUMENT_STARTS.has(first.kind);
    this.#directives();
    if (!isExplicit) return this.#root();
    const token = this.#peek();
    if (token.kind !== 'document-start')
      throw parseFault('did not find expected <document start>', undefined, token.start);
    this.#take();
    const next = this.#peek();
    return DOCUMENT_ENDS.has(next.kind) ? empty(next.start) : this.#root();
  }

  /** Go-yaml looks for the end of the document, and so finds a fault in the next tokens. */
  #root(): YamlNode {
    const { tree } = this.#node(true, false, 0);
    this.#peek();
    return tree;
  }

  #peek(): Token {
    const token = this.#scanner.peek();
    if (this.#scanner.count > MOST_TOKENS) throw limitFault(TOO_MANY_TOKENS, token.start);
    return token;
  }

  #take(): Token {
    this.#peek();
    return this.#scanner.take();
  }

  #directives(): void {
    let hasVersion = false;
    for (let token = this.#peek(); DIRECTIVES.has(token.kind); token = this.#peek()) {
      if (token.kind === 'version-directive') {
        if (hasVersion) throw parseFault('found duplicate %YAML directive', undefined, token.start);
        if (token.text !== '1.1') throw parseFault('found incompatible YAML document', undefined, token.start);
        hasVersion = true;
      } else {
        if (this.#tags.has(token.text)) throw parseFault('found duplicate %TAG directive', undefined, token.start);
        this.#tags.set(token.text, token.suffix);
      }
      this.#take();
    }
    if (!this.#tags.has('!')) this.#tags.set('!', '!');
    if (!this.#tags.has('!!')) this.#tags.set('!!', STANDARD);
  }

  /** `takesList` is true where a list of a block may begin without being indented: as the value of a key. */
  #node(isBlock: boolean, takesList: boolean, depth: number): Built {
    const first = this.#peek();
    if (depth > MOST_DEPTH) throw limitFault(`nested deeper than ${MOST_DEPTH}`, first.start);
    if (first.kind === 'alias') return this.#alias(this.#take(), depth);
    const properties = this.#properties();
    const { anchor } = properties;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const built = this.#content(properties, isBlock, takesList, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #alias({ text, start }: Token, depth: number): Built {
    const named = this.#anchors.get(text);
    const at = placeOf(start);
    if (named === undefined) throw new YamlFault(`unknown anchor '${text}' referenced`, start, 0);
    // Go-yaml complains about an alias inside what it names only when it decodes it.
    if (named === 'open') return leaf({ kind: 'loop', anchor: text, at, isAlias: true });
    if (depth + 1 + named.height > MOST_DEPTH) throw limitFault(`nested deeper than ${MOST_DEPTH}`, start);
    return { ...named, tree: { ...named.tree, at, isAlias: true }, nodes: named.nodes + 1, height: named.height + 1 };
  }

  #properties(): Properties {
    const { start } = this.#peek();
    let anchor: string | undefined;
    let tag: Token | undefined;
    for (let token = this.#peek(); ; token = this.#peek()) {
      if (token.kind === 'anchor' && anchor === undefined) anchor = this.#take().text;
      else if (token.kind === 'tag' && tag === undefined) tag = this.#take();
      else return { start, anchor, tag: tag === undefined ? '' : this.#shortTag(tag, start) };
    }
  }

  #shortTag({ text, suffix, start }: Token, node: Mark): string {
    const prefix = text === '' ? '' : this.#tags.get(text);
    if (prefix === undefined) throw parseFault('found undefined tag handle', node, start);
    const tag = `${prefix}${suffix}`;
    return tag.startsWith(STANDARD) ? `!!${tag.slice(STANDARD.length)}` : tag;
  }

  #content({ start, tag, anchor }: Properties, isBlock: boolean, takesList: boolean, depth: number): Built {
    const at = placeOf(start);
    const token = this.#peek();
    if (takesList && token.kind === 'block-entry') return this.#plainList(at, depth);
    if (token.kind === 'scalar') {
      const { text, isPlain } = this.#take();
      return leaf({ kind: 'scalar', text, isPlain, tag, at, isAlias: false });
    }
    if (token.kind === 'flow-list-start') return this.#flowList(at, depth);
    if (token.kind === 'flow-map-start') return this.#flowMap(at, depth);
    if (isBlock && token.kind === 'block-list-start') return this.#blockList(at, depth);
    if (isBlock && token.kind === 'block-map-start') return this.#blockMap(at, depth);
    if (anchor !== undefined || tag !== '') return leaf({ ...empty(start), tag });
    throw parseFault('did not find expected node content', start, token.start);
  }

  #blockList(at: Place, depth: number): Built {
    const { start } = this.#take();
    const list = new Collection(at);
    for (let token = this.#peek(); token.kind !== 'block-end'; token = this.#peek()) {
      if (token.kind !== 'block-entry') throw parseFault("did not find expected '-' indicator", start, token.start);
      const { end } = this.#take();
      const isEmpty = ENDS_ENTRY.has(this.#peek().kind);
      list.add(isEmpty ? leaf(empty(end)) : this.#node(true, false, depth + 1), end);
    }
    this.#take();
    return list.list();
  }

  /** Reads a list whose entries are not indented deeper than the key before it. It has no token for its end. */
  #plainList(at: Place, depth: number): Built {
    const list = new Collection(at);
    while (this.#peek().kind === 'block-entry') {
      const { end } = this.#take();
      const isEmpty = ENDS_PLAIN_ENTRY.has(this.#peek().kind);
      list.add(isEmpty ? leaf(empty(end)) : this.#node(true, false, depth + 1), end);
    }
    return list.list();
  }

  #blockMap(at: Place, depth: number): Built {
    const { start } = this.#take();
    const map = new Collection(at);
    for (let token = this.#peek(); token.kind !== 'block-end'; token = this.#peek()) {
      if (token.kind !== 'key') throw parseFault('did not find expected key', start, token.start);
      map.add(this.#blockPart(depth), token.start);
      const colon = this.#peek();
      map.add(colon.kind === 'value' ? this.#blockPart(depth) : leaf(empty(colon.start)), colon.start);
    }
    this.#take();
    return map.map();
  }

  /** Reads the node behind the token of a key or a value. */
  #blockPart(depth: number): Built {
    const { end } = this.#take();
    return ENDS_PART.has(this.#peek().kind) ? leaf(empty(end)) : this.#node(true, true, depth + 1);
  }

  #flowList(at: Place, depth: number): Built {
    const { start } = this.#take();
    const list = new Collection(at);
    for (let token = this.#peek(); token.kind !== 'flow-list-end'; token = this.#peek()) {
      if (!list.isEmpty) {
        if (token.kind !== 'flow-entry') throw unclosed("did not find expected ',' or ']'", start, token);
        this.#take();
        token = this.#peek();
        if (token.kind === 'flow-list-end') break;
      }
      list.add(token.kind === 'key' ? this.#flowPair(depth + 1) : this.#node(false, false, depth + 1), token.start);
    }
    this.#take();
    return list.list();
  }

  /** Reads `key: value` in a flow list, which is a mapping of one pair. */
  #flowPair(depth: number): Built {
    const { start } = this.#take();
    const map = new Collection(placeOf(start));
    const ends = (kind: TokenKind) => kind === 'flow-entry' || kind === 'flow-list-end';
    const token = this.#peek();
    if (token.kind !== 'value' && !ends(token.kind)) map.add(this.#node(false, false, depth + 1), token.start);
    else map.add(leaf(empty(token.end)), token.start);
    const colon = this.#peek();
    if (colon.kind === 'value') {
      this.#take();
      const next = this.#peek();
      map.add(ends(next.kind) ? leaf(empty(next.start)) : this.#node(false, false, depth + 1), next.start);
    } else map.add(leaf(empty(colon.start)), colon.start);
    return map.map();
  }

  #flowMap(at: Place, depth: number): Built {
    const { start } = this.#take();
    const map = new Collection(at);
    for (let token = this.#peek(); token.kind !== 'flow-map-end'; token = this.#peek()) {
      if (!map.isEmpty) {
        if (token.kind !== 'flow-entry') throw unclosed("did not find expected ',' or '}'", start, token);
        this.#take();
        token = this.#peek();
        if (token.kind === 'flow-map-end') break;
      }
      if (token.kind === 'key') {
        this.#take();
        const next = this.#peek();
        map.add(
          ENDS_FLOW_KEY.has(next.kind) ? leaf(empty(next.start)) : this.#node(false, false, depth + 1),
          next.start,
        );
        map.add(this.#flowValue(depth), next.start);
      } else {
        map.add(this.#node(false, false, depth + 1), token.start);
        map.add(leaf(empty(this.#peek().start)), token.start);
      }
    }
    this.#take();
    return map.map();
  }

  #flowValue(depth: number): Built {
    const colon = this.#peek();
    if (colon.kind !== 'value') return leaf(empty(colon.start));
    this.#take();
    const next = this.#peek();
    const isEmpty = next.kind === 'flow-entry' || next.kind === 'flow-map-end';
    return isEmpty ? leaf(empty(next.start)) : this.#node(false, false, depth + 1);
  }
}

const DIRECTIVES: ReadonlySet<TokenKind> = new Set(['version-directive', 'tag-directive']);
const DOCUMENT_STARTS: ReadonlySet<TokenKind> = new Set([...DIRECTIVES, 'document-start']);
const DOCUMENT_ENDS: ReadonlySet<TokenKind> = new Set([...DOCUMENT_STARTS, 'document-end', 'stream-end']);
const ENDS_ENTRY: ReadonlySet<TokenKind> = new Set(['block-entry', 'block-end']);
const ENDS_PART: ReadonlySet<TokenKind> = new Set(['key', 'value', 'block-end']);
const ENDS_PLAIN_ENTRY: ReadonlySet<TokenKind> = new Set([...ENDS_ENTRY, ...ENDS_PART]);
const ENDS_FLOW_KEY: ReadonlySet<TokenKind> = new Set(['value', 'flow-entry', 'flow-map-end']);

const TOO_MANY_TOKENS = `the source has over ${MOST_TOKENS} tokens, the limit for YAML; shorten it, or send the Ignition config that butane or ct makes of it`;
