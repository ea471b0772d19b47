/** Checks the operator token (RFC 6750). It compares digests, so that the time reveals neither content nor length. */

/** Returns the token of a header `Authorization: Bearer TOKEN`, or `undefined`. */
export const tokenIn = (header: string): string | undefined => /^Bearer ([^\s]+)$/i.exec(header)?.[1];

/** Returns true when `given` is one of `tokens`. Without a configured token it accepts nothing. */
export async function isOperator(given: string, tokens: readonly string[]): Promise<boolean> {
  const wanted = await digest(given);
  let matches = 0;
  for (const token of tokens) matches |= equal(wanted, await digest(token));
  return matches === 1;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function equal(a: Uint8Array, b: Uint8Array): number {
  let difference = a.length ^ b.length;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0 ? 1 : 0;
}
