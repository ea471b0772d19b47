/**
 * HMAC, AES-GCM and digests of this process within the turn in which they are asked for, with the same answers as Web Crypto gives
 * from its own threads: a virtual clock can then tell work that goes on from work that waits. Keys made before it are not known to it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';

const TAG_BYTES = 16;
const AES_BYTES = 32;

type Subtle = webcrypto.SubtleCrypto;
type Import = (...parameters: unknown[]) => Promise<webcrypto.CryptoKey>;

const { subtle } = crypto as unknown as webcrypto.Crypto;

/** No recording double: there are hundreds of thousands of calls. */
function replace<Name extends 'importKey' | 'deriveKey' | 'digest' | 'sign' | 'encrypt' | 'decrypt'>(
  name: Name,
  method: (...parameters: Parameters<Subtle[Name]>) => Promise<unknown>,
): void {
  Object.defineProperty(subtle, name, { value: method, configurable: true });
}

export function makeSecretsPrompt(): void {
  const secrets = new WeakMap<webcrypto.CryptoKey, KeyObject>();
  const secretOf = (key: webcrypto.CryptoKey): KeyObject => {
    const secret = secrets.get(key);
    if (secret === undefined) throw new Error(`a key for ${key.algorithm.name} was not made promptly`);
    return secret;
  };

  const importKey = subtle.importKey.bind(subtle) as Import;
  replace('importKey', async (...parameters) => {
    const key = await importKey(...parameters);
    if (parameters[0] === 'raw') secrets.set(key, createSecretKey(bytesOf(parameters[1] as webcrypto.BufferSource)));
    return key;
  });
  const deriveKey = subtle.deriveKey.bind(subtle);
  replace('deriveKey', async (...parameters) => {
    const [algorithm, material] = parameters;
    const { salt, info } = algorithm as webcrypto.HkdfParams;
    const key = await deriveKey(...parameters);
    const made = hkdfSync('sha256', secretOf(material), bytesOf(salt), bytesOf(info), AES_BYTES);
    secrets.set(key, createSecretKey(new Uint8Array(made)));
    return key;
  });

  replace('digest', async (algorithm, data) => {
    const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
    return bufferOf(createHash(name.toLowerCase().replace('-', '')).update(bytesOf(data)).digest());
  });
  replace('sign', async (_algorithm, key, data) =>
    bufferOf(createHmac('sha256', secretOf(key)).update(bytesOf(data)).digest()),
  );
  replace('encrypt', async (algorithm, key, data) => {
    const { iv, additionalData = new Uint8Array() } = algorithm as webcrypto.AesGcmParams;
    const cipher = createCipheriv('aes-256-gcm', secretOf(key), bytesOf(iv)).setAAD(bytesOf(additionalData));
    return bufferOf(Buffer.concat([cipher.update(bytesOf(data)), cipher.final(), cipher.getAuthTag()]));
  });
  replace('decrypt', async (algorithm, key, data) => {
    const { iv, additionalData = new Uint8Array() } = algorithm as webcrypto.AesGcmParams;
    const bytes = bytesOf(data);
    const decipher = createDecipheriv('aes-256-gcm', secretOf(key), bytesOf(iv)).setAAD(bytesOf(additionalData));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return bufferOf(Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]));
  });
}

/** Web Crypto as it was: what was put in front of its own methods goes. */
export function restoreSecrets(): void {
  for (const name of Object.getOwnPropertyNames(subtle)) Reflect.deleteProperty(subtle, name);
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const bytesOf = (data: webcrypto.BufferSource): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
