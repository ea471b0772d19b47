/**
 * Reads a detached OpenPGP signature and checks the rules that need no key: it is exactly one signature packet, of
 * version 4, over binary data, with SHA-256 or SHA-512 (RFC 9580 sections 5.2.1, 5.2.3 and 5.2.4). No I/O, no clock.
 */
import type { Signature, SignaturePacket } from 'openpgp';
import { err, ok, type Result } from '../shared/result.ts';
import { openpgp } from './openpgp.ts';
import { type FramingFault, requireOneSignaturePacket } from './signature-packet.ts';

export type SignatureFault =
  | FramingFault
  | { readonly reason: 'signature-type'; readonly type: number }
  | { readonly reason: 'signature-version'; readonly version: number }
  | { readonly reason: 'weak-hash'; readonly algorithm: number };

export interface DetachedSignature {
  /** The object of openpgp.js. A verification stores the digest in it, so it can be used for one verification only. */
  readonly signature: Signature;
  readonly packet: SignaturePacket;
  readonly hashName: 'sha256' | 'sha512';
  /** The bytes that are hashed after the signed data (RFC 9580 section 5.2.4). */
  readonly suffix: Uint8Array;
  /** 16 lower-case hexadecimal digits. */
  readonly issuerKeyId: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** The ids of hash algorithms in RFC 9580 section 9.5. */
const HASHES = new Map<number, 'sha256' | 'sha512'>([
  [8, 'sha256'],
  [10, 'sha512'],
]);
const BINARY_DOCUMENT = 0x00;
const ARMOR_HEAD = '-----BEGIN PGP SIGNATURE-----';

/** Returns the signature in the bytes of a `.sig`. Flatcar publishes binary ones; armored ones are read as gpg does. */
export async function readDetachedSignature(bytes: Uint8Array): Promise<Result<DetachedSignature, SignatureFault>> {
  const binary = await removeArmor(bytes);
  if (!binary.ok) return binary;
  const framing = requireOneSignaturePacket(binary.value);
  if (!framing.ok) return framing;
  const signature = await readPackets(binary.value);
  const [packet, ...others] = signature?.packets ?? [];
  if (signature === undefined || packet === undefined || others.length > 0) {
    return err({ reason: 'signature-malformed', detail: 'unreadable packet' });
  }
  return check(signature, packet);
}

function check(signature: Signature, packet: SignaturePacket): Result<DetachedSignature, SignatureFault> {
  const { version, hashAlgorithm, created } = packet;
  // A packet of another version may lack fields that the type definitions of openpgp.js promise.
  const signatureType: number | null = packet.signatureType;
  if (version !== 4) return err({ reason: 'signature-version', version });
  if (signatureType !== BINARY_DOCUMENT) return err({ reason: 'signature-type', type: signatureType ?? -1 });
  const hashName = HASHES.get(hashAlgorithm ?? -1);
  if (hashName === undefined) return err({ reason: 'weak-hash', algorithm: hashAlgorithm ?? -1 });
  const signed = packet.signatureData;
  if (signed === null || created === null) {
    return err({ reason: 'signature-malformed', detail: 'no creation date' });
  }
  return ok({
    signature,
    packet,
    hashName,
    suffix: withTrailer(signed),
    issuerKeyId: packet.issuerKeyID.toHex(),
    created: created.getTime(),
  });
}

/** Adds the trailer of RFC 9580 section 5.2.4: the version, 0xFF, and the length of the hashed data in four octets. */
function withTrailer(signed: Uint8Array): Uint8Array {
  const suffix = new Uint8Array(signed.length + 6);
  suffix.set(signed);
  suffix.set([4, 0xff], signed.length);
  new DataView(suffix.buffer).setUint32(signed.length + 2, signed.length);
  return suffix;
}

async function removeArmor(bytes: Uint8Array): Promise<Result<Uint8Array, SignatureFault>> {
  const head = new TextDecoder().decode(bytes.subarray(0, ARMOR_HEAD.length));
  if (head !== ARMOR_HEAD) return ok(bytes);
  try {
    const { unarmor } = await openpgp();
    const { data } = await unarmor(new TextDecoder().decode(bytes));
    return data instanceof Uint8Array ? ok(data) : err({ reason: 'signature-malformed', detail: 'armor' });
  } catch {
    return err({ reason: 'signature-malformed', detail: 'armor' });
  }
}

async function readPackets(binarySignature: Uint8Array): Promise<Signature | undefined> {
  try {
    const { readSignature } = await openpgp();
    return await readSignature({ binarySignature });
  } catch {
    return undefined;
  }
}
