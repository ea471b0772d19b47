/** How the places of a config hold texts. No I/O. */

/** How a place holds a text: as it is, escaped by percent signs, or in bytes of which nothing can be read from outside. */
export type Encoding = 'plain' | 'percent' | 'bytes';

/** A character for each byte, so that bytes can be searched as a text and nothing of them is lost. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  const step = 8192;
  for (let at = 0; at < bytes.length; at += step) text += String.fromCharCode(...bytes.subarray(at, at + step));
  return text;
}

/** What a body may hold as it is (RFC 2396, uric without the escapes): so a URL looks like one. */
const PLAIN_IN_BODY = /[A-Za-z0-9\-_.~!*'():/?@&=+$,;]/;

/** Returns a text as a place of this encoding holds it. */
export function encodedFor(encoding: Encoding, text: string): string {
  if (encoding === 'plain') return text;
  const bytes = new TextEncoder().encode(text);
  if (encoding === 'bytes') return latin1(bytes);
  let escaped = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const isPlain = byte < 128 && PLAIN_IN_BODY.test(character);
    escaped += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
