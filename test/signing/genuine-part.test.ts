/** What a key file may say of a pinned key: what its primary has signed, whatever stands beside it and in whatever order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enums, type PrivateKey, type PublicKey, readKey, type SignaturePacket, type Subkey } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDetachedSignature } from '../../src/signing/detached-signature.ts';
import { genuinePart } from '../../src/signing/genuine-part.ts';
import {
  armorKeyring,
  fingerprintOf,
  type Keyring,
  lastingSigningKey,
  readKeyring,
} from '../../src/signing/keyring.ts';
import { mergeKeyrings, sameKeyring } from '../../src/signing/merge-keyrings.ts';
import { compromisedKeys, isCompromised } from '../../src/signing/signer.ts';
import { verifyBytes } from '../../src/signing/verification.ts';
import { detachSign, makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { readGenuineFixtures } from '../support/genuine-fixtures.ts';
import { brokenOnes, makeStranger, over, signedBy, withIssuer, withNotation } from '../support/hostile-keys.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const at = (days: number) => new Date(NOW + days * DAY);
const data = new TextEncoder().encode('FLATCAR_VERSION=4593.2.5\n');
const { subkeyBinding, subkeyRevocation, keyRevocation, certGeneric } = enums.signature;
const { keyCompromised, keySuperseded, noReason } = enums.reasonForRevocation;

let owner: PrivateKey;
/** RSA as the owner's, so that it is mathematics that tells them apart. */
let stranger: PrivateKey;
let signature: Uint8Array;
let clean: Keyring;
beforeAll(async () => {
  owner = await makeSigningKey({ created: at(-400) });
  stranger = await makeSigningKey({ created: at(-400), name: 'A Stranger' });
  signature = await detachSign(owner, data, at(-100));
  clean = await genuinePart({ keys: [await copy()] });
});

const copy = (from: PrivateKey = owner) => readKey({ armoredKey: from.toPublic().armor() });
const only = (key: PublicKey): Subkey => {
  const [subkey, ...others] = key.subkeys;
  if (subkey === undefined || others.length > 0) throw new Error(`${key.subkeys.length} subkeys`);
  return subkey;
};
const binding = (key: PublicKey): SignaturePacket => {
  const [packet] = only(key).bindingSignatures;
  if (packet === undefined) throw new Error('no binding');
  return packet;
};
const revocation = async (reason: enums.reasonForRevocation | undefined, date: Date, by = owner) => {
  const key = await copy();
  const wish = {
    type: subkeyRevocation,
    data: over(key, only(key)),
    date,
    ...(reason === undefined ? {} : { reason }),
  };
  return await signedBy(by, wish);
};
const rebinding = async (date: Date) => {
  const key = await copy();
  const backSignature = binding(key).embeddedSignature;
  return await signedBy(owner, { type: subkeyBinding, data: over(key, only(key)), date, backSignature });
};

/** The keyring as it comes out of a file that `change` was at. */
async function fetched(change: (key: PublicKey) => Promise<void> | void, mostLookedAt?: number): Promise<Keyring> {
  const key = await copy();
  await change(key);
  const read = await readKeyring(new TextEncoder().encode(key.armor()));
  if (!read.ok) throw new Error(read.error.reason);
  return await genuinePart(read.value, mostLookedAt);
}

async function judge(keyring: Keyring, bytes = signature): Promise<string> {
  const read = await readDetachedSignature(bytes);
  if (!read.ok) return read.error.reason;
  const verdict = await verifyBytes(keyring, read.value, data, NOW);
  return verdict.ok ? 'good' : verdict.error.reason;
}

/** How many signatures Web Crypto verifies during `work`. */
async function verifications(work: () => Promise<unknown>): Promise<number> {
  const { subtle } = crypto;
  const verify = subtle.verify.bind(subtle);
  let count = 0;
  const counting: typeof verify = async (...parameters) => {
    count += 1;
    return await verify(...parameters);
  };
  Object.defineProperty(subtle, 'verify', { value: counting, configurable: true });
  try {
    await work();
  } finally {
    Reflect.deleteProperty(subtle, 'verify');
  }
  return count;
}

