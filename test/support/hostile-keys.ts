/** Key files as somebody makes them who hands out a key that is not his: genuine packets among packets of his own. */
import { createHash } from 'node:crypto';
import {
  config,
  enums,
  generateKey,
  type PrivateKey,
  type PublicKey,
  readKey,
  SignaturePacket,
  type Subkey,
} from 'openpgp';

const TYPE = enums.signature;
/** Types of subpackets (RFC 9580 section 5.2.3.7). */
const ISSUER = 16;
const NOTATION = 20;

/** The published types of openpgp.js lack these. */
type Sign = (key: unknown, data: object, date: Date, detached: boolean, settings: object) => Promise<void>;
type ToHash = (type: enums.signature, data: object) => Uint8Array;

export interface Wish {
  readonly type: enums.signature;
  readonly data: object;
  readonly date?: Date;
  readonly reason?: enums.reasonForRevocation;
  readonly backSignature?: SignaturePacket | null;
  /** The size of a notation that is signed with it. */
  readonly notationBytes?: number;
}

/** A quick key that nobody has pinned. */
export async function makeStranger(): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'A Stranger' }],
    subkeys: [],
    date: new Date(Date.now() - 1000 * 86_400_000),
    format: 'object',
  });
  return privateKey;
}

/** What a signature of a subkey's binding or revocation is made over. */
export const over = (key: PublicKey | PrivateKey, subkey?: Subkey): object =>
  subkey === undefined ? { key: key.keyPacket } : { key: key.keyPacket, bind: subkey.keyPacket };

/** A signature by the primary of `signer`. */
export async function signedBy(signer: PrivateKey, wish: Wish): Promise<SignaturePacket> {
  const packet = new SignaturePacket();
  packet.signatureType = wish.type;
  packet.publicKeyAlgorithm = signer.keyPacket.algorithm;
  packet.hashAlgorithm = enums.hash.sha512;
  if (wish.type === TYPE.subkeyBinding) packet.keyFlags = Uint8Array.of(2);
  if (wish.reason !== undefined) packet.reasonForRevocationFlag = wish.reason;
  if (wish.backSignature !== undefined) packet.embeddedSignature = wish.backSignature;
  if (wish.notationBytes !== undefined) {
    const value = new Uint8Array(wish.notationBytes);
    packet.rawNotations.push({ name: 'long@example.org', value, humanReadable: false, critical: false });
  }
  await (packet.sign as unknown as Sign).call(
    packet,
    signer.keyPacket,
    wish.data,
    wish.date ?? new Date(),
    false,
    config,
  );
  return packet;
}

/** The same signature, which says that `key` has made it. */
export function withIssuer(packet: SignaturePacket, key: PublicKey | PrivateKey): SignaturePacket {
  const body = Uint8Array.from(Buffer.from(key.getKeyID().toHex(), 'hex'));
  return withUnhashed(packet, { type: ISSUER, critical: false, body });
}

/** The same genuine signature in other bytes: a notation more in its part that is not signed. */
export const withNotation = (packet: SignaturePacket, count: number): SignaturePacket =>
  withUnhashed(packet, { type: NOTATION, critical: false, body: new Uint8Array(8 + (count % 200)).fill(count) });

function withUnhashed(packet: SignaturePacket, more: SignaturePacket['unhashedSubpackets'][number]): SignaturePacket {
  return Object.assign(new SignaturePacket(), packet, { unhashedSubpackets: [...packet.unhashedSubpackets, more] });
}

/** `count` signatures like a genuine one of SHA-512 or SHA-256, of other dates, whose digest prefix is right and whose mathematics are not. */
export function brokenOnes(genuine: SignaturePacket, data: object, count: number): SignaturePacket[] {
  return Array.from({ length: count }, (_, index) => {
    const signatureData = Uint8Array.from(genuine.signatureData ?? []);
    // The date is the first hashed subpacket of both gpg and openpgp.js or comes soon after: any changed byte of it will do.
    const place = dateIn(signatureData);
    new DataView(signatureData.buffer).setUint32(
      place,
      new DataView(signatureData.buffer).getUint32(place) - index - 1,
    );
    const broken = Object.assign(new SignaturePacket(), genuine, { signatureData });
    const type = genuine.signatureType ?? TYPE.subkeyBinding;
    const toHash = (broken as unknown as { toHash: ToHash }).toHash(type, data);
    const name = genuine.hashAlgorithm === enums.hash.sha256 ? 'sha256' : 'sha512';
    broken.signedHashValue = createHash(name).update(toHash).digest().subarray(0, 2);
    return broken;
  });
}

/** Where the creation date stands: four octets after a length of 5 and the type 2, critical or not. */
function dateIn(signatureData: Uint8Array): number {
  const at = signatureData.findIndex((octet, index) => octet === 5 && ((signatureData[index + 1] ?? 0) & 0x7f) === 2);
  return at + 2;
}

/** A key file in armor that `change` was at. It is read anew from what was written, as by whoever fetches it. */
export async function changedFile(armoredKey: string, change: (key: PublicKey) => Promise<void> | void) {
  const key = await readKey({ armoredKey });
  await change(key);
  return key.armor();
}

/** Puts a stranger's binding before the genuine one of the first subkey. */
export async function poisonedFile(armoredKey: string): Promise<string> {
  const stranger = await makeStranger();
  return await changedFile(armoredKey, async (key) => {
    for (const subkey of key.subkeys)
      subkey.bindingSignatures.unshift(await signedBy(stranger, { type: TYPE.subkeyBinding, data: over(key, subkey) }));
  });
}
