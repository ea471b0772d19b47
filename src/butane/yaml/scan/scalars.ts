/** Reads plain and quoted scalars as libyaml does (scannerc.go of go-yaml v3). No I/O. */
import { type Cursor, END, isBlank, isBlankOrEnd, isBreak, LINE_FEED, type Mark, scanFault, TAB } from './cursor.ts';
import { readEscape } from './escapes.ts';
import type { Token } from './token.ts';

/** The blanks and line breaks between two pieces of a scalar. */
class Gap {
  #blanks = '';
  #first = '';
  #more = '';
  /** True once a line break was seen, also an escaped one. */
  isBroken = false;

  get isEmpty(): boolean {
    return !this.isBroken && this.#blanks === '';
  }

  /** Takes the blanks and breaks at the cursor. `refuse` sees each blank that stands before the text of a line. */
  take(cursor: Cursor, refuse: () => void = () => undefined): void {
    for (let code = cursor.peek(); isBlank(code) || isBreak(code); code = cursor.peek()) {
      if (isBreak(code)) {
        const taken = cursor.takeBreak();
        if (this.isBroken) this.#more += taken;
        else this.#first = taken;
        this.isBroken = true;
      } else {
        if (this.isBroken) refuse();
        else this.#blanks += String.fromCharCode(code);
        cursor.skip();
      }
    }
  }

  /** Returns what the gap is in the scalar: one line feed is a space, and of several the first is dropped. */
  text(): string {
    if (!this.isBroken) return this.#blanks;
    if (this.#first.charCodeAt(0) !== LINE_FEED) return this.#first + this.#more;
    return this.#more === '' ? ' ' : this.#more;
  }
}

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads a scalar in single or double quotes. The cursor stands at the opening quote. */
export function quotedScalar(cursor: Cursor, isSingle: boolean): Token {
  const start = cursor.mark;
  const quote = isSingle ? QUOTE : DOUBLE_QUOTE;
  const pieces: string[] = [];
  cursor.skip();
  for (;;) {
    if (cursor.isAtDocumentMarker()) throw scanFault('found unexpected document indicator', start, cursor.mark, start);
    if (cursor.peek() === END) throw scanFault('found unexpected end of stream', start, cursor.mark, start);
    const gap = new Gap();
    pieces.push(isSingle ? singleQuotedWord(cursor) : doubleQuotedWord(cursor, start, gap));
    if (cursor.peek() === quote) break;
    gap.take(cursor);
    if (!gap.isEmpty) pieces.push(gap.text());
  }
  cursor.skip();
  return { kind: 'scalar', start, end: cursor.mark, text: pieces.join(''), suffix: '', isPlain: false };
}

function singleQuotedWord(cursor: Cursor): string {
  const pieces: string[] = [];
  for (;;) {
    const from = cursor.at;
    while (!isBlankOrEnd(cursor.peek()) && cursor.peek() !== QUOTE) cursor.skip();
    pieces.push(cursor.text.slice(from, cursor.at));
    if (cursor.peek() !== QUOTE || cursor.peek(1) !== QUOTE) return pieces.join('');
    pieces.push("'");
    cursor.skip();
    cursor.skip();
  }
}

function doubleQuotedWord(cursor: Cursor, start: Mark, gap: Gap): string {
  const pieces: string[] = [];
  for (;;) {
    const from = cursor.at;
    while (!isBlankOrEnd(cursor.peek()) && cursor.peek() !== DOUBLE_QUOTE && cursor.peek() !== BACKSLASH) cursor.skip();
    pieces.push(cursor.text.slice(from, cursor.at));
    if (cursor.peek() !== BACKSLASH) return pieces.join('');
    if (isBreak(cursor.peek(1))) {
      // An escaped line break joins two lines without a space.
      cursor.skip();
      cursor.takeBreak();
      gap.isBroken = true;
      return pieces.join('');
    }
    pieces.push(readEscape(cursor, start));
  }
}

const HASH = 0x23;
const COLON = 0x3a;
/** `,`, `?`, `[`, `]`, `{` and `}` end a plain scalar in a flow collection. */
const FLOW_ENDS = new Set([0x2c, 0x3f, 0x5b, 0x5d, 0x7b, 0x7d]);

export interface PlainScalar {
  readonly token: Token;
  /** True when line breaks follow the scalar: then a key may come next. */
  readonly endsLine: boolean;
}

/** Reads a plain scalar. `indent` is the indentation of the block around it, which the scalar's lines must exceed. */
export function plainScalar(cursor: Cursor, indent: number, isInFlow: boolean): PlainScalar {
  const start = cursor.mark;
  let end = start;
  const pieces: string[] = [];
  let gap = new Gap();
  const refuseTab = () => {
    if (cursor.column <= indent && cursor.peek() === TAB)
      throw scanFault('found a tab character that violates indentation', start, cursor.mark);
  };
  for (;;) {
    if (cursor.isAtDocumentMarker() || cursor.peek() === HASH) break;
    const from = cursor.at;
    while (!isBlankOrEnd(cursor.peek()) && !endsPlain(cursor, isInFlow)) cursor.skip();
    if (cursor.at > from) {
      if (!gap.isEmpty) pieces.push(gap.text());
      gap = new Gap();
      pieces.push(cursor.text.slice(from, cursor.at));
      end = cursor.mark;
    }
    if (!isBlank(cursor.peek()) && !isBreak(cursor.peek())) break;
    gap.take(cursor, refuseTab);
    if (!isInFlow && cursor.column <= indent) break;
  }
  const token: Token = { kind: 'scalar', start, end, text: pieces.join(''), suffix: '', isPlain: true };
  return { token, endsLine: gap.isBroken };
}

function endsPlain(cursor: Cursor, isInFlow: boolean): boolean {
  const code = cursor.peek();
  if (code === COLON && isBlankOrEnd(cursor.peek(1))) return true;
  return isInFlow && FLOW_ENDS.has(code);
}