describe("a stranger's packets", () => {
  it.each(['before', 'after'] as const)('%s the genuine ones leave the same keyring, byte for byte', async (place) => {
    const add = (packets: SignaturePacket[], packet: SignaturePacket) =>
      place === 'before' ? packets.unshift(packet) : packets.push(packet);
    const keyring = await fetched(async (key) => {
      const subkey = only(key);
      const strange = await signedBy(stranger, { type: subkeyBinding, data: over(key, subkey) });
      const otherKind = await signedBy(await makeStranger(), { type: subkeyBinding, data: over(key, subkey) });
      for (const packet of [strange, otherKind, withIssuer(strange, key), withIssuer(otherKind, key)])
        add(subkey.bindingSignatures, packet);
      const hard = { type: subkeyRevocation, data: over(key, subkey), reason: keyCompromised };
      const revoking = await signedBy(stranger, hard);
      for (const packet of [revoking, withIssuer(revoking, key)]) add(subkey.revocationSignatures, packet);
      const whole = await signedBy(stranger, { ...hard, type: keyRevocation, data: over(key) });
      for (const packet of [whole, withIssuer(whole, key)]) add(key.revocationSignatures, packet);
      const [user] = key.users;
      const certified = { key: key.keyPacket, userID: user?.userID };
      user?.otherCertifications.push(await signedBy(stranger, { type: certGeneric, data: certified }));
    });
    expect(sameKeyring(keyring, clean)).toBe(true);
    expect([await judge(keyring), (await compromisedKeys(keyring)).size]).toEqual(['good', 0]);
  });

  it('a revocation by a stranger revokes nothing even where nobody has cleaned the keyring', async () => {
    const key = await copy();
    only(key).revocationSignatures.push(withIssuer(await revocation(keyCompromised, at(-1), stranger), key));
    const read = await readKeyring(new TextEncoder().encode(key.armor()));
    expect(read.ok && (await compromisedKeys(read.value)).size).toBe(0);
  });

  it("a stranger's subkey and one without a binding go", async () => {
    const keyring = await fetched(async (key) => {
      const own = only(await copy(stranger));
      key.subkeys.push(own);
    });
    expect(sameKeyring(keyring, clean)).toBe(true);
  });

  it('a binding by the owner whose subkey has not signed back goes, as does a back-signature of another kind', async () => {
    const keyring = await fetched(async (key) => {
      const subkey = only(key);
      const wish = { type: subkeyBinding, data: over(key, subkey), date: at(-10) };
      const wrong = await signedBy(stranger, { type: enums.signature.keyBinding, data: over(key, subkey) });
      for (const backSignature of [null, wrong, binding(key)])
        subkey.bindingSignatures.unshift(await signedBy(owner, { ...wish, backSignature }));
    });
    expect(sameKeyring(keyring, clean)).toBe(true);
  });

  it('a file in which the pinned primary has signed nothing has no key', async () => {
    const keyring = await fetched(async (key) => {
      only(key).bindingSignatures = [];
      for (const user of key.users) user.selfCertifications = [];
    });
    expect(keyring.keys).toEqual([]);
  });

  it('one genuine signature in 300 spellings is one signature, verified once', async () => {
    let keyring: Keyring = { keys: [] };
    const cost = await verifications(async () => {
      keyring = await fetched((key) => {
        const subkey = only(key);
        for (let count = 1; count <= 300; count += 1)
          subkey.bindingSignatures.unshift(withNotation(binding(key), count));
      });
    });
    expect(sameKeyring(keyring, clean)).toBe(true);
    expect(cost).toBeLessThan(10);
  });
});

