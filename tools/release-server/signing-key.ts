/**
 * Makes signing keys for tests with the form of Flatcar's: an RSA primary that certifies and signs, and a signing
 * subkey.
 */
import {
  config,
  createCleartextMessage,
  enums,
  generateKey,
  LiteralDataPacket,
  PacketList,
  type PrivateKey,
  readKey,
  readPrivateKey,
  SignaturePacket,
  sign,
} from 'openpgp';

export interface KeyOptions {
  readonly bits?: number;
  readonly created?: Date;
  /** The lifetime of the subkey in seconds; with 0 it never expires. */
  readonly subkeyLifetime?: number;
  readonly name?: string;
}

/** Returns a new key with one signing subkey. */
export async function makeSigningKey(options: KeyOptions = {}): Promise<PrivateKey> {
  const {
    bits = 2048,
    created = new Date(Date.now() - 60_000),
    subkeyLifetime = 0,
    name = 'Throwaway Buildbot',
  } = options;
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

/** Returns the private key in an armored text. */
export const readSigningKey = (armoredKey: string): Promise<PrivateKey> => readPrivateKey({ armoredKey });

/** Returns the public key as an armored text. */
export const publicKeyText = (key: PrivateKey): string => key.toPublic().armor();

/** Returns the public key as an armored text, with its signing subkey revoked as compromised. */
export async function compromisedKeyText(key: PrivateKey): Promise<string> {
  const copy = await readKey({ armoredKey: publicKeyText(key) });
  const [subkey] = key.subkeys;
  const reason = { flag: enums.reasonForRevocation.keyCompromised };
  const revoked = await subkey?.revoke(key.keyPacket as Parameters<typeof subkey.revoke>[0], reason);
  const [target] = copy.subkeys;
  if (target && revoked) target.revocationSignatures = revoked.revocationSignatures;
  return copy.armor();
}

/** Returns the fingerprint of the primary key in upper case. */
export const fingerprint = (key: PrivateKey): string => key.getFingerprint().toUpperCase();

export type HashName = 'sha1' | 'sha256' | 'sha512';

/** Returns a binary detached signature as `gpg --detach-sign` makes it. */
export async function detachSign(
  key: PrivateKey,
  data: Uint8Array,
  date = new Date(),
  hash: HashName = 'sha512',
): Promise<Buffer> {
  const signing = (await key.getSigningKey(undefined, date)).keyPacket;
  const literal = new LiteralDataPacket();
  (literal as unknown as LiteralBytes).setBytes(data, enums.literal.binary);
  // The function `sign` of openpgp.js would replace SHA-1 by the hash that the key prefers, so sign the packet itself.
  const packet = new SignaturePacket();
  packet.signatureType = enums.signature.binary;
  packet.publicKeyAlgorithm = signing.algorithm;
  packet.hashAlgorithm = enums.hash[hash];
  const settings = { ...config, nonDeterministicSignaturesViaNotation: false };
  await (packet.sign as unknown as Sign).call(packet, signing, literal, date, true, settings);
  const list = new PacketList<SignaturePacket>();
  list.push(packet);
  return Buffer.from(list.write());
}

/** The published types of openpgp.js lack this method and the last parameter of `sign`. */
type LiteralBytes = { setBytes(bytes: Uint8Array, format: enums.literal): void };
type Sign = (key: unknown, data: LiteralDataPacket, date: Date, detached: boolean, settings: object) => Promise<void>;

/** Returns a clearsigned text as `gpg --clearsign` makes it. */
export async function clearSign(key: PrivateKey, text: string): Promise<Buffer> {
  const message = await createCleartextMessage({ text });
  return Buffer.from((await sign({ message, signingKeys: key, format: 'armored' })) as string);
}
