/** Throwaway signing keys shaped like Flatcar's: an RSA primary that certifies and signs, and a signing subkey. */
import { createMessage, enums, generateKey, type PrivateKey, readPrivateKey, sign } from 'openpgp';

export interface KeyOptions {
  readonly bits?: number;
  readonly created?: Date;
  /** Seconds that the subkey lives. */
  readonly subkeyLifetime?: number;
  readonly name?: string;
}

export async function makeSigningKey(options: KeyOptions = {}): Promise<PrivateKey> {
  const { bits = 2048, created = new Date(Date.now() - 60_000), subkeyLifetime = 0, name = 'Throwaway Buildbot' } = options;
  const { privateKey } = await generateKey({
    type: 'rsa',
    rsaBits: bits,
    userIDs: [{ name, email: 'buildbot@example.org' }],
    subkeys: [{ sign: true, rsaBits: bits, keyExpirationTime: subkeyLifetime }],
    date: created,
    format: 'object',
  });
  return privateKey;
}

export const readSigningKey = (armoredKey: string): Promise<PrivateKey> => readPrivateKey({ armoredKey });

export const publicKeyText = (key: PrivateKey): string => key.toPublic().armor();

export const fingerprint = (key: PrivateKey): string => key.getFingerprint().toUpperCase();

export type HashName = 'sha1' | 'sha256' | 'sha512';

/** A binary detached signature as `gpg --detach-sign` makes it. */
export async function detachSign(key: PrivateKey, data: Uint8Array, date?: Date, hash: HashName = 'sha512'): Promise<Buffer> {
  const signature = await sign({
    message: await createMessage({ binary: data }),
    signingKeys: key,
    detached: true,
    format: 'binary',
    ...(date === undefined ? {} : { date }),
    config: { preferredHashAlgorithm: enums.hash[hash], nonDeterministicSignaturesViaNotation: false },
  });
  return Buffer.from(signature as Uint8Array);
}

/** A clearsigned text as `gpg --clearsign` makes it. */
export async function clearSign(key: PrivateKey, text: string): Promise<Buffer> {
  const { createCleartextMessage } = await import('openpgp');
  const message = await createCleartextMessage({ text });
  return Buffer.from((await sign({ message, signingKeys: key, format: 'armored' })) as string);
}
