/**
 * The secret in a boot URL: `{machine}.{epoch}.{nonce}.{expiry}.{mac}`, the mac an HMAC-SHA-256 (RFC 2104) over exactly the
 * text before its dot, in base64url (RFC 4648 section 5). A kernel command line can carry only a URL, so this is all there is.
 */
import { toBase64 } from '../../shared/bytes.ts';
import { NAME } from '../records/model.ts';

export interface Capability {
  readonly machine: string;
  readonly epoch: string;
  readonly nonce: string;
  /** Seconds since 1970; 0: never. */
  readonly expiry: number;
}

const RANDOM_BYTES = 16;
const SHAPE = /^(.+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(0|[1-9]\d{0,14})$/;
const MAC_LENGTH = 43;

export class Capabilities {
  readonly #keys: Promise<CryptoKey[]>;

  /** The first secret mints; all of them are accepted. Without any, nothing can be minted or accepted. */
  constructor(readonly secrets: readonly string[]) {
    this.#keys = Promise.all(
      secrets.map((secret) =>
        crypto.subtle.importKey('raw', encoded(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
      ),
    );
  }

  /** The capability as it stands in a URL. */
  async mint({ machine, epoch, nonce, expiry }: Capability): Promise<string> {
    const text = `${machine}.${epoch}.${nonce}.${expiry}`;
    const [key] = await this.#keys;
    if (key === undefined) throw new Error('no capability secret');
    return `${text}.${await macOf(key, text)}`;
  }

  /** What a text proves, or `undefined` for everything that was not minted here, down to the last bit. */
  async read(text: string): Promise<Capability | undefined> {
    const dot = text.lastIndexOf('.');
    const signed = text.slice(0, Math.max(dot, 0));
    const given = text.slice(dot + 1);
    let matches = 0;
    // The mac is compared as text: spare bits of base64url would else make four texts of one mac.
    for (const key of await this.#keys) matches |= sameText(given, await macOf(key, signed));
    const shape = matches === 1 ? SHAPE.exec(signed) : null;
    const [, machine = '', epoch = '', nonce = '', expiry = ''] = shape ?? [];
    return shape === null || !NAME.test(machine) ? undefined : { machine, epoch, nonce, expiry: Number(expiry) };
  }
}

/** Text of an epoch or a nonce that nobody can guess. */
export const randomText = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));

async function macOf(key: CryptoKey, text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoded(text))));
}

/** 1 or 0, in a time that tells nothing of where they differ. */
function sameText(given: string, wanted: string): number {
  let difference = given.length ^ MAC_LENGTH;
  for (let at = 0; at < MAC_LENGTH; at += 1) difference |= (given.charCodeAt(at) || 0) ^ wanted.charCodeAt(at);
  return difference === 0 ? 1 : 0;
}

const encoded = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
