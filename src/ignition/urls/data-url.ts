/** Writes data URLs (RFC 2397) as Ignition's own tools do. No I/O. */
import { dataUrlFault } from './data-url-fault.ts';

/** The characters that Go's `url.PathEscape` does not escape. */
const PATH_CHARACTER = /[A-Za-z0-9\-_.~$&+=:@]/;
/** The unreserved characters of RFC 2396, which Go's `dataurl` package does not escape. */
const UNRESERVED = /[A-Za-z0-9\-_.!~*'()]/;

/** Returns a data URL escaped by `url.PathEscape`, as the translation of networkd units does. */
export const pathDataUrl = (text: string): string => `data:,${escaped(text, PATH_CHARACTER)}`;

/** Returns a data URL in which only the unreserved characters of RFC 2396 are not escaped. */
export const plainDataUrl = (contents: string | Uint8Array): string => `data:,${escaped(contents, UNRESERVED)}`;

/** Returns the text that a data URL holds, or `undefined` for what is none. */
export function dataUrlText(source: string): string | undefined {
  if (dataUrlFault(source) !== undefined) return undefined;
  // A quoted parameter may hold a comma; the body cannot be told from it then without reading the head again.
  const comma = source.includes('"') ? -1 : source.indexOf(',');
  if (comma === -1) return undefined;
  const body = source.slice(comma + 1);
  try {
    const plain = decodeURIComponent(body);
    if (!source.slice(0, comma).endsWith(';base64')) return plain;
    return new TextDecoder().decode(Uint8Array.from(atob(plain), (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

function escaped(contents: string | Uint8Array, allowed: RegExp): string {
  let escaped = '';
  for (const byte of typeof contents === 'string' ? new TextEncoder().encode(contents) : contents) {
    const character = String.fromCharCode(byte);
    escaped +=
      byte < 128 && allowed.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
