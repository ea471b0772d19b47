/**
 * The secret in a boot URL: `{machine}.{epoch}.{nonce}.{expiry}.{mac}`. The MAC is an HMAC-SHA-256 (RFC 2104) over the
 * text before the last dot, in base64url (RFC 4648 section 5). A kernel command line can carry a URL but no headers, so
 * the URL is a machine's only credential.
 */
import { toBase64 } from '../../shared/bytes.ts';
import { NAME } from '../records/model.ts';

export interface Capability {
  readonly machine: string;
  readonly epoch: string;
  readonly nonce: string;
  /** Seconds since 1970; 0 means never. */
  readonly expiry: number;
}

const RANDOM_BYTES = 16;
const SHAPE = /^(.+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(0|[1-9]\d{0,14})$/;
const MAC_LENGTH = 43;

export class Capabilities {
  readonly #keys: Promise<CryptoKey[]>;

  /** The first secret mints capabilities, and every secret accepts them. Without a secret, neither is possible. */
  constructor(readonly secrets: readonly string[]) {
    this.#keys = Promise.all(
      secrets.map((secret) =>
        crypto.subtle.importKey('raw', encoded(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
      ),
    );
  }

  /** Returns the capability as a URL carries it. Throws when there is no secret. */
  async mint({ machine, epoch, nonce, expiry }: Capability): Promise<string> {
    const text = `${machine}.${epoch}.${nonce}.${expiry}`;
    const [key] = await this.#keys;
    if (key === undefined) throw new Error('no capability secret');
    return `${text}.${await macOf(key, text)}`;
  }

  /** Returns the capability that a text proves, or `undefined` for a text that was not minted here. */
  async read(text: string): Promise<Capability | undefined> {
    const dot = text.lastIndexOf('.');
    const signed = text.slice(0, Math.max(dot, 0));
    const givenMac = text.slice(dot + 1);
    let matches = 0;
    // The MAC is compared as text: the last digit of base64url has two unused bits, so four texts decode to one MAC.
    for (const key of await this.#keys) matches |= sameText(givenMac, await macOf(key, signed));
    const shape = matches === 1 ? SHAPE.exec(signed) : null;
    const [, machine = '', epoch = '', nonce = '', expiry = ''] = shape ?? [];
    return shape === null || !NAME.test(machine) ? undefined : { machine, epoch, nonce, expiry: Number(expiry) };
  }
}

/** Returns 128 random bits as text, for an epoch or a nonce. */
export const randomText = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));

async function macOf(key: CryptoKey, text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoded(text))));
}

/** Returns 1 for equal texts and 0 for others. Its time does not depend on where the texts differ. */
function sameText(givenMac: string, wanted: string): number {
  let difference = givenMac.length ^ MAC_LENGTH;
  for (let at = 0; at < MAC_LENGTH; at += 1) difference |= (givenMac.charCodeAt(at) || 0) ^ wanted.charCodeAt(at);
  return difference === 0 ? 1 : 0;
}

const encoded = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
