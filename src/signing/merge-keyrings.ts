/**
 * Merges keyrings and keeps every packet: no revocation may get lost, and old binding signatures are needed to verify
 * signatures of their time. `update` of openpgp.js is of no use, as it replaces old binding signatures. No I/O.
 */
import { enums, PacketList, PublicKey, type SignaturePacket } from 'openpgp';
import { concatBytes, toHex } from '../shared/bytes.ts';
import { fingerprintOf, type Keyring } from './keyring.ts';

type KeyPackets = ReturnType<PublicKey['toPacketList']>;
type KeyPacket = KeyPackets[number];

/** A key, user id or subkey packet with the signatures that belong to it. */
interface Component {
  readonly packet: KeyPacket;
  /** By the hexadecimal of their bytes, so that each one is kept once. */
  readonly signatures: Map<string, SignaturePacket>;
}

/** Returns all keys of both keyrings. A key that both have gets the packets of both. */
export function mergeKeyrings(kept: Keyring, fetched: Keyring): Keyring {
  const merged = new Map(kept.keys.map((key) => [fingerprintOf(key), key]));
  for (const key of fetched.keys) {
    const keptKey = merged.get(fingerprintOf(key));
    merged.set(fingerprintOf(key), keptKey === undefined ? key : mergeKeys(keptKey, key));
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

function mergeKeys(kept: PublicKey, fetched: PublicKey): PublicKey {
  const components = readComponents(kept);
  for (const [id, component] of readComponents(fetched)) {
    const keptComponent = components.get(id);
    if (keptComponent === undefined) components.set(id, component);
    else for (const [hex, signature] of component.signatures) keptComponent.signatures.set(hex, signature);
  }
  const ordered = [...components.values()].sort((a, b) => rank(a.packet) - rank(b.packet));
  const packets = new PacketList<KeyPacket>();
  for (const { packet, signatures } of ordered) packets.push(packet, ...signatures.values());
  return new PublicKey(packets);
}

function readComponents(key: PublicKey): Map<string, Component> {
  const components = new Map<string, Component>();
  let current: Component | undefined;
  for (const packet of key.toPacketList()) {
    if (isSignature(packet)) {
      current?.signatures.set(toHex(bytesOf(packet)), packet);
      continue;
    }
    current = { packet, signatures: new Map() };
    components.set(`${tagOf(packet)} ${toHex(bytesOf(packet))}`, current);
  }
  return components;
}

const isSignature = (packet: KeyPacket): packet is SignaturePacket => tagOf(packet) === enums.packet.signature;

/** The order of RFC 9580 section 10.1: first the primary key, then user ids, then subkeys. */
function rank(packet: KeyPacket): number {
  const tag = tagOf(packet);
  if (tag === enums.packet.publicKey) return 0;
  return tag === enums.packet.publicSubkey ? 2 : 1;
}

function bytesOf(packet: KeyPacket): Uint8Array {
  const single = new PacketList<KeyPacket>();
  single.push(packet);
  return concatBytes([single.write()]);
}

const tagOf = (packet: KeyPacket): number => (packet.constructor as unknown as { tag: number }).tag;
