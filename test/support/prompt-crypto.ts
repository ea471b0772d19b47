/**
 * Web Crypto of this process without its detour over other threads: the same answers, within the turn in which they are asked for. A
 * virtual clock can then tell work that goes on from work that waits.
 */
import { createHash, createPublicKey, type JsonWebKey, KeyObject, verify, type webcrypto } from 'node:crypto';
import { vi } from 'vitest';

/** Digests, and RSA signatures as openpgp.js has them verified; everything else stays as it is. */
export function makeCryptoPrompt(): void {
  const { subtle } = crypto as unknown as webcrypto.Crypto;
  vi.spyOn(subtle, 'digest').mockImplementation(async (algorithm, data) => {
    const digest = createHash(nodeName(algorithm)).update(bytesOf(data)).digest();
    return new Uint8Array(digest).buffer;
  });
  const importKey = subtle.importKey.bind(subtle) as (...parameters: unknown[]) => Promise<webcrypto.CryptoKey>;
  vi.spyOn(subtle, 'importKey').mockImplementation(async (...parameters: unknown[]) => {
    const [format, key, algorithm, isExtractable, usages] = parameters;
    if (format !== 'jwk' || (algorithm as webcrypto.Algorithm).name !== RSA) return await importKey(...parameters);
    const read = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return read.toCryptoKey(
      algorithm as webcrypto.RsaHashedImportParams,
      isExtractable as boolean,
      usages as ['verify'],
    );
  });
  vi.spyOn(subtle, 'verify').mockImplementation(async (_algorithm, key, signature, data) => {
    const { name, hash } = key.algorithm as webcrypto.RsaHashedKeyAlgorithm;
    if (name !== RSA) throw new Error(`no prompt verification of ${name}`);
    return verify(nodeName(hash), bytesOf(data), KeyObject.from(key), bytesOf(signature));
  });
}

const RSA = 'RSASSA-PKCS1-v1_5';

const nodeName = (algorithm: webcrypto.AlgorithmIdentifier): string =>
  (typeof algorithm === 'string' ? algorithm : algorithm.name).toLowerCase().replace('-', '');

const bytesOf = (data: webcrypto.BufferSource): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
