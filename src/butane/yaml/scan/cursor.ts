/**
 * Walks through a YAML text as libyaml does, whose rules go-yaml has: it counts characters, and it takes CR, LF, CRLF,
 * NEL (U+0085), LS (U+2028) and PS (U+2029) as line breaks (YAML 1.1 section 4.1.4). No I/O.
 */

/** A place in the text. Line and column are counted from 0, in characters. */
export interface Mark {
  /** The number of characters before it. */
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

/** A text that YAML does not allow. Go-yaml has two ways to count the line of a fault: see `goLine`. */
export class YamlFault extends Error {
  readonly problem: string;
  /** The place of the fault. */
  readonly mark: Mark;
  /** The line in go-yaml's own message, counted from 1; 0 when its message names none. */
  readonly goLine: number;

  constructor(problem: string, mark: Mark, goLine: number) {
    super(problem);
    this.problem = problem;
    this.mark = mark;
    this.goLine = goLine;
  }
}

/**
 * Returns the fault of a token that cannot be read. `context` is the start of what is being read: go-yaml names its
 * line, or that of the fault when the start is in the first line. `at` is the place that a person has to look at.
 */
export function scanFault(problem: string, context: Mark | undefined, mark: Mark, at: Mark = mark): YamlFault {
  const line = context !== undefined && context.line !== 0 ? context.line : mark.line;
  return new YamlFault(problem, at, line === 0 ? 0 : line + 1);
}

/** Returns the fault of a token that stands in the wrong place. Go-yaml names the line before the one that it means. */
export function parseFault(problem: string, context: Mark | undefined, mark: Mark): YamlFault {
  return new YamlFault(problem, mark, context !== undefined && context.line !== 0 ? context.line : mark.line);
}

/** The code of the end of the text. NUL is not allowed in YAML, so it cannot be mistaken for a character. */
export const END = 0;
export const TAB = 0x09;
export const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
const NEXT_LINE = 0x85;
const LINE_SEPARATOR = 0x2028;
const PARAGRAPH_SEPARATOR = 0x2029;

export const isBreak = (code: number): boolean =>
  code === LINE_FEED ||
  code === CARRIAGE_RETURN ||
  code === NEXT_LINE ||
  code === LINE_SEPARATOR ||
  code === PARAGRAPH_SEPARATOR;
export const isBlank = (code: number): boolean => code === SPACE || code === TAB;
export const isBreakOrEnd = (code: number): boolean => code === END || isBreak(code);
export const isBlankOrEnd = (code: number): boolean => isBlank(code) || isBreakOrEnd(code);

/** True for a character of an anchor's name, or of a tag's handle: a letter, a digit, `_` or `-`. */
export const isWord = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x61 && code <= 0x7a) ||
  code === 0x5f ||
  code === 0x2d;

export class Cursor {
  readonly text: string;
  #at = 0;
  #index = 0;
  #line = 0;
  #column = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The offset in the text, in UTF-16 units. */
  get at(): number {
    return this.#at;
  }

  get line(): number {
    return this.#line;
  }

  get column(): number {
    return this.#column;
  }

  get mark(): Mark {
    return { index: this.#index, line: this.#line, column: this.#column };
  }

  /** Returns the code of the UTF-16 unit that is `ahead` units further on, or `END`. */
  peek(ahead = 0): number {
    const code = this.text.charCodeAt(this.#at + ahead);
    return Number.isNaN(code) ? END : code;
  }

  /** Moves over one character that is no line break. Two surrogates are one character. */
  skip(): void {
    const isPair = (this.peek() & 0xfc00) === 0xd800 && this.#at + 1 < this.text.length;
    this.#at += isPair ? 2 : 1;
    this.#index += 1;
    this.#column += 1;
  }

  /** Moves over blanks. */
  skipBlanks(): void {
    while (isBlank(this.peek())) this.skip();
  }

  /** Moves to the end of the line. */
  skipRestOfLine(): void {
    while (!isBreakOrEnd(this.peek())) this.skip();
  }

  /**
   * Moves over a line break, if there is one, and returns what it gives in a scalar: LS and PS stay, every other break
   * is a line feed. At the end of the text it returns an empty text.
   */
  takeBreak(): string {
    const code = this.peek();
    if (!isBreak(code)) return '';
    const isPair = code === CARRIAGE_RETURN && this.peek(1) === LINE_FEED;
    this.#at += isPair ? 2 : 1;
    this.#index += isPair ? 2 : 1;
    this.#line += 1;
    this.#column = 0;
    if (code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR) return String.fromCharCode(code);
    return '\n';
  }

  /** Counts the end of the text as a line of its own, as libyaml does. */
  endLine(): void {
    if (this.#column === 0) return;
    this.#column = 0;
    this.#line += 1;
  }

  /** True at `---` or `...` at the start of a line, with a blank, a line break or the end behind it. */
  isAtDocumentMarker(): boolean {
    if (this.#column !== 0) return false;
    const first = this.peek();
    if (first !== 0x2d && first !== 0x2e) return false;
    return this.peek(1) === first && this.peek(2) === first && isBlankOrEnd(this.peek(3));
  }
}
