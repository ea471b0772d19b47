/**
 * Cuts a YAML text into tokens as libyaml does (scannerc.go of go-yaml v3): it finds where blocks begin and end, and
 * which scalars are keys. No I/O.
 */
import { blockScalar } from './block-scalar.ts';
import { Cursor, END, isBlank, isBlankOrEnd, isBreak, type Mark, SPACE, scanFault, TAB } from './cursor.ts';
import { PossibleKeys } from './possible-keys.ts';
import { anchor, directive, tag } from './properties.ts';
import { plainScalar, quotedScalar } from './scalars.ts';
import { bare, type Token, type TokenKind } from './token.ts';

/** Go-yaml reads this many tokens ahead, so a fault in them comes before one of the parser. */
const AHEAD = 2;
const HASH = 0x23;
/** Go-yaml looks for the next comment no further than this many characters. */
const MOST_BEFORE_COMMENT = 512;
/** The indicators that are a token of their own wherever they stand. */
const FLOW_STARTS: Readonly<Record<string, TokenKind>> = { '[': 'flow-list-start', '{': 'flow-map-start' };
const FLOW_ENDS: Readonly<Record<string, TokenKind>> = { ']': 'flow-list-end', '}': 'flow-map-end' };
/** The characters that cannot start a plain scalar. `-`, `?` and `:` can, before another character. */
const NO_PLAIN = new Set('-?:,[]{}#&*!|>\'"%@`');

