/** Reads literal (`|`) and folded (`>`) block scalars as libyaml does (scannerc.go of go-yaml v3). No I/O. */
import {
  type Cursor,
  END,
  isBlank,
  isBreak,
  isBreakOrEnd,
  LINE_FEED,
  type Mark,
  SPACE,
  scanFault,
  TAB,
} from './cursor.ts';
import type { Token } from './token.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const HASH = 0x23;

/** What stands behind `|` or `>`: which line breaks at the end stay, and the indentation if it is said. */
interface Header {
  readonly chomping: 'keep' | 'clip' | 'strip';
  readonly increment: number;
}

/** Reads a block scalar. `indent` is the indentation of the block around it, -1 outside of any. */
export function blockScalar(cursor: Cursor, indent: number, isLiteral: boolean): Token {
  const start = cursor.mark;
  cursor.skip();
  const { chomping, increment } = header(cursor, start);
  skipHeaderLine(cursor, start);
  const said = increment === 0 ? 0 : Math.max(indent, 0) + increment;
  let breaks = leadingBreaks(cursor, said, indent, start);
  const own = breaks.indent;
  const pieces: string[] = [];
  let lineBreak = '';
  let wasBlank = false;
  while (cursor.column === own && cursor.peek() !== END) {
    const startsBlank = isBlank(cursor.peek());
    const folds = !isLiteral && !wasBlank && !startsBlank && lineBreak.charCodeAt(0) === LINE_FEED;
    if (!folds) pieces.push(lineBreak);
    else if (breaks.text === '') pieces.push(' ');
    pieces.push(breaks.text);
    wasBlank = startsBlank;
    const from = cursor.at;
    cursor.skipRestOfLine();
    pieces.push(cursor.text.slice(from, cursor.at));
    lineBreak = cursor.takeBreak();
    breaks = leadingBreaks(cursor, own, indent, start);
  }
  if (chomping !== 'strip') pieces.push(lineBreak);
  if (chomping === 'keep') pieces.push(breaks.text);
  return { kind: 'scalar', start, end: breaks.end, text: pieces.join(''), suffix: '', isPlain: false };
}

function header(cursor: Cursor, start: Mark): Header {
  const before = increment(cursor, start);
  const sign = cursor.peek();
  const isSigned = sign === PLUS || sign === MINUS;
  if (isSigned) cursor.skip();
  const after = before === 0 && isSigned ? increment(cursor, start) : 0;
  const signed = sign === PLUS ? 'keep' : 'strip';
  return { chomping: isSigned ? signed : 'clip', increment: before + after };
}

/** Reads a digit, which says how much deeper the scalar is than the block around it. Returns 0 without one. */
function increment(cursor: Cursor, start: Mark): number {
  const digit = cursor.peek() - 0x30;
  if (digit < 0 || digit > 9) return 0;
  if (digit === 0) throw scanFault('found an indentation indicator equal to 0', start, cursor.mark);
  cursor.skip();
  return digit;
}

function skipHeaderLine(cursor: Cursor, start: Mark): void {
  cursor.skipBlanks();
  if (cursor.peek() === HASH) cursor.skipRestOfLine();
  if (!isBreakOrEnd(cursor.peek())) throw scanFault('did not find expected comment or line break', start, cursor.mark);
  cursor.takeBreak();
}

interface Breaks {
  readonly text: string;
  readonly end: Mark;
  /** The indentation of the scalar: as it was said, or that of the deepest line until here. */
  readonly indent: number;
}

/** Takes empty lines, and the indentation of the line that follows them. `known` is 0 while it is not known. */
function leadingBreaks(cursor: Cursor, known: number, outer: number, start: Mark): Breaks {
  let text = '';
  let end = cursor.mark;
  let deepest = 0;
  for (;;) {
    while ((known === 0 || cursor.column < known) && cursor.peek() === SPACE) cursor.skip();
    deepest = Math.max(deepest, cursor.column);
    if ((known === 0 || cursor.column < known) && cursor.peek() === TAB)
      throw scanFault('found a tab character where an indentation space is expected', start, cursor.mark);
    if (!isBreak(cursor.peek())) break;
    text += cursor.takeBreak();
    end = cursor.mark;
  }
  return { text, end, indent: known === 0 ? Math.max(deepest, outer + 1, 1) : known };
}
