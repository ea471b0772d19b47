/**
 * Verifies the signatures by which a primary key speaks of its own parts: of itself, of its user ids and of its subkeys
 * (RFC 9580 section 5.2.1). Whoever hands out a key file can add any other packet, so nothing else counts. No I/O.
 */
import type { enums, PublicKey, SignaturePacket, Subkey, User } from 'openpgp';
import { SIGNATURE } from './openpgp-numbers.ts';

type AnyKeyPacket = PublicKey['keyPacket'] | Subkey['keyPacket'];

/** What a self-signature is about, and how it says so. */
export interface Statement {
  readonly types: readonly enums.signature[];
  /** The data as openpgp.js puts it together. */
  readonly data: object;
  /** The subkey that has to sign back, where the statement lets it sign (RFC 9580 section 5.2.1.8). */
  readonly subkey?: Subkey;
}

/** Types of subpackets (RFC 9580 section 5.2.3.7). */
const ISSUER = 16;
const EMBEDDED_SIGNATURE = 32;
const ISSUER_FINGERPRINT = 33;
const SIGNING_FLAG = 0x02;
const SIGNATURE_VERSION = 4;
/** A binding of a signing subkey of RSA-8192 has 2.3 KB with its back-signature. */
const LIMIT_BYTES = 8 * 1024;

export const keyRevocation = (key: PublicKey): Statement => ({
  types: [SIGNATURE.keyRevocation],
  data: { key: key.keyPacket },
});

export const directKey = (key: PublicKey): Statement => ({ types: [SIGNATURE.key], data: { key: key.keyPacket } });

export const certification = (key: PublicKey, user: User): Statement => ({
  types: [SIGNATURE.certGeneric, SIGNATURE.certPersona, SIGNATURE.certCasual, SIGNATURE.certPositive],
  data: { key: key.keyPacket, userID: user.userID },
});

export const certificationRevocation = (key: PublicKey, user: User): Statement => ({
  types: [SIGNATURE.certRevocation],
  data: { key: key.keyPacket, userID: user.userID },
});

export const subkeyBinding = (key: PublicKey, subkey: Subkey): Statement => ({
  types: [SIGNATURE.subkeyBinding],
  data: { key: key.keyPacket, bind: subkey.keyPacket },
  subkey,
});

export const subkeyRevocation = (key: PublicKey, subkey: Subkey): Statement => ({
  types: [SIGNATURE.subkeyRevocation],
  data: { key: key.keyPacket, bind: subkey.keyPacket },
});

/**
 * True when `packet` may be a signature of the primary of `key` that makes `statement`, as far as it can be told
 * without mathematics. Whoever made the packet can write any issuer into it.
 */
export function claimsToBe(packet: SignaturePacket, key: PublicKey, { types }: Statement): boolean {
  return (
    packet.version === SIGNATURE_VERSION &&
    types.some((type) => type === packet.signatureType) &&
    packet.issuerKeyID.equals(key.getKeyID()) &&
    packet.publicKeyAlgorithm === key.keyPacket.algorithm &&
    bytesOf(packet).length <= LIMIT_BYTES
  );
}

/** True when the primary of `key` has made `packet` over `statement`. Dates are not looked at. */
export async function isGenuine(packet: SignaturePacket, key: PublicKey, statement: Statement): Promise<boolean> {
  if (!claimsToBe(packet, key, statement)) return false;
  const [type] = statement.types;
  if (type === undefined || !(await verifies(packet, key.keyPacket, type, statement.data))) return false;
  if (statement.subkey === undefined || !letsSign(packet)) return true;
  const back = packet.embeddedSignature;
  if (back === null || back.version !== SIGNATURE_VERSION || back.signatureType !== SIGNATURE.keyBinding) return false;
  return await verifies(back, statement.subkey.keyPacket, SIGNATURE.keyBinding, statement.data);
}

/**
 * Returns the form in which a genuine signature is kept. Its unhashed subpackets are not signed, so anybody can make
 * thousands of genuine packets out of one by changing them; what stays of them is the issuer and the back-signature.
 */
export function canonicalForm(packet: SignaturePacket, key: PublicKey, { subkey }: Statement): SignaturePacket {
  const unhashed = issuersOf(packet, key);
  const back = packet.embeddedSignature;
  if (subkey !== undefined && back !== null && packet.unhashedSubpackets.some(isBackSignature)) {
    const body = bytesOf(withUnhashed(back, issuersOf(back, subkey)));
    unhashed.push({ type: EMBEDDED_SIGNATURE, critical: false, body });
  }
  return withUnhashed(packet, unhashed);
}

/** Returns the body of a packet (RFC 9580 section 5). */
export const bytesOf = (packet: { write(): unknown }): Uint8Array => {
  const body = packet.write();
  if (body instanceof Uint8Array) return body;
  throw new Error('a packet of a key is not a stream');
};

/** As openpgp.js sees it: a binding without flags lets its subkey sign. */
export const letsSign = ({ keyFlags }: SignaturePacket): boolean =>
  keyFlags === null || ((keyFlags[0] ?? 0) & SIGNING_FLAG) !== 0;

type Unhashed = SignaturePacket['unhashedSubpackets'];

const isBackSignature = ({ type }: Unhashed[number]): boolean => type === EMBEDDED_SIGNATURE;

/** The issuer, where the part that is not signed names it: gpg writes it there, openpgp.js into the signed part. */
function issuersOf(packet: SignaturePacket, key: PublicKey | Subkey): Unhashed {
  if (!packet.unhashedSubpackets.some(({ type }) => type === ISSUER || type === ISSUER_FINGERPRINT)) return [];
  const body = Uint8Array.from(key.getKeyID().toHex().match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
  return [{ type: ISSUER, critical: false, body }];
}

/** A packet of the same class: each has one constructor, which takes nothing. */
const withUnhashed = (packet: SignaturePacket, unhashedSubpackets: Unhashed): SignaturePacket =>
  Object.assign(new (packet.constructor as new () => SignaturePacket)(), packet, { unhashedSubpackets });

/** The published types of openpgp.js lack that a date of `null` leaves dates out of account. */
type Verify = (key: AnyKeyPacket, type: enums.signature, data: object, date: null) => Promise<void>;

async function verifies(
  packet: SignaturePacket,
  key: AnyKeyPacket,
  type: enums.signature,
  data: object,
): Promise<boolean> {
  return await (packet.verify as unknown as Verify).call(packet, key, type, data, null).then(
    () => true,
    () => false,
  );
}
