/**
 * The cursors of lists. A cursor carries the place where the next page begins, and a code that only this service can make:
 * a cursor that was not given out, or that another list has given out, is refused and not taken for an empty rest.
 */
import { fromBase64 } from '../bytes.ts';
import { macOf, sameMac, toBase64Url } from '../mac.ts';

/** Makes and reads the cursors of every list. */
export class Cursors {
  readonly #key: Promise<CryptoKey>;

  /** `secret` is any secret of the deployment. After a change of it, older cursors are refused. */
  constructor(secret: string) {
    this.#key = keyOf(secret);
  }

  /** Returns the cursor of a place. `list` names the list and its filters. `null` is the end, and stays so. */
  async make(list: string, place: string | null): Promise<string | null> {
    if (place === null) return null;
    return `${toBase64Url(new TextEncoder().encode(place))}.${await macOf(await this.#key, signedText(list, place))}`;
  }

  /** Returns the place of a cursor that `make` returned for the same list; `undefined` for every other text. */
  async read(list: string, cursor: string): Promise<string | undefined> {
    const dot = cursor.indexOf('.');
    const place = decoded(cursor.slice(0, Math.max(dot, 0)));
    if (place === undefined) return undefined;
    const wanted = await macOf(await this.#key, signedText(list, place));
    return sameMac(cursor.slice(dot + 1), wanted) === 1 ? place : undefined;
  }
}

const signedText = (list: string, place: string): string => JSON.stringify(['cursor', list, place]);

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`flatcar-edge cursors ${secret}`));
  return await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

function decoded(text: string): string | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  try {
    return new TextDecoder().decode(fromBase64(text.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
  }
}
