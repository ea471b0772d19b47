/** Throwaway signing keys shaped like Flatcar's: an RSA primary that certifies and signs, and a signing subkey. */
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
  /** Seconds that the subkey lives. */
  readonly subkeyLifetime?: number;
  readonly name?: string;
}

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

export const readSigningKey = (armoredKey: string): Promise<PrivateKey> => readPrivateKey({ armoredKey });

export const publicKeyText = (key: PrivateKey): string => key.toPublic().armor();

/** The public key with its signing subkey revoked as compromised. */
export async function compromisedKeyText(key: PrivateKey): Promise<string> {
  const copy = await readKey({ armoredKey: publicKeyText(key) });
  const [subkey] = key.subkeys;
  const reason = { flag: enums.reasonForRevocation.keyCompromised };
  const revoked = await subkey?.revoke(key.keyPacket as Parameters<typeof subkey.revoke>[0], reason);
  const [target] = copy.subkeys;
  if (target && revoked) target.revocationSignatures = revoked.revocationSignatures;
  return copy.armor();
}

export const fingerprint = (key: PrivateKey): string => key.getFingerprint().toUpperCase();

export type HashName = 'sha1' | 'sha256' | 'sha512';

/** A binary detached signature as `gpg --detach-sign` makes it. */
export async function detachSign(
  key: PrivateKey,
  data: Uint8Array,
  date = new Date(),
  hash: HashName = 'sha512',
): Promise<Buffer> {
  const signing = (await key.getSigningKey(undefined, date)).keyPacket;
  const literal = new LiteralDataPacket();
  (literal as unknown as LiteralBytes).setBytes(data, enums.literal.binary);
  // Below `sign`, which would quietly replace SHA-1 by what the key prefers.
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

/** The published types know neither packets as data nor the last parameter. */
type LiteralBytes = { setBytes(bytes: Uint8Array, format: enums.literal): void };
type Sign = (key: unknown, data: LiteralDataPacket, date: Date, detached: boolean, settings: object) => Promise<void>;

/** A clearsigned text as `gpg --clearsign` makes it. */
export async function clearSign(key: PrivateKey, text: string): Promise<Buffer> {
  const message = await createCleartextMessage({ text });
  return Buffer.from((await sign({ message, signingKeys: key, format: 'armored' })) as string);
}
