/** What a key loses at the bounds: never a revocation that counts for every date, never the binding in use. */
import { enums, type PrivateKey, type PublicKey, readKey, type SignaturePacket } from 'openpgp';
import { beforeAll, expect, it } from 'vitest';
import { genuinePart } from '../../src/signing/genuine-part.ts';
import { fingerprintOf, type Keyring } from '../../src/signing/keyring.ts';
import { mergeKeyrings, sameKeyring } from '../../src/signing/merge-keyrings.ts';
import { isCompromised } from '../../src/signing/signer.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { over, signedBy, type Wish } from '../support/hostile-keys.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const at = (days: number) => new Date(NOW + days * DAY);
const { subkeyBinding, subkeyRevocation } = enums.signature;

let owner: PrivateKey;
beforeAll(async () => {
  owner = await makeSigningKey({ created: at(-400) });
});

const copy = () => readKey({ armoredKey: owner.toPublic().armor() });
const made = async (count: number, wish: (index: number) => Omit<Wish, 'data'>) => {
  const key = await copy();
  const [subkey] = key.subkeys;
  const backSignature = subkey?.bindingSignatures[0]?.embeddedSignature ?? null;
  return await Promise.all(
    Array.from({ length: count }, (_, index) =>
      signedBy(owner, { backSignature, data: over(key, subkey), ...wish(index) }),
    ),
  );
};
const ringWith = async (change: (subkey: PublicKey['subkeys'][number]) => void): Promise<Keyring> => {
  const key = await copy();
  for (const subkey of key.subkeys) change(subkey);
  return await genuinePart({ keys: [key] });
};
const dates = (packets: readonly SignaturePacket[] = []) =>
  packets.map(({ created }) => ((created?.getTime() ?? 0) - NOW) / DAY);

it('of 20 revocations "superseded" and a "compromised" among them, the latter is first and the oldest follow', async () => {
  const soft = await made(20, (index) => ({
    type: subkeyRevocation,
    date: at(-index - 1),
    reason: enums.reasonForRevocation.keySuperseded,
    backSignature: null,
  }));
  const hard = await made(1, () => ({
    type: subkeyRevocation,
    date: at(-5),
    reason: enums.reasonForRevocation.keyCompromised,
    backSignature: null,
  }));
  const first = await ringWith((subkey) => {
    subkey.revocationSignatures = soft;
  });
  const merged = await mergeKeyrings(
    first,
    await ringWith((subkey) => {
      subkey.revocationSignatures = hard;
    }),
  );
  const [subkey] = merged.keys[0]?.subkeys ?? [];
  expect(dates(subkey?.revocationSignatures)).toEqual([-5, -20, -19, -18, -17, -16, -15, -14]);
  expect(subkey && (await isCompromised(merged, fingerprintOf(subkey)))).toBe(true);
  expect(sameKeyring(await mergeKeyrings(merged, first), merged)).toBe(true);
});

it('of 30 bindings the 16 newest stay, in whatever order they come', async () => {
  const bindings = await made(30, (index) => ({ type: subkeyBinding, date: at(-index - 1) }));
  for (const order of [bindings, bindings.toReversed()]) {
    const keyring = await ringWith((subkey) => {
      subkey.bindingSignatures = order;
    });
    const kept = dates(keyring.keys[0]?.subkeys[0]?.bindingSignatures);
    expect(kept).toEqual(Array.from({ length: 16 }, (_, index) => -index - 1));
  }
});

it('a signature of more than 8 KiB is not kept, genuine or not', async () => {
  const long = await made(1, () => ({ type: subkeyBinding, date: at(-1), notationBytes: 9000 }));
  const keyring = await ringWith((subkey) => void subkey.bindingSignatures.push(...long));
  expect(keyring.keys[0]?.subkeys[0]?.bindingSignatures).toHaveLength(1);
});

it('over 256 KiB the oldest bindings go that have a newer one beside them', async () => {
  let grown = owner;
  for (let count = 0; count < 2; count += 1)
    grown = (await grown.addSubkey({ type: 'rsa', rsaBits: 2048, sign: true, date: at(-300) })) as PrivateKey;
  const key = await readKey({ armoredKey: grown.toPublic().armor() });
  for (const subkey of key.subkeys) {
    const backSignature = subkey.bindingSignatures[0]?.embeddedSignature ?? null;
    const wish = { type: subkeyBinding, data: over(key, subkey), backSignature, notationBytes: 7000 };
    for (let day = 1; day <= 16; day += 1)
      subkey.bindingSignatures.push(await signedBy(owner, { ...wish, date: at(-day) }));
  }
  const keyring = await genuinePart({ keys: [key] });
  const bytes = keyring.keys[0]?.write().length ?? 0;
  expect(bytes).toBeGreaterThan(240 * 1024);
  expect(bytes).toBeLessThanOrEqual(260 * 1024);
  for (const subkey of keyring.keys[0]?.subkeys ?? []) {
    expect(dates(subkey.bindingSignatures)[0]).toBe(-1);
    expect(dates(subkey.bindingSignatures).at(-1)).toBeGreaterThan(-16);
  }
});
