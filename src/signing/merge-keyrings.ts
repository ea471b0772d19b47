/**
 * Merging keyrings so that nothing once seen is lost: neither a revocation nor an older binding signature, by which
 * signatures of its time are judged. (openpgp.js's own `update` replaces older bindings.) No I/O.
 */
import { enums, PacketList, PublicKey, type SignaturePacket } from 'openpgp';
import { concatBytes, toHex } from '../shared/bytes.ts';
import { fingerprintOf, type Keyring } from './keyring.ts';

type KeyPackets = ReturnType<PublicKey['toPacketList']>;
type KeyPacket = KeyPackets[number];

/** A key, user id or subkey packet with the signatures that belong to it. */
interface Component {
  readonly packet: KeyPacket;
  readonly signatures: Map<string, SignaturePacket>;
}

/** Every key of `kept` with all that `fetched` adds to it, and keys that only `fetched` has. */
export function mergeKeyrings(kept: Keyring, fetched: Keyring): Keyring {
  const merged = new Map(kept.keys.map((key) => [fingerprintOf(key), key]));
  for (const key of fetched.keys) {
    const known = merged.get(fingerprintOf(key));
    merged.set(fingerprintOf(key), known === undefined ? key : mergeKeys(known, key));
  }
  return { keys: [...merged.values()] };
}

/** True when both hold the same packets. */
export function sameKeyring(a: Keyring, b: Keyring): boolean {
  const print = (keyring: Keyring) =>
    keyring.keys
      .map((key) => toHex(key.write()))
      .sort()
      .join();
  return print(a) === print(b);
}

function mergeKeys(kept: PublicKey, fetched: PublicKey): PublicKey {
  const components = readComponents(kept);
  for (const [id, component] of readComponents(fetched)) {
    const known = components.get(id);
    if (known === undefined) components.set(id, component);
    else for (const [print, signature] of component.signatures) known.signatures.set(print, signature);
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

/** RFC 9580 section 10.1: the primary key first, then user ids, then subkeys. */
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