describe('a revocation by the owner counts', () => {
  const compromised = (keyring: Keyring) => isCompromised(keyring, fingerprintOf(only(keyring.keys[0] ?? owner)));

  it.each([
    ['compromised', keyCompromised],
    ['no reason', noReason],
    ['no field for a reason', undefined],
  ])("behind a stranger's binding: %s", async (_name, reason) => {
    for (const place of ['unshift', 'push'] as const) {
      const key = await copy();
      const strange = await signedBy(stranger, { type: subkeyBinding, data: over(key, only(key)) });
      only(key).bindingSignatures[place](strange, withIssuer(strange, key));
      only(key).revocationSignatures.push(await revocation(reason, at(-1)));
      const read = await readKeyring(new TextEncoder().encode(key.armor()));
      if (!read.ok) throw new Error(read.error.reason);
      for (const keyring of [read.value, await genuinePart(read.value)]) {
        expect(await compromised(keyring)).toBe(true);
        expect(await judge(keyring)).toBe('revoked-key');
        expect(await lastingSigningKey(keyring, NOW)).toBeUndefined();
      }
    }
  });

  it.each(['unshift', 'push'] as const)('"superseded" and "compromised" together (%s): compromised', async (place) => {
    const both = [await revocation(keySuperseded, at(-50)), await revocation(keyCompromised, at(-1))];
    const keyring = await fetched((key) => void only(key).revocationSignatures[place](...both));
    expect([await compromised(keyring), await judge(keyring)]).toEqual([true, 'revoked-key']);
  });

  it('beside a second packet of the same subkey, in the same block or in another one of the file', async () => {
    const key = await copy();
    const again = await copy();
    only(again).revocationSignatures.push(await revocation(keyCompromised, at(-1)));
    const other = only(await copy());
    key.subkeys.push(only(again), other);
    const inOne = await readKeyring(new TextEncoder().encode(key.armor()));
    const blocks = [await copy(), again, await copy()].map((block) => block.armor()).join('\n');
    const inSeveral = await readKeyring(new TextEncoder().encode(blocks));
    for (const read of [inOne, inSeveral]) {
      if (!read.ok) throw new Error(read.error.reason);
      expect((await compromisedKeys(read.value)).size).toBe(1);
      expect(await judge(read.value)).toBe('revoked-key');
      const keyring = await genuinePart(read.value);
      expect([keyring.keys.length, await compromised(keyring)]).toEqual([1, true]);
    }
  });

  it('without any binding in the file, once it is merged', async () => {
    const keyring = await fetched(async (key) => {
      only(key).bindingSignatures = [];
      only(key).revocationSignatures.push(await revocation(keyCompromised, at(-1)));
    });
    expect(await compromised(await mergeKeyrings(clean, keyring))).toBe(true);
    expect(sameKeyring(await mergeKeyrings(clean, keyring), await mergeKeyrings(keyring, clean))).toBe(true);
  });

  it('although the subkey is bound anew afterwards', async () => {
    const keyring = await fetched(async (key) => {
      only(key).revocationSignatures.push(await revocation(keySuperseded, at(-50)));
      only(key).bindingSignatures.push(await rebinding(at(-20)));
    });
    expect(await compromised(keyring)).toBe(false);
    expect(await judge(keyring)).toBe('good');
    expect(await judge(keyring, await detachSign(owner, data, at(-10)))).toBe('revoked-key');
    expect(await lastingSigningKey(keyring, NOW)).toBeUndefined();
  });

  it('of the primary for all that it has bound, and for itself', async () => {
    const keyring = await fetched(async (key) => {
      key.revocationSignatures.push(await signedBy(owner, { type: keyRevocation, data: over(key), reason: noReason }));
    });
    const [key] = keyring.keys;
    expect(await compromisedKeys(keyring)).toEqual(new Set(key && [fingerprintOf(key), fingerprintOf(only(key))]));
    expect([await judge(keyring), await lastingSigningKey(keyring, NOW)]).toEqual(['revoked-key', undefined]);
    const single = await readKey({ armoredKey: owner.toPublic().armor() });
    single.subkeys = [];
    expect(await lastingSigningKey({ keys: [single] }, NOW)).toMatchObject({ fingerprint: fingerprintOf(owner) });
  });
});

