/**
 * User data, profiles and renderings at rest: AES-256-GCM (NIST SP 800-38D) under a key derived from each configured secret
 * (HKDF-SHA-256, RFC 5869), with the owner and its generation as associated data. Readers of the stores see no join tokens.
 */
import { fromBase64, toBase64, toHex } from '../../shared/bytes.ts';
import { isBug } from '../../shared/cause.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Sealed } from './model.ts';

/** `no-key`: written under a secret that is configured no more. */
export type VaultFault = { readonly reason: 'no-key' | 'tampered' };

interface StorageKey {
  readonly id: string;
  readonly key: CryptoKey;
}

const IV_BYTES = 12;
const LABELS = { own: 'flatcar-edge storage', derived: 'flatcar-edge storage from capability secret' } as const;

export class Vault {
  readonly #keys: Promise<readonly StorageKey[]>;

  /** STORAGE_KEY values, the first of which writes; without them CAPABILITY_SECRET's stand in. All of both read. */
  constructor(storageKeys: readonly string[], capabilitySecrets: readonly string[]) {
    this.#keys = Promise.all([
      ...storageKeys.map((secret) => deriveKey(secret, LABELS.own)),
      ...capabilitySecrets.map((secret) => deriveKey(secret, LABELS.derived)),
    ]);
  }

  /** Ids of the keys, the writing one first. */
  async keyIds(): Promise<string[]> {
    return (await this.#keys).map(({ id }) => id);
  }

  /** Encrypts under the newest key; `context` must be given again to read it. */
  async seal(text: string, context: string): Promise<Sealed> {
    const [newest] = await this.#keys;
    if (newest === undefined) throw new Error('no storage key');
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const data = await crypto.subtle.encrypt(parameters(iv, context), newest.key, encoded(text));
    return { key: newest.id, iv: toBase64(iv), data: toBase64(new Uint8Array(data)) };
  }

  /** The text, if it was sealed under one of the keys, for this context, and nobody touched it. */
  async open(sealed: Sealed, context: string): Promise<Result<string, VaultFault>> {
    const found = (await this.#keys).find(({ id }) => id === sealed.key);
    if (found === undefined) return err({ reason: 'no-key' });
    try {
      const iv = fromBase64(sealed.iv);
      const data = await crypto.subtle.decrypt(parameters(iv, context), found.key, fromBase64(sealed.data));
      return ok(new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(data));
    } catch (cause) {
      if (isBug(cause)) throw cause;
      return err({ reason: 'tampered' });
    }
  }
}

async function deriveKey(secret: string, label: string): Promise<StorageKey> {
  const layers = await crypto.subtle.importKey('raw', encoded(secret), 'HKDF', false, ['deriveKey', 'deriveBits']);
  const derivation = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoded(info),
  });
  const [key, id] = await Promise.all([
    crypto.subtle.deriveKey(derivation(label), layers, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    crypto.subtle.deriveBits(derivation(`${label} id`), layers, 64),
  ]);
  return { key, id: toHex(new Uint8Array(id)) };
}

const parameters = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: encoded(context),
});

const encoded = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));
