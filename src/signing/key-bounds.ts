/**
 * Bounds what is kept of a key, and with it what every later verification costs. All of it is genuine, so what is
 * dropped at a bound has lost against the owner's own later word, never against a stranger's. No I/O, no clock.
 */
import type { PublicSubkeyPacket, SignaturePacket } from 'openpgp';
import { toHex } from '../shared/bytes.ts';
import type { Component } from './merge-keyrings.ts';
import { PACKET, tagOf } from './openpgp-numbers.ts';
import { isHard } from './revocation.ts';
import { bytesOf } from './self-signature.ts';

/** Flatcar's key has nine subkeys in 2026, one user id, and one binding and at most one revocation each. */
const MOST_SUBKEYS = 64;
const MOST_USER_IDS = 8;
const MOST_REVOCATIONS = 8;
const MOST_OTHERS = 16;
/** Ten times Flatcar's key in 2026. */
const MOST_BYTES = 256 * 1024;

/**
 * Returns `components` in a fixed order and within the bounds. Of the revocations of a component the hard ones come
 * first, then the oldest, which says most; of its other signatures the newest; of subkeys those that are revoked, then
 * the newest. Over the bound in bytes the oldest bindings and certifications go that have a newer one beside them.
 */
export function withinBounds(components: readonly Component[]): Component[] {
  const trimmed = components.map(({ packet, revocations, others }) => ({
    packet,
    revocations: [...revocations].sort(hardFirst).slice(0, MOST_REVOCATIONS),
    others: [...others].sort(newestFirst).slice(0, MOST_OTHERS),
  }));
  const subkeys = trimmed.filter(({ packet }) => isSubkey(packet));
  const users = trimmed.filter(({ packet }) => tagOf(packet) === PACKET.userId);
  const primary = trimmed.filter((component) => !subkeys.includes(component) && !users.includes(component));
  return withinBytes([
    ...primary,
    ...users.sort(byNewestSignature).slice(0, MOST_USER_IDS),
    ...subkeys.sort(revokedFirst).slice(0, MOST_SUBKEYS).sort(oldestKeyFirst),
  ]);
}

interface Trimmed extends Component {
  readonly others: SignaturePacket[];
}

function withinBytes(components: readonly Trimmed[]): Component[] {
  const sizeOf = ({ packet, revocations, others }: Component) =>
    [packet, ...revocations, ...others].reduce((sum, part) => sum + bytesOf(part).length, 0);
  let bytes = components.reduce((sum, component) => sum + sizeOf(component), 0);
  while (bytes > MOST_BYTES) {
    const superseded = components.filter(({ others }) => others.length > 1);
    const [oldest] = superseded.sort((a, b) => created(a.others.at(-1)) - created(b.others.at(-1)));
    const dropped = oldest?.others.pop();
    if (dropped === undefined) break;
    bytes -= bytesOf(dropped).length;
  }
  return [...components];
}

type Order<T> = (a: T, b: T) => number;

const created = (packet: SignaturePacket | undefined): number => packet?.created?.getTime() ?? 0;
const byBytes: Order<{ write(): unknown }> = (a, b) => (toHex(bytesOf(a)) < toHex(bytesOf(b)) ? -1 : 1);
const newestFirst: Order<SignaturePacket> = (a, b) => created(b) - created(a) || byBytes(a, b);
const hardFirst: Order<SignaturePacket> = (a, b) =>
  Number(isHard(b)) - Number(isHard(a)) || created(a) - created(b) || byBytes(a, b);
const byNewestSignature: Order<Component> = (a, b) =>
  created(b.others[0]) - created(a.others[0]) || byBytes(a.packet, b.packet);
const oldestKeyFirst: Order<Component> = (a, b) =>
  keyCreated(a.packet) - keyCreated(b.packet) || byBytes(a.packet, b.packet);
const isSubkey = (packet: Component['packet']): packet is PublicSubkeyPacket => tagOf(packet) === PACKET.publicSubkey;
const keyCreated = (packet: Component['packet']): number => (isSubkey(packet) ? packet.created.getTime() : 0);
const isCompromised = ({ revocations }: Component): boolean => revocations.some(isHard);
const revokedFirst: Order<Component> = (a, b) =>
  Number(isCompromised(b)) - Number(isCompromised(a)) ||
  Number(b.revocations.length > 0) - Number(a.revocations.length > 0) ||
  byNewestSignature(a, b);
