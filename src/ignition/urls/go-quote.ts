/** Quotes texts as Go's `%q` does (strconv.Quote), for messages that repeat a part of the input. No I/O. */

const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of the spaces the one of ASCII. */
const QUOTED = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** Returns a text in quotes. */
export const goQuote = (text: string): string =>
  `"${text.replace(QUOTED, (character) => NAMED[character] ?? escaped(character))}"`;

/** Returns a text in quotes whose characters stand for bytes. Bytes that are no UTF-8 become `\xNN`. */
export function goQuoteBytes(bytes: string): string {
  const text = new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  if (!text.includes('\ufffd')) return goQuote(text);
  return goQuote(bytes).replace(
    /[\u0080-\u00ff]|\\u00([0-9a-f]{2})/g,
    (character, digits?: string) => `\\x${digits ?? character.charCodeAt(0).toString(16)}`,
  );
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x80) return `\\x${digits.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}
