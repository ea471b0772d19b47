/**
 * Encrypts user data, profiles and renderings with AES-256-GCM (NIST SP 800-38D). Each configured secret gives one key
 * (HKDF-SHA-256, RFC 5869). The associated data names the owner and its generation. So a reader of the stores cannot
 * see the join tokens that user data contains. A second key of each secret signs whole records (HMAC-SHA-256, RFC 2104).
 */
import { fromBase64, toBase64, toHex } from '../../shared/bytes.ts';
import { isBug } from '../../shared/cause.ts';
import { macOf, sameMac } from '../../shared/mac.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Sealed } from './model.ts';

/** `no-key`: the secret that sealed the text is no longer configured. `tampered`: the text does not decrypt. */
export type VaultFault = { readonly reason: 'no-key' | 'tampered' };

interface StorageKey {
  readonly id: string;
  readonly key: CryptoKey;
  readonly signing: CryptoKey;
}

const IV_BYTES = 12;
const LABELS = { own: 'flatcar-edge storage', derived: 'flatcar-edge storage from capability secret' } as const;

export class Vault {
  readonly #keys: Promise<readonly StorageKey[]>;

  /**
   * The first value of STORAGE_KEY seals new texts. Without STORAGE_KEY, the first value of CAPABILITY_SECRET seals
   * them. Every value of both can open texts.
   */
  constructor(storageKeys: readonly string[], capabilitySecrets: readonly string[]) {
    this.#keys = Promise.all([
      ...storageKeys.map((secret) => deriveKey(secret, LABELS.own)),
      ...capabilitySecrets.map((secret) => deriveKey(secret, LABELS.derived)),
    ]);
  }

  /** Returns the ids of the keys. The first id is that of the key that seals. */
  async keyIds(): Promise<string[]> {
    return (await this.#keys).map(({ id }) => id);
  }

  /** Encrypts `text` under the newest key. `open` needs the same `context`. Throws when there is no key. */
  async seal(text: string, context: string): Promise<Sealed> {
    const [newest] = await this.#keys;
    if (newest === undefined) throw new Error('no storage key');
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const data = await crypto.subtle.encrypt(parameters(iv, context), newest.key, encoded(text));
    return { key: newest.id, iv: toBase64(iv), data: toBase64(new Uint8Array(data)) };
  }

  /** Returns the text if one of the keys sealed it for this context and nobody has changed it. */
  async open(sealed: Sealed, context: string): Promise<Result<string, VaultFault>> {
    const storageKey = (await this.#keys).find(({ id }) => id === sealed.key);
    if (storageKey === undefined) return err({ reason: 'no-key' });
    try {
      const iv = fromBase64(sealed.iv);
      const data = await crypto.subtle.decrypt(parameters(iv, context), storageKey.key, fromBase64(sealed.data));
      return ok(new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(data));
    } catch (cause) {
      if (isBug(cause)) throw cause;
      return err({ reason: 'tampered' });
    }
  }

  /** Returns the newest key's id, a dot, and its MAC of `text` in base64url; `undefined` when there is no key. */
  async sign(text: string): Promise<string | undefined> {
    const [newest] = await this.#keys;
    return newest === undefined ? undefined : `${newest.id}.${await macOf(newest.signing, text)}`;
  }

  /** Checks a signature that `sign` returned for `text`, in a time that does not depend on where they differ. */
  async checkSignature(text: string, signature: string): Promise<Result<undefined, VaultFault>> {
    const dot = signature.indexOf('.');
    const signer = (await this.#keys).find(({ id }) => id === signature.slice(0, dot));
    if (signer === undefined) return err({ reason: 'no-key' });
    const isSame = sameMac(signature.slice(dot + 1), await macOf(signer.signing, text)) === 1;
    return isSame ? ok(undefined) : err({ reason: 'tampered' });
  }
}

async function deriveKey(secret: string, label: string): Promise<StorageKey> {
  const secretKey = await crypto.subtle.importKey('raw', encoded(secret), 'HKDF', false, ['deriveKey', 'deriveBits']);
  const derivation = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoded(info),
  });
  const [key, id, signing] = await Promise.all([
    crypto.subtle.deriveKey(derivation(label), secretKey, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]),
    crypto.subtle.deriveBits(derivation(`${label} id`), secretKey, 64),
    crypto.subtle.deriveKey(
      derivation(`${label} record mac`),
      secretKey,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign'],
    ),
  ]);
  return { key, id: toHex(new Uint8Array(id)), signing };
}

const parameters = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: encoded(context),
});

const encoded = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));
