/**
 * Standard base64 with padding (RFC 4648 section 4). This room has its own because the pure rooms may import no code of
 * `shared` but the result type. No I/O.
 */

/** The number of bytes for each call of `fromCharCode`. One call for each byte would make a string for each byte. */
const BYTES_PER_CALL = 8192;

/** Returns a text whose characters have the bytes as their codes. */
export function toBinaryText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += BYTES_PER_CALL)
    text += String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_CALL));
  return text;
}

/** Returns the bytes as base64 text. */
export const toBase64Text = (bytes: Uint8Array): string => btoa(toBinaryText(bytes));
