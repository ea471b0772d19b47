/**
 * Tells whether a key was revoked by its own primary. `isRevoked` of openpgp.js is of no use for that: it leaves out
 * revocations whose issuer is not that of the binding that it is given, and a key file may begin with a stranger's
 * binding. Here the revocations themselves are verified, whatever else stands beside them. No I/O, no clock.
 */
import type { PublicKey, SignaturePacket, Subkey } from 'openpgp';
import { SOFT_REASONS } from './openpgp-numbers.ts';
import { isGenuine, keyRevocation, subkeyRevocation } from './self-signature.ts';

const SOFT: ReadonlySet<number | null> = new Set(Object.values(SOFT_REASONS));

/** True for a revocation that counts for every date: "compromised", or no reason (RFC 9580 section 5.2.3.31). */
export const isHard = ({ reasonForRevocationFlag }: SignaturePacket): boolean => !SOFT.has(reasonForRevocationFlag);

/** True when `key` or, if given, its `subkey` was revoked as compromised. A subkey is so together with its primary. */
export async function isCompromisedIn(key: PublicKey, subkey?: Subkey): Promise<boolean> {
  return (await genuineRevocations(key, subkey, isHard)).length > 0;
}

/** True when `key`, or its `subkey` if given, is revoked for signatures of the date `at`, in milliseconds. */
export async function isRevokedAt(at: number, key: PublicKey, subkey?: Subkey): Promise<boolean> {
  const counts = (packet: SignaturePacket) => isHard(packet) || (packet.created?.getTime() ?? 0) <= at;
  return (await genuineRevocations(key, subkey, counts)).length > 0;
}

async function genuineRevocations(
  key: PublicKey,
  subkey: Subkey | undefined,
  counts: (packet: SignaturePacket) => boolean,
): Promise<SignaturePacket[]> {
  const found: SignaturePacket[] = [];
  const look = async (packets: readonly SignaturePacket[], statement: Parameters<typeof isGenuine>[2]) => {
    for (const packet of packets.filter(counts)) if (await isGenuine(packet, key, statement)) found.push(packet);
  };
  await look(key.revocationSignatures, keyRevocation(key));
  if (subkey !== undefined) await look(subkey.revocationSignatures, subkeyRevocation(key, subkey));
  return found;
}
