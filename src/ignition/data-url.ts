/** Data URLs (RFC 2397) as the reference's own tools write them. No I/O. */

/** What Go's `url.PathEscape` leaves as it is; the translation of networkd units uses it. */
const PATH_CHARACTER = /[A-Za-z0-9\-_.~$&+=:@]/;
/** RFC 2396 unreserved: what the `dataurl` package leaves as it is. */
const UNRESERVED = /[A-Za-z0-9\-_.!~*'()]/;

/** `data:,` with everything escaped that does not stand for itself in a path segment. */
export const pathDataUrl = (text: string): string => `data:,${escaped(text, PATH_CHARACTER)}`;

/** `data:,` with everything escaped but RFC 2396's unreserved characters. */
export const plainDataUrl = (text: string): string => `data:,${escaped(text, UNRESERVED)}`;

function escaped(text: string, kept: RegExp): string {
  let escaped = '';
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    escaped += byte < 128 && kept.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
