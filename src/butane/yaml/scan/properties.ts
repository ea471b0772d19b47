/** Reads anchors, aliases, tags and directives as libyaml does (scannerc.go of go-yaml v3). No I/O. */
import { type Cursor, isBlank, isBlankOrEnd, isBreakOrEnd, isWord, type Mark, scanFault } from './cursor.ts';
import { bare, type Token } from './token.ts';

const BANG = 0x21;
const HASH = 0x23;
const PERCENT = 0x25;
const DOT = 0x2e;
const LESS = 0x3c;
const GREATER = 0x3e;
/** `?`, `:`, `,`, `]`, `}`, `%`, `@` and the backtick may follow an anchor at once. */
const BEHIND_ANCHOR = new Set([0x3f, 0x3a, 0x2c, 0x5d, 0x7d, 0x25, 0x40, 0x60]);
/** The characters of a tag besides letters, digits, `_` and `-`. */
const URI = new Set([...";/?:@&=+$,.!~*'()[]%"].map((character) => character.charCodeAt(0)));
const MOST_DIGITS = 2;

/** Reads `&name` or `*name`. */
export function anchor(cursor: Cursor, kind: 'anchor' | 'alias'): Token {
  const start = cursor.mark;
  cursor.skip();
  const text = word(cursor);
  if (text === '' || !(isBlankOrEnd(cursor.peek()) || BEHIND_ANCHOR.has(cursor.peek())))
    throw scanFault('did not find expected alphabetic or numeric character', start, cursor.mark);
  return { ...bare(kind, start, cursor.mark), text };
}

/** Reads a tag: `!suffix`, `!!suffix`, `!handle!suffix` or `!<uri>`. */
export function tag(cursor: Cursor): Token {
  const start = cursor.mark;
  let [text, suffix] = ['', ''];
  if (cursor.peek(1) === LESS) {
    cursor.skip();
    cursor.skip();
    suffix = uri(cursor, '', start);
    if (cursor.peek() !== GREATER) throw scanFault("did not find the expected '>'", start, cursor.mark);
    cursor.skip();
  } else {
    const read = handle(cursor, start, false);
    if (read.length > 1 && read.endsWith('!')) [text, suffix] = [read, uri(cursor, '', start)];
    else {
      suffix = uri(cursor, read, start);
      [text, suffix] = suffix === '' ? ['', '!'] : ['!', suffix];
    }
  }
  if (!isBlankOrEnd(cursor.peek()))
    throw scanFault('did not find expected whitespace or line break', start, cursor.mark);
  return { ...bare('tag', start, cursor.mark), text, suffix };
}

/** Reads `%YAML 1.1` or `%TAG !handle! prefix`, with the rest of its line. */
export function directive(cursor: Cursor): Token {
  const start = cursor.mark;
  cursor.skip();
  const name = word(cursor);
  if (name === '') throw scanFault('could not find expected directive name', start, cursor.mark);
  if (!isBlankOrEnd(cursor.peek())) throw scanFault('found unexpected non-alphabetical character', start, cursor.mark);
  if (name !== 'YAML' && name !== 'TAG') throw scanFault('found unknown directive name', start, cursor.mark);
  cursor.skipBlanks();
  const token = name === 'YAML' ? version(cursor, start) : tagDirective(cursor, start);
  cursor.skipBlanks();
  if (cursor.peek() === HASH) cursor.skipRestOfLine();
  if (!isBreakOrEnd(cursor.peek())) throw scanFault('did not find expected comment or line break', start, cursor.mark);
  cursor.takeBreak();
  return token;
}

function version(cursor: Cursor, start: Mark): Token {
  const major = versionNumber(cursor, start);
  if (cursor.peek() !== DOT) throw scanFault("did not find expected digit or '.' character", start, cursor.mark);
  cursor.skip();
  const minor = versionNumber(cursor, start);
  return { ...bare('version-directive', start, cursor.mark), text: `${major}.${minor}` };
}

function versionNumber(cursor: Cursor, start: Mark): number {
  const from = cursor.at;
  while (cursor.peek() >= 0x30 && cursor.peek() <= 0x39) {
    cursor.skip();
    if (cursor.at - from > MOST_DIGITS) throw scanFault('found extremely long version number', start, cursor.mark);
  }
  if (cursor.at === from) throw scanFault('did not find expected version number', start, cursor.mark);
  return Number(cursor.text.slice(from, cursor.at));
}

function tagDirective(cursor: Cursor, start: Mark): Token {
  const text = handle(cursor, start, true);
  if (!isBlank(cursor.peek())) throw scanFault('did not find expected whitespace', start, cursor.mark);
  cursor.skipBlanks();
  const suffix = uri(cursor, '', start);
  if (!isBlankOrEnd(cursor.peek()))
    throw scanFault('did not find expected whitespace or line break', start, cursor.mark);
  return { ...bare('tag-directive', start, cursor.mark), text, suffix };
}

function handle(cursor: Cursor, start: Mark, isDirective: boolean): string {
  const from = cursor.at;
  if (cursor.peek() !== BANG) throw scanFault("did not find expected '!'", start, cursor.mark);
  cursor.skip();
  word(cursor);
  if (cursor.peek() === BANG) cursor.skip();
  else if (isDirective && cursor.at - from > 1) throw scanFault("did not find expected '!'", start, cursor.mark);
  return cursor.text.slice(from, cursor.at);
}

/** Reads the rest of a tag. `head` is what was read as its handle, with its `!`. */
function uri(cursor: Cursor, head: string, start: Mark): string {
  const pieces = [head.slice(1)];
  const from = cursor.at;
  let plainFrom = cursor.at;
  while (isWord(cursor.peek()) || URI.has(cursor.peek())) {
    if (cursor.peek() !== PERCENT) cursor.skip();
    else {
      pieces.push(cursor.text.slice(plainFrom, cursor.at), escapedCharacter(cursor, start));
      plainFrom = cursor.at;
    }
  }
  if (head === '' && cursor.at === from) throw scanFault('did not find expected tag URI', start, cursor.mark);
  pieces.push(cursor.text.slice(plainFrom, cursor.at));
  return pieces.join('');
}

/** Reads one character that is written as the `%XX` of its UTF-8 bytes. */
function escapedCharacter(cursor: Cursor, start: Mark): string {
  const bytes = [octet(cursor, start)];
  const [lead = 0] = bytes;
  const width = widthOf(lead);
  if (width === 0) throw scanFault('found an incorrect leading UTF-8 octet', start, cursor.mark);
  while (bytes.length < width) {
    const next = octet(cursor, start);
    if ((next & 0xc0) !== 0x80) throw scanFault('found an incorrect trailing UTF-8 octet', start, cursor.mark);
    bytes.push(next);
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** Returns the number of bytes of a character by its first byte, or 0 for a byte that starts none. */
function widthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if ((lead & 0xe0) === 0xc0) return 2;
  if ((lead & 0xf0) === 0xe0) return 3;
  return (lead & 0xf8) === 0xf0 ? 4 : 0;
}

function octet(cursor: Cursor, start: Mark): number {
  const written = cursor.text.slice(cursor.at, cursor.at + 3);
  if (!/^%[0-9A-Fa-f]{2}$/.test(written)) throw scanFault('did not find URI escaped octet', start, cursor.mark);
  for (let taken = 0; taken < 3; taken += 1) cursor.skip();
  return Number.parseInt(written.slice(1), 16);
}

function word(cursor: Cursor): string {
  const from = cursor.at;
  while (isWord(cursor.peek())) cursor.skip();
  return cursor.text.slice(from, cursor.at);
}
