/** Standard base64 with padding (RFC 4648 section 4), for a room that imports next to nothing. No I/O. */

/** The bytes as text. */
export function toBase64Text(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