describe('bindings', () => {
  it('in any order are kept all, and judge the same', async () => {
    const [older, newer] = [await rebinding(at(-300)), await rebinding(at(-20))];
    const rings = await Promise.all([
      fetched((key) => void only(key).bindingSignatures.push(older, newer)),
      fetched((key) => void only(key).bindingSignatures.unshift(newer, older)),
    ]);
    for (const keyring of rings) {
      expect(keyring.keys.map((key) => only(key).bindingSignatures.length)).toEqual([3]);
      expect(await judge(keyring)).toBe('good');
    }
    expect(armorKeyring(rings[0])).toBe(armorKeyring(rings[1]));
  });
});

describe('a flood of broken bindings whose digest prefix is right', () => {
  it.each([200, 1500])(
    '%i of them cost a bounded number of verifications once, and none afterwards',
    async (count) => {
      let keyring: Keyring = { keys: [] };
      const cost = await verifications(async () => {
        keyring = await fetched((key) => {
          const flood = brokenOnes(binding(key), over(key, only(key)), count);
          only(key).bindingSignatures.push(...flood);
        }, 1000);
      });
      expect(cost).toBeGreaterThanOrEqual(Math.min(count, 998));
      expect(cost).toBeLessThanOrEqual(1010);
      expect(sameKeyring(keyring, clean)).toBe(true);
      const afterwards = await verifications(() => judge(keyring));
      expect(afterwards).toBe(await verifications(() => judge(clean)));
    },
    20_000,
  );

  it('of one subkey hides no other: a revocation of it and a new subkey are found behind 1,500', async () => {
    const grown = (await owner.addSubkey({ type: 'rsa', rsaBits: 2048, sign: true, date: at(-50) })) as PrivateKey;
    const keyring = await fetched(async (key) => {
      const subkey = only(key);
      subkey.bindingSignatures.unshift(...brokenOnes(binding(key), over(key, subkey), 1500));
      subkey.revocationSignatures.push(await revocation(keyCompromised, at(-1)));
      const [, added] = (await copy(grown)).subkeys;
      if (added) key.subkeys.push(added);
    }, 1000);
    expect(keyring.keys.map(({ subkeys }) => subkeys.length)).toEqual([2]);
    expect((await compromisedKeys(keyring)).size).toBe(1);
  }, 20_000);
});

describe('keys that are as they should be', () => {
  const genuine = readGenuineFixtures();

  it.skipIf(genuine === null)(
    "keep all that is Flatcar's: nine subkeys, nine bindings, two revocations, one user id",
    async () => {
      const bytes = Buffer.from(genuine?.['flatcar-signing-key.asc'] ?? '', 'base64');
      const read = await readKeyring(bytes);
      if (!read.ok) throw new Error(read.error.reason);
      const keyring = await genuinePart(read.value, 1000);
      expect(sameKeyring(keyring, read.value)).toBe(true);
      const [key] = keyring.keys;
      expect(key?.users.map(({ selfCertifications }) => selfCertifications.length)).toEqual([1]);
      expect(key?.subkeys.map(({ bindingSignatures }) => bindingSignatures.length)).toEqual(Array(9).fill(1));
      expect(key?.subkeys.map(({ revocationSignatures }) => revocationSignatures.length)).toEqual([
        1,
        1,
        ...Array(7).fill(0),
      ]);
    },
  );

  it('keep all that gpg has made', async () => {
    const read = await readKeyring(readFileSync(join(import.meta.dirname, 'corpus', 'key.asc')));
    if (!read.ok) throw new Error(read.error.reason);
    const keyring = await genuinePart(read.value);
    const count = ({ keys }: Keyring) =>
      keys.flatMap(({ subkeys }) =>
        subkeys.map((subkey) => [subkey.bindingSignatures.length, subkey.revocationSignatures.length]),
      );
    expect(count(keyring)).toEqual(count(read.value));
    const bytes = (ring: Keyring) => ring.keys.map((key) => key.write().length);
    expect(bytes(keyring)).toEqual(bytes(read.value));
    expect(sameKeyring(await genuinePart(keyring), keyring)).toBe(true);
  });
});
