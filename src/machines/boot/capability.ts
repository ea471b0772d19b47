/**
 * The secret in a boot URL: `{machine}.{epoch}.{nonce}.{expiry}.{mac}`. The MAC is an HMAC-SHA-256 (RFC 2104) over the
 * text before the last dot, cut to 128 bits (RFC 2104 section 5), in base64url (RFC 4648 section 5). A kernel command line can carry a URL but no headers, so
 * the URL is a machine's only credential.
 */
import { macOf, sameMac, toBase64Url } from '../../shared/mac.ts';
import { NAME } from '../records/model.ts';

export interface Capability {
  readonly machine: string;
  readonly epoch: string;
  readonly nonce: string;
  /** Seconds since 1970; 0 means never. */
  readonly expiry: number;
}

/** What opens a fleet's URL. */
export interface FleetCapability {
  readonly fleet: string;
  readonly epoch: string;
  readonly nonce: string;
}

/** An unreserved character (RFC 3986) with which no name of a machine begins. */
const FLEET = '~';

/** Returns true for the text of a capability that could be a fleet's. */
export const isForFleet = (text: string): boolean => text.startsWith(FLEET);

/** 96 bits: nobody counts up to it, and a boot URL has to fit into the 127 characters of the BOOTP file field. */
const RANDOM_BYTES = 12;

const SHAPE = /^(.+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(0|[1-9]\d{0,14})$/;

export class Capabilities {
  readonly #keys: Promise<CryptoKey[]>;

  /** The first secret mints capabilities, and every secret accepts them. Without a secret, neither is possible. */
  constructor(readonly secrets: readonly string[]) {
    this.#keys = Promise.all(
      secrets.map((secret) =>
        crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
          'sign',
        ]),
      ),
    );
  }

  /** Returns the capability as a URL carries it. Throws when there is no secret. */
  async mint({ machine, epoch, nonce, expiry }: Capability): Promise<string> {
    const text = `${machine}.${epoch}.${nonce}.${expiry}`;
    const [key] = await this.#keys;
    if (key === undefined) throw new Error('no capability secret');
    return `${text}.${shortened(await macOf(key, text))}`;
  }

  /** Returns the capability of a fleet as a URL carries it. No machine has a name that begins so. */
  async mintForFleet({ fleet, epoch, nonce }: FleetCapability): Promise<string> {
    return await this.mint({ machine: `${FLEET}${fleet}`, epoch, nonce, expiry: 0 });
  }

  /** Returns the capability that a text proves, or `undefined` for a text that was not minted here for a machine. */
  async read(text: string): Promise<Capability | undefined> {
    const proven = await this.#proven(text);
    return proven !== undefined && NAME.test(proven.machine) ? proven : undefined;
  }

  /** Returns the capability of a fleet that a text proves, or `undefined`. */
  async readForFleet(text: string): Promise<FleetCapability | undefined> {
    if (!isForFleet(text)) return undefined;
    const proven = await this.#proven(text);
    const fleet = proven?.machine.slice(FLEET.length) ?? '';
    return proven !== undefined && NAME.test(fleet) ? { fleet, epoch: proven.epoch, nonce: proven.nonce } : undefined;
  }

  async #proven(text: string): Promise<Capability | undefined> {
    const dot = text.lastIndexOf('.');
    const signed = text.slice(0, Math.max(dot, 0));
    const givenMac = text.slice(dot + 1);
    let matches = 0;
    // The MAC is compared as text: the last digit of base64url has two unused bits, so four texts decode to one MAC.
    for (const key of await this.#keys) {
      const mac = await macOf(key, signed);
      // Earlier versions have given out whole MACs.
      matches |= sameMac(givenMac, mac) | sameMac(givenMac, shortened(mac));
    }
    const shape = matches === 1 ? SHAPE.exec(signed) : null;
    const [, machine = '', epoch = '', nonce = '', expiry = ''] = shape ?? [];
    return shape === null ? undefined : { machine, epoch, nonce, expiry: Number(expiry) };
  }
}

/** Returns the first 128 bits: 21 digits, and of the last one the two bits that belong to them. */
function shortened(mac: string): string {
  const bytes = Uint8Array.from(atob(mac.replaceAll('-', '+').replaceAll('_', '/')), (digit) => digit.charCodeAt(0));
  return toBase64Url(bytes.slice(0, 16));
}

/** Returns 96 random bits as text, for an epoch or a nonce. */
export const randomText = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
