/**
 * Takes out of keys what their own primary has signed. The rest is the word of whoever handed out the file: strangers'
 * bindings, revocations and certifications, broken signatures, subkeys without a binding, pictures. No I/O, no clock.
 */
import type { PublicKey, SignaturePacket } from 'openpgp';
import { sameBytes, toHex } from '../shared/bytes.ts';
import type { Keyring } from './keyring.ts';
import { type Component, keyOf, mergeKeyrings } from './merge-keyrings.ts';
import {
  bytesOf,
  canonicalForm,
  certification,
  certificationRevocation,
  claimsToBe,
  directKey,
  isGenuine,
  keyRevocation,
  type Statement,
  subkeyBinding,
  subkeyRevocation,
} from './self-signature.ts';

const NONE = new Uint8Array();

/** Signatures that claim to make one statement, and where those go that do. */
interface Lane {
  readonly key: PublicKey;
  readonly statement: Statement;
  readonly candidates: SignaturePacket[];
  readonly genuine: SignaturePacket[];
}

interface Part {
  readonly key: PublicKey;
  readonly components: readonly Component[];
  readonly lanes: readonly Lane[];
}

/**
 * Returns the keys of `keyring` with their genuine signatures, and with those user ids and subkeys that have one. Keys
 * without any are left out. It verifies at most `mostLookedAt` signatures, each in its turn: first one of each kind of
 * each user id and subkey, then the next, so that a flood of one kind hides no other.
 */
export async function genuinePart(keyring: Keyring, mostLookedAt = Number.POSITIVE_INFINITY): Promise<Keyring> {
  const parts = keyring.keys.map(readPart);
  await verifyInTurns(
    parts.flatMap(({ lanes }) => lanes),
    mostLookedAt,
  );
  const vouched = parts.filter(({ lanes }) => lanes.some(({ genuine }) => genuine.length > 0));
  const keys = await Promise.all(vouched.map(({ components }) => keyOf(components)));
  // A file may name the same key in several blocks, and the same subkey several times in a block.
  return await mergeKeyrings({ keys: [] }, { keys });
}

async function verifyInTurns(lanes: readonly Lane[], mostLookedAt: number): Promise<void> {
  let left = mostLookedAt;
  const longest = lanes.reduce((length, { candidates }) => Math.max(length, candidates.length), 0);
  for (let turn = 0; turn < longest && left > 0; turn += 1) {
    for (const { key, statement, candidates, genuine } of lanes) {
      const candidate = candidates[turn];
      if (candidate === undefined || left <= 0) continue;
      // Of a genuine signature anybody can make more spellings; one of them is enough.
      if (genuine.some((known) => sameBytes(known.signatureData ?? NONE, candidate.signatureData ?? NONE))) continue;
      left -= 1;
      if (await isGenuine(candidate, key, statement)) genuine.push(canonicalForm(candidate, key, statement));
    }
  }
}

function readPart(key: PublicKey): Part {
  const lanes: Lane[] = [];
  const lane = (statement: Statement, packets: readonly SignaturePacket[]): SignaturePacket[] => {
    const claiming = packets.filter((packet) => claimsToBe(packet, key, statement));
    const candidates = [...new Map(claiming.map((packet) => [toHex(bytesOf(packet)), packet])).values()];
    const genuine: SignaturePacket[] = [];
    if (candidates.length > 0) lanes.push({ key, statement, candidates, genuine });
    return genuine;
  };
  const components: Component[] = [
    {
      packet: key.keyPacket as Component['packet'],
      revocations: lane(keyRevocation(key), key.revocationSignatures),
      others: lane(directKey(key), directSignaturesOf(key)),
    },
  ];
  for (const subkey of key.subkeys) {
    components.push({
      packet: subkey.keyPacket as Component['packet'],
      revocations: lane(subkeyRevocation(key, subkey), subkey.revocationSignatures),
      others: lane(subkeyBinding(key, subkey), subkey.bindingSignatures),
    });
  }
  for (const user of key.users) {
    if (user.userID === null) continue;
    components.push({
      packet: user.userID,
      revocations: lane(certificationRevocation(key, user), user.revocationSignatures),
      others: lane(certification(key, user), user.selfCertifications),
    });
  }
  return { key, components, lanes };
}

/** The published types of openpgp.js lack this field. */
const directSignaturesOf = (key: PublicKey): readonly SignaturePacket[] =>
  (key as unknown as { directSignatures: readonly SignaturePacket[] }).directSignatures;
