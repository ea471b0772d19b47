/** A key file of very many packets is refused before anything reads them. */
import { readKey } from 'openpgp';
import { expect, it } from 'vitest';
import { readKeyring } from '../../src/signing/keyring.ts';
import { packetCount } from '../../src/signing/packet-count.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';

const bytes = (...octets: number[]) => Uint8Array.from(octets);
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** RFC 9580 sections 4.2.1 and 4.2.2. */
it.each([
  ['the new form, one octet of length', bytes(0xcd, 1, 97), 1],
  ['two octets', joined(bytes(0xcd, 192, 8), new Uint8Array(200)), 1],
  ['five octets', joined(bytes(0xcd, 255, 0, 0, 0, 3), new Uint8Array(3)), 1],
  ['a body in parts', joined(bytes(0xcd, 0xe1, 1, 2), bytes(0xe0, 3), bytes(1, 4)), 1],
  ['the old form, one octet', bytes(0xb4, 1, 97), 1],
  ['two octets, old', joined(bytes(0xb5, 0, 3), new Uint8Array(3)), 1],
  ['four octets, old', joined(bytes(0xb6, 0, 0, 0, 3), new Uint8Array(3)), 1],
  ['a length that is not told', bytes(0xb7, 1, 2, 3, 4), 1],
  ['two packets', bytes(0xcd, 1, 97, 0xb4, 1, 97), 2],
  ['an empty packet', bytes(0xcd, 0, 0xcd, 0), 2],
  ['no packet', bytes(0x20, 1, 2), 1],
  ['a length past the end', bytes(0xcd, 9, 1), 1],
  ['nothing', bytes(), 0],
] as const)('counts %s', (_what, data, count) => {
  expect(packetCount(data, 100)).toBe(count);
});

it('counts what openpgp counts in a genuine key', async () => {
  const key = (await makeSigningKey()).toPublic();
  expect(packetCount(key.write(), 100)).toBe(key.toPacketList().length);
  expect((await readKey({ binaryKey: key.write() })).toPacketList().length).toBe(key.toPacketList().length);
});

it('refuses half a megabyte of small packets behind a genuine key', async () => {
  const own = (await makeSigningKey()).toPublic().write();
  const flood = Uint8Array.from({ length: 3 * 170_000 }, (_, at) => [0xcd, 1, 97][at % 3] ?? 0);
  expect((await readKeyring(joined(own, flood))).ok).toBe(false);
  expect((await readKeyring(own)).ok).toBe(true);
});
