/** Message authentication codes as URLs and metadata carry them: HMAC-SHA-256 (RFC 2104) in base64url (RFC 4648). */
import { toBase64 } from './bytes.ts';

/** Returns base64url without padding (RFC 4648 section 5). */
export const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** Returns the code of a text: 43 characters. `key` is an HMAC key for SHA-256. */
export async function macOf(key: CryptoKey, text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))));
}

/** Returns 1 if `given` is the code `wanted`, otherwise 0. Its time does not depend on where they differ. */
export function sameMac(given: string, wanted: string): number {
  let difference = given.length ^ wanted.length;
  for (let at = 0; at < wanted.length; at += 1) difference |= (given.charCodeAt(at) || 0) ^ wanted.charCodeAt(at);
  return difference === 0 ? 1 : 0;
}