export class Scanner {
  readonly #cursor: Cursor;
  readonly #tokens: Token[] = [];
  #head = 0;
  /** The number of tokens that were taken. */
  #taken = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  readonly #keys: PossibleKeys;
  #allowsKey = true;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
    this.#keys = new PossibleKeys(this.#cursor);
  }

  /** The number of tokens that were made so far. */
  get count(): number {
    return this.#taken + this.#tokens.length - this.#head;
  }

  /** Returns the next token without taking it. */
  peek(): Token {
    while (this.#tokens.length - this.#head <= AHEAD || this.#keys.mayBe(this.#taken)) this.#scanToken();
    return this.#tokens[this.#head] as Token;
  }

  /** Takes the token that `peek` returned. */
  take(): Token {
    const token = this.peek();
    this.#head += 1;
    this.#taken += 1;
    // What was taken is dropped now and then, not each time: `splice` moves all that follows.
    if (this.#head > 64) this.#tokens.splice(0, this.#head);
    if (this.#head > 64) this.#head = 0;
    return token;
  }

  get #isInFlow(): boolean {
    return this.#keys.isInFlow;
  }

  /** Notes that the token which comes next may be a key. */
  #noteKey(): void {
    if (!this.#allowsKey) return;
    const { mark } = this.#cursor;
    this.#keys.note({ mark, number: this.count, isRequired: !this.#isInFlow && this.#indent === mark.column });
  }

  #add(token: Token): void {
    this.#tokens.push(token);
  }

  /** Begins a block when the column is deeper than the block around it. `number` is that of its first token. */
  #beginBlock(kind: TokenKind, mark: Mark, number: number): void {
    if (this.#isInFlow || this.#indent >= mark.column) return;
    this.#indents.push(this.#indent);
    this.#indent = mark.column;
    this.#tokens.splice(this.#head + number - this.#taken, 0, bare(kind, mark, mark));
  }

  /** Ends the blocks that are deeper than `column`. */
  #endBlocks(column: number): void {
    if (this.#isInFlow) return;
    const { mark } = this.#cursor;
    while (this.#indent > column) {
      this.#add(bare('block-end', mark, mark));
      this.#indent = this.#indents.pop() ?? -1;
    }
  }

  #scanToken(): void {
    const cursor = this.#cursor;
    this.#skipToToken();
    this.#endBlocks(cursor.column);
    const code = cursor.peek();
    if (code === END) return void this.#scanEnd();
    const character = String.fromCharCode(code);
    if (cursor.column === 0 && character === '%') return void this.#scanDirective();
    if (cursor.isAtDocumentMarker())
      return void this.#scanMarker(character === '-' ? 'document-start' : 'document-end');
    if (character === '[' || character === '{') return void this.#scanFlowStart(FLOW_STARTS[character] as TokenKind);
    if (character === ']' || character === '}') return void this.#scanFlowEnd(FLOW_ENDS[character] as TokenKind);
    if (character === ',') return void this.#scanFlowEntry();
    const endsHere = isBlankOrEnd(cursor.peek(1));
    if (character === '-' && endsHere) return void this.#scanBlockEntry();
    if (character === '?' && (this.#isInFlow || endsHere)) return void this.#scanKey();
    if (character === ':' && (this.#isInFlow || endsHere)) return void this.#scanValue();
    return void this.#scanContent(character);
  }

  #scanContent(character: string): void {
    const cursor = this.#cursor;
    if (character === '*') return void this.#scanKeyLike(() => anchor(cursor, 'alias'));
    if (character === '&') return void this.#scanKeyLike(() => anchor(cursor, 'anchor'));
    if (character === '!') return void this.#scanKeyLike(() => tag(cursor));
    if ((character === '|' || character === '>') && !this.#isInFlow)
      return void this.#scanBlockScalar(character === '|');
    if (character === "'" || character === '"')
      return void this.#scanKeyLike(() => quotedScalar(cursor, character === "'"));
    if (this.#startsPlain(character)) return void this.#scanPlain();
    throw scanFault('found character that cannot start any token', cursor.mark, cursor.mark);
  }

  #startsPlain(character: string): boolean {
    if (!NO_PLAIN.has(character)) return !isBlankOrEnd(character.charCodeAt(0));
    const next = this.#cursor.peek(1);
    if (character === '-') return !isBlank(next);
    return !this.#isInFlow && (character === '?' || character === ':') && !isBlankOrEnd(next);
  }

  /** Moves over white space and comments. Tabs may not indent a line in which a key may begin. */
  #skipToToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      const takesTabs = this.#isInFlow || !this.#allowsKey;
      while (cursor.peek() === SPACE || (takesTabs && cursor.peek() === TAB)) cursor.skip();
      if (cursor.peek() === HASH) this.#skipComments();
      if (!isBreak(cursor.peek())) return;
      cursor.takeBreak();
      if (!this.#isInFlow) this.#allowsKey = true;
    }
  }

  /**
   * Moves to the end of a comment, and over the comments in the lines that follow it. Go-yaml looks for those itself, so
   * tabs may stand before them.
   */
  #skipComments(): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.skipRestOfLine();
      let ahead = 0;
      while (ahead < MOST_BEFORE_COMMENT && (isBlank(cursor.peek(ahead)) || isBreak(cursor.peek(ahead)))) ahead += 1;
      if (cursor.peek(ahead) !== HASH) return;
      while (cursor.peek() !== HASH) {
        if (isBreak(cursor.peek())) cursor.takeBreak();
        else cursor.skip();
      }
    }
  }

  #scanEnd(): void {
    this.#cursor.endLine();
    this.#endBlocks(-1);
    this.#keys.drop();
    this.#allowsKey = false;
    const { mark } = this.#cursor;
    this.#add(bare('stream-end', mark, mark));
  }

  #scanDirective(): void {
    this.#endBlocks(-1);
    this.#keys.drop();
    this.#allowsKey = false;
    this.#add(directive(this.#cursor));
  }

  #scanMarker(kind: 'document-start' | 'document-end'): void {
    this.#endBlocks(-1);
    this.#keys.drop();
    this.#allowsKey = false;
    this.#addIndicator(kind, 3);
  }

  #scanFlowStart(kind: TokenKind): void {
    this.#noteKey();
    this.#keys.open();
    this.#allowsKey = true;
    this.#addIndicator(kind);
  }

  #scanFlowEnd(kind: TokenKind): void {
    this.#keys.drop();
    this.#keys.close();
    this.#allowsKey = false;
    this.#addIndicator(kind);
  }

  #scanFlowEntry(): void {
    this.#keys.drop();
    this.#allowsKey = true;
    this.#addIndicator('flow-entry');
  }

  #scanBlockEntry(): void {
    const { mark } = this.#cursor;
    if (!this.#isInFlow) {
      if (!this.#allowsKey) throw scanFault('block sequence entries are not allowed in this context', undefined, mark);
      this.#beginBlock('block-list-start', mark, this.count);
    }
    this.#keys.drop();
    this.#allowsKey = true;
    this.#addIndicator('block-entry');
  }

  #scanKey(): void {
    const { mark } = this.#cursor;
    if (!this.#isInFlow) {
      if (!this.#allowsKey) throw scanFault('mapping keys are not allowed in this context', undefined, mark);
      this.#beginBlock('block-map-start', mark, this.count);
    }
    this.#keys.drop();
    this.#allowsKey = !this.#isInFlow;
    this.#addIndicator('key');
  }

  #scanValue(): void {
    const { mark } = this.#cursor;
    const key = this.#keys.current();
    if (key !== undefined) {
      this.#tokens.splice(this.#head + key.number - this.#taken, 0, bare('key', key.mark, key.mark));
      this.#beginBlock('block-map-start', key.mark, key.number);
      this.#keys.forget();
      this.#allowsKey = false;
    } else {
      if (!this.#isInFlow) {
        if (!this.#allowsKey) throw scanFault('mapping values are not allowed in this context', undefined, mark);
        this.#beginBlock('block-map-start', mark, this.count);
      }
      this.#allowsKey = !this.#isInFlow;
    }
    this.#addIndicator('value');
  }

  /** Adds a token that may be a key, behind which none may follow in its line. */
  #scanKeyLike(read: () => Token): void {
    this.#noteKey();
    this.#allowsKey = false;
    this.#add(read());
  }

  #scanBlockScalar(isLiteral: boolean): void {
    this.#keys.drop();
    this.#allowsKey = true;
    this.#add(blockScalar(this.#cursor, this.#indent, isLiteral));
  }

  #scanPlain(): void {
    this.#noteKey();
    this.#allowsKey = false;
    const { token, endsLine } = plainScalar(this.#cursor, this.#indent, this.#isInFlow);
    this.#add(token);
    if (endsLine) this.#allowsKey = true;
  }

  #addIndicator(kind: TokenKind, length = 1): void {
    const start = this.#cursor.mark;
    for (let taken = 0; taken < length; taken += 1) this.#cursor.skip();
    this.#add(bare(kind, start, this.#cursor.mark));
  }
}
