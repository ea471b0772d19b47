/** The escapes of Go's `net/url`, for each part of a URL. Texts hold one byte in each character. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';
import { goQuoteBytes } from './go-quote.ts';

export type UrlPart = 'path' | 'user' | 'host' | 'zone' | 'fragment';

const UNRESERVED = /^[A-Za-z0-9\-_.~]$/;
const HOST = '!$&\'()*+,;=:[]<>"';
const RESERVED = '$&+,/:;=?@';
/** The reserved characters that are escaped all the same in each part. */
const ESCAPED: Readonly<Record<UrlPart, string>> = {
  path: '?',
  user: '@/?:',
  host: RESERVED,
  zone: RESERVED,
  fragment: '',
};
/** Characters that may stand in a path or a fragment that is already escaped. */
const AS_WRITTEN = "!$&'()*+,;=:@[]%";
const HEX = /^[0-9A-Fa-f]{2}$/;

function isEscaped(character: string, part: UrlPart): boolean {
  if (UNRESERVED.test(character)) return false;
  if ((part === 'host' || part === 'zone') && HOST.includes(character)) return false;
  if (RESERVED.includes(character)) return ESCAPED[part].includes(character);
  return !(part === 'fragment' && '!()*'.includes(character));
}

/** Returns the text with every character escaped that may not stand in this part of a URL. */
export function escapeUrl(text: string, part: UrlPart): string {
  const pieces: string[] = [];
  for (const character of text) {
    const hex = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    pieces.push(isEscaped(character, part) ? `%${hex}` : character);
  }
  return pieces.join('');
}

/** Returns the text with its escapes resolved, or Go's message about one that is not allowed in this part. */
export function unescapeUrl(text: string, part: UrlPart): Result<string, string> {
  const pieces: string[] = [];
  const isHost = part === 'host' || part === 'zone';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character !== '%') {
      if (isHost && character < '\x80' && isEscaped(character, part))
        return err(`invalid character ${goQuoteBytes(character)} in host name`);
      pieces.push(character);
      continue;
    }
    const written = text.slice(at, at + 3);
    const digits = written.slice(1);
    const byte = String.fromCharCode(Number.parseInt(digits, 16));
    const isAllowed =
      HEX.test(digits) &&
      (written === '%25' ||
        (part === 'host' ? byte >= '\x80' : part !== 'zone' || byte === ' ' || !isEscaped(byte, 'host')));
    if (!isAllowed) return err(`invalid URL escape ${goQuoteBytes(written)}`);
    pieces.push(byte);
    at += 2;
  }
  return ok(pieces.join(''));
}

/** Returns the text as it was written, when that is an escaped form of it, and Go's own form otherwise. */
export function escapedForm(written: string, text: string, part: 'path' | 'fragment'): string {
  const isValid = [...written].every((character) => AS_WRITTEN.includes(character) || !isEscaped(character, part));
  return isValid ? written : escapeUrl(text, part);
}
