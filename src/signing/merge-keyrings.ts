/**
 * Merges keyrings that consist of genuine signatures: no revocation may get lost, and old binding signatures are needed
 * to verify signatures of their time. `update` of openpgp.js is of no use, as it replaces old binding signatures. No I/O.
 */
import type { PublicKey, SignaturePacket } from 'openpgp';
import { toHex } from '../shared/bytes.ts';
import { withinBounds } from './key-bounds.ts';
import { fingerprintOf, type Keyring } from './keyring.ts';
import { openpgp } from './openpgp.ts';
import { PACKET, SIGNATURE, tagOf } from './openpgp-numbers.ts';
import { bytesOf } from './self-signature.ts';

type KeyPacket = ReturnType<PublicKey['toPacketList']>[number];

/** A primary key, user id or subkey with the primary's signatures about it. */
export interface Component {
  readonly packet: KeyPacket;
  readonly revocations: readonly SignaturePacket[];
  /** Direct-key signatures, certifications or bindings. */
  readonly others: readonly SignaturePacket[];
}

/** Returns all keys of both keyrings. A key that both have gets the packets of both, in the same order always. */
export async function mergeKeyrings(kept: Keyring, fetched: Keyring): Promise<Keyring> {
  const merged = new Map<string, PublicKey>();
  for (const key of [...kept.keys, ...fetched.keys]) {
    const before = merged.get(fingerprintOf(key));
    merged.set(fingerprintOf(key), await keyOf(union(before === undefined ? [key] : [before, key])));
  }
  return { keys: [...merged.values()] };
}

/** True when both keyrings consist of the same bytes, in any order of their keys. */
export function sameKeyring(a: Keyring, b: Keyring): boolean {
  const sortedBytes = (keyring: Keyring) =>
    keyring.keys
      .map((key) => toHex(key.write()))
      .sort()
      .join();
  return sortedBytes(a) === sortedBytes(b);
}

/** Returns the key that consists of `components` as far as they have signatures; the primary key needs none. */
export async function keyOf(components: readonly Component[]): Promise<PublicKey> {
  const { PacketList, PublicKey } = await openpgp();
  const packets = new PacketList<KeyPacket>();
  const signed = components.filter(
    ({ packet, revocations, others }) => rank(packet) === 0 || revocations.length + others.length > 0,
  );
  const ordered = signed.sort((a, b) => rank(a.packet) - rank(b.packet));
  for (const { packet, revocations, others } of ordered) packets.push(packet, ...revocations, ...others);
  return new PublicKey(packets);
}

function union(keys: readonly PublicKey[]): Component[] {
  const merged = new Map<string, Component>();
  for (const component of keys.flatMap(componentsOf)) {
    const id = `${tagOf(component.packet)} ${toHex(bytesOf(component.packet))}`;
    const before = merged.get(id);
    merged.set(id, {
      packet: component.packet,
      revocations: distinct([...(before?.revocations ?? []), ...component.revocations]),
      others: distinct([...(before?.others ?? []), ...component.others]),
    });
  }
  return withinBounds([...merged.values()]);
}

/** Keeps one packet of those that sign the same: what is signed is the hashed part. */
function distinct(packets: readonly SignaturePacket[]): SignaturePacket[] {
  const kept = new Map<string, SignaturePacket>();
  for (const packet of packets) {
    const signed = toHex(packet.signatureData ?? new Uint8Array());
    const before = kept.get(signed);
    if (before === undefined || toHex(bytesOf(packet)) < toHex(bytesOf(before))) kept.set(signed, packet);
  }
  return [...kept.values()];
}

function componentsOf(key: PublicKey): Component[] {
  const components: { packet: KeyPacket; revocations: SignaturePacket[]; others: SignaturePacket[] }[] = [];
  for (const packet of key.toPacketList()) {
    if (!isSignature(packet)) components.push({ packet, revocations: [], others: [] });
    else if (isRevocation(packet)) components.at(-1)?.revocations.push(packet);
    else components.at(-1)?.others.push(packet);
  }
  return components;
}

const isSignature = (packet: KeyPacket): packet is SignaturePacket => tagOf(packet) === PACKET.signature;

const { keyRevocation, subkeyRevocation, certRevocation } = SIGNATURE;
const isRevocation = ({ signatureType }: SignaturePacket): boolean =>
  signatureType === keyRevocation || signatureType === subkeyRevocation || signatureType === certRevocation;

/** The order of RFC 9580 section 10.1: first the primary key, then user ids, then subkeys. */
function rank(packet: KeyPacket): number {
  const tag = tagOf(packet);
  if (tag === PACKET.publicKey) return 0;
  return tag === PACKET.publicSubkey ? 2 : 1;
}
