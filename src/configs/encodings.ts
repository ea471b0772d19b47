/**
 * Takes off the encodings in which clouds hand over user data: base64, as VMware's guestinfo, Terraform and AWS have it,
 * and gzip in it. Every config has a character that base64 does not have. No I/O.
 */

/** No config is this short, and a word is not base64. */
const FEWEST = 16;
const MAY_BE_BASE64 = /^[A-Za-z0-9+/=_\s-]*$/;
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

/** So much of the content is looked at. */
const SAMPLE = 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: no config has these characters
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/**
 * Returns the bytes that a text holds in base64, and `undefined` for other texts. A text counts as base64 when it holds
 * gzip or a text; `broken` is one that begins so and is cut short.
 */
export function base64Content(text: string): Uint8Array<ArrayBuffer> | 'broken' | undefined {
  if (text.length < FEWEST || !MAY_BE_BASE64.test(text)) return undefined;
  const lines = text.trim().split(/\s+/);
  // Words of different lengths are no lines of base64: all but the last of those are equally long.
  const [first = ''] = lines;
  if (lines.some((line, index) => index < lines.length - 1 && line.length !== first.length)) return undefined;
  const joined = lines.join('').replaceAll('-', '+').replaceAll('_', '/');
  const digits = joined.endsWith('==') ? joined.slice(0, -2) : joined.endsWith('=') ? joined.slice(0, -1) : joined;
  if (digits.length < FEWEST) return undefined;
  const odd = digits.search(NOT_BASE64);
  const isWhole = odd === -1 && digits.length % 4 !== 1;
  const sample = bytesOf(digits.slice(0, odd === -1 ? SAMPLE : Math.min(odd, SAMPLE)));
  if (!isGzip(sample) && !isText(sample)) return undefined;
  return isWhole ? bytesOf(digits) : 'broken';
}

/** Decodes digits without padding. A last digit that is alone holds no byte. */
function bytesOf(digits: string): Uint8Array<ArrayBuffer> {
  const whole = digits.length % 4 === 1 ? digits.slice(0, -1) : digits;
  const padded = whole.padEnd(Math.ceil(whole.length / 4) * 4, '=');
  return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0));
}

/** Looks for the magic bytes of gzip (RFC 1952 section 2.3.1). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function isText(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    // The sample may end in the middle of a character.
    return !CONTROLS.test(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true }));
  } catch {
    return false;
  }
}
