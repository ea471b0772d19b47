/** Reads the escapes of double-quoted scalars (YAML 1.1 section 5.6) as libyaml does. No I/O. */
import { type Cursor, type Mark, scanFault } from './cursor.ts';

const CHARACTERS: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
/** The number of hexadecimal digits behind each letter. */
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Reads an escape at the cursor, which stands at the backslash. `start` is the opening quote. */
export function readEscape(cursor: Cursor, start: Mark): string {
  const at = cursor.mark;
  const letter = String.fromCharCode(cursor.peek(1));
  const character = Object.hasOwn(CHARACTERS, letter) ? CHARACTERS[letter] : undefined;
  const count = Object.hasOwn(DIGITS, letter) ? (DIGITS[letter] ?? 0) : 0;
  if (character === undefined && count === 0) throw scanFault('found unknown escape character', start, cursor.mark, at);
  cursor.skip();
  cursor.skip();
  if (character !== undefined) return character;
  const digits = cursor.text.slice(cursor.at, cursor.at + count);
  if (digits.length < count || !/^[0-9A-Fa-f]*$/.test(digits))
    throw scanFault('did not find expected hexadecimal number', start, cursor.mark, at);
  const code = Number.parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw scanFault('found invalid Unicode character escape code', start, cursor.mark, at);
  for (let taken = 0; taken < count; taken += 1) cursor.skip();
  return String.fromCodePoint(code);
}
