/**
 * Web Crypto of this process without its detour over other threads: the same answers, within the turn in which they are asked for. A
 * virtual clock can then tell work that goes on from work that waits.
 */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject, verify, type webcrypto } from 'node:crypto';

/** Digests, and RSA signatures as openpgp.js has them verified; everything else stays as it is. */
export function makeCryptoPrompt(): void {
  const { subtle } = crypto as unknown as webcrypto.Crypto;
  const importSlowly = subtle.importKey.bind(subtle) as ImportKey;
  const imported = new Map<string, webcrypto.CryptoKey>();
  const known = new WeakMap<webcrypto.CryptoKey, KnownKey>();
  const digest: Digest = async (algorithm, data) =>
    new Uint8Array(createHash(nodeName(algorithm)).update(bytesOf(data)).digest()).buffer;
  const importKey: ImportKey = async (format, data, algorithm, isExtractable, usages) => {
    const wanted = algorithm as webcrypto.RsaHashedImportParams;
    if (format !== 'jwk' || wanted.name !== RSA)
      return await importSlowly(format, data, algorithm, isExtractable, usages);
    const name = JSON.stringify([data, wanted, isExtractable, usages]);
    const before = imported.get(name);
    if (before !== undefined) return before;
    const object = createPublicKey({ key: data as JsonWebKey, format });
    const key = object.toCryptoKey(wanted, isExtractable, usages);
    imported.set(name, key);
    known.set(key, { object, verdicts: new Map() });
    return key;
  };
  const verifyNow: Verify = async (_algorithm, key, signature, data) => {
    const { object, verdicts } = known.get(key) ?? unknownKey(key);
    const question = `${latin1(signature)} ${latin1(data)}`;
    const { hash } = key.algorithm as webcrypto.RsaHashedKeyAlgorithm;
    const verdict = verdicts.get(question) ?? verify(nodeName(hash), bytesOf(data), object, bytesOf(signature));
    verdicts.set(question, verdict);
    return verdict;
  };
  for (const [name, value] of Object.entries({ digest, importKey, verify: verifyNow }))
    Object.defineProperty(subtle, name, { value, configurable: true });
}

interface KnownKey {
  readonly object: KeyObject;
  /** A key's bindings are looked at with every signature: what was asked before has the same answer. */
  readonly verdicts: Map<string, boolean>;
}

function unknownKey(key: webcrypto.CryptoKey): never {
  throw new Error(`no prompt verification by a key of ${key.algorithm.name}`);
}

type Digest = webcrypto.SubtleCrypto['digest'];
type Verify = webcrypto.SubtleCrypto['verify'];
type ImportKey = (
  format: string,
  data: unknown,
  algorithm: unknown,
  isExtractable: boolean,
  usages: webcrypto.KeyUsage[],
) => Promise<webcrypto.CryptoKey>;

const RSA = 'RSASSA-PKCS1-v1_5';

const nodeName = (algorithm: webcrypto.AlgorithmIdentifier): string =>
  (typeof algorithm === 'string' ? algorithm : algorithm.name).toLowerCase().replace('-', '');

const bytesOf = (data: webcrypto.BufferSource): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

function latin1(data: webcrypto.BufferSource): string {
  const { buffer, byteOffset, byteLength } = bytesOf(data);
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
