/** The trust policy over signatures that openpgp makes here; the corpus made with gpg is beside it. */
import { config, enums, type PrivateKey, readKey, SignaturePacket } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDetachedSignature } from '../../src/signing/detached-signature.ts';
import { fingerprintOf, type Keyring } from '../../src/signing/keyring.ts';
import { findSigner, isCompromised } from '../../src/signing/signer.ts';
import { beginVerification, verifyBytes } from '../../src/signing/verification.ts';
import { detachSign, makeSigningKey } from '../../tools/release-server/signing-key.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const at = (days: number) => new Date(NOW + days * DAY);
const data = new TextEncoder().encode('FLATCAR_VERSION=4593.2.5\n');

let key: PrivateKey;
let lapsed: PrivateKey;
beforeAll(async () => {
  key = await makeSigningKey({ created: at(-400) });
  lapsed = await makeSigningKey({ created: at(-400), subkeyLifetime: (300 * DAY) / 1000 });
});

const ringOf = async (from: PrivateKey): Promise<Keyring> => ({
  keys: [await readKey({ armoredKey: from.toPublic().armor() })],
});

async function judge(bytes: Uint8Array, keyring: Keyring, content = data, now = NOW): Promise<string> {
  const signature = await readDetachedSignature(bytes);
  if (!signature.ok) return signature.error.reason;
  const verdict = await verifyBytes(keyring, signature.value, content, now);
  return verdict.ok ? 'good' : verdict.error.reason;
}

async function revoked(from: PrivateKey, flag: number, date: Date): Promise<Keyring> {
  const copy = await readKey({ armoredKey: from.toPublic().armor() });
  const subkey = from.subkeys[0];
  const revokedSubkey = await subkey?.revoke(from.keyPacket as never, { flag } as never, date);
  const target = copy.subkeys[0];
  if (target && revokedSubkey) target.revocationSignatures = revokedSubkey.revocationSignatures;
  return { keys: [await readKey({ armoredKey: copy.armor() })] };
}

describe('a detached signature', () => {
  it.each(['sha256', 'sha512'] as const)('by %s is good', async (hash) => {
    expect(await judge(await detachSign(key, data, at(-1), hash), await ringOf(key))).toBe('good');
  });

  it('names the subkey, the primary and its own date', async () => {
    const signature = await readDetachedSignature(await detachSign(key, data, at(-1)));
    const verdict = signature.ok && (await verifyBytes(await ringOf(key), signature.value, data, NOW));
    const [subkey] = key.subkeys;
    expect(verdict).toMatchObject({
      ok: true,
      value: { signedBy: subkey && fingerprintOf(subkey), primary: fingerprintOf(key), signedAt: at(-1).getTime() },
    });
  });

  it('over other data is bad', async () => {
    const bytes = await detachSign(key, data, at(-1));
    expect(await judge(bytes, await ringOf(key), new TextEncoder().encode('FLATCAR_VERSION=4593.2.6\n'))).toBe(
      'bad-signature',
    );
  });

  it('verifies over data that comes in pieces, which is what breaks first if the seam moves', async () => {
    const signature = await readDetachedSignature(await detachSign(key, data, at(-1)));
    const verification = signature.ok ? await beginVerification(await ringOf(key), signature.value, NOW) : undefined;
    if (!verification?.ok) throw new Error('no verification');
    for (const byte of data) verification.value.update(Uint8Array.of(byte));
    expect((await verification.value.finish()).ok).toBe(true);
  });

  it('by a subkey that has expired since is good; made after the expiry it is refused', async () => {
    const ring = await ringOf(lapsed);
    expect(await judge(await detachSign(lapsed, data, at(-200)), ring)).toBe('good');
    const late = await makeSigningKey({ created: at(-400) });
    const lateRing = await shortened(late);
    expect(await judge(await detachSign(late, data, at(-50)), lateRing)).toBe('expired-key');
    expect(await judge(await detachSign(late, data, at(-350)), lateRing)).toBe('good');
  });

  it('by a subkey revoked as compromised is refused whatever its date', async () => {
    const ring = await revoked(key, enums.reasonForRevocation.keyCompromised, at(-10));
    expect(await judge(await detachSign(key, data, at(-300)), ring)).toBe('revoked-key');
    expect(await judge(await detachSign(key, data, at(-1)), ring)).toBe('revoked-key');
    const [subkey] = key.subkeys;
    expect(subkey && (await isCompromised(ring, fingerprintOf(subkey)))).toBe(true);
  });

  it('by a superseded subkey is good before the revocation, refused after', async () => {
    const ring = await revoked(key, enums.reasonForRevocation.keySuperseded, at(-10));
    expect(await judge(await detachSign(key, data, at(-300)), ring)).toBe('good');
    expect(await judge(await detachSign(key, data, at(-1)), ring)).toBe('revoked-key');
    // The later judgement must not colour the earlier one.
    expect(await judge(await detachSign(key, data, at(-300)), ring)).toBe('good');
    const [subkey] = key.subkeys;
    expect(subkey && (await isCompromised(ring, fingerprintOf(subkey)))).toBe(false);
  });

  it('by another primary with the same user id is unknown', async () => {
    const stranger = await makeSigningKey({ created: at(-400) });
    expect(await judge(await detachSign(stranger, data, at(-1)), await ringOf(key))).toBe('unknown-key');
  });

  it('from the future, or from before its key, is refused', async () => {
    const ring = await ringOf(key);
    expect(await judge(await detachSign(key, data, at(-1)), ring, data, at(-2).getTime())).toBe(
      'signature-from-future',
    );
    const young = await makeSigningKey({ created: at(-5) });
    const early = await readDetachedSignature(await detachSign(young, data, at(-1)));
    if (!early.ok) throw new Error('unreadable');
    const predating = { ...early.value, created: at(-20).getTime() };
    expect(await findSigner(await ringOf(young), predating, NOW)).toMatchObject({ error: { reason: 'unfit-key' } });
  });
});

describe('what is not one version 4 signature over binary data', () => {
  let good: Uint8Array;
  beforeAll(async () => {
    good = await detachSign(key, data, at(-1));
  });
  const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

  it.each([
    ['empty', () => new Uint8Array(), 'signature-empty'],
    ['two packets', () => join(good, good), 'several-signature-packets'],
    ['truncated', () => good.subarray(0, -1), 'signature-malformed'],
    ['cut in its header', () => good.subarray(0, 2), 'signature-malformed'],
    ['trailing garbage', () => join(good, Uint8Array.of(0)), 'signature-malformed'],
    [
      'a trailing packet of another type',
      () => join(good, Uint8Array.of(0xca, 0x03, 0x50, 0x47, 0x50)),
      'signature-malformed',
    ],
    ['a leading marker packet', () => join(Uint8Array.of(0xca, 0x03, 0x50, 0x47, 0x50), good), 'signature-malformed'],
    ['text', () => new TextEncoder().encode('<html>404</html>'), 'signature-malformed'],
    ['1 MiB of packets', () => join(...Array.from({ length: 3000 }, () => good)), 'several-signature-packets'],
    ['1 MiB of zeros', () => new Uint8Array(1024 * 1024), 'signature-malformed'],
  ] as const)('%s: refused', async (_name, make, reason) => {
    expect(await judge(make(), await ringOf(key))).toBe(reason);
  });

  it('SHA-1 is refused before any key is asked', async () => {
    expect(await judge(await detachSign(key, data, at(-1), 'sha1'), { keys: [] })).toBe('weak-hash');
  });

  it('signature type text is refused', async () => {
    const bytes = Uint8Array.from(good);
    // Version 4, type: the second octet of the packet's body, after a header of three.
    const body = bytes.findIndex((octet, index) => octet === 4 && bytes[index + 1] === 0);
    bytes[body + 1] = 1;
    expect(await judge(bytes, await ringOf(key))).toBe('signature-type');
  });

  it('never throws on any cut or flipped byte', async () => {
    const ring = await ringOf(key);
    for (let index = 0; index < good.length; index += 7) {
      const flipped = Uint8Array.from(good);
      flipped[index] = (flipped[index] ?? 0) ^ 0x55;
      expect(await judge(good.subarray(0, index), ring)).not.toBe('good');
      const outcome = await judge(flipped, ring);
      // The unhashed area (issuer) is no part of what is signed; everything else must matter.
      if (outcome === 'good') expect(index).toBeGreaterThan(30);
    }
  });
});

/** The public key with a binding of its subkey that ends 100 days ago. */
async function shortened(from: PrivateKey): Promise<Keyring> {
  const ring = await readKey({ armoredKey: from.toPublic().armor() });
  const subkey = ring.subkeys[0];
  const old = subkey?.bindingSignatures[0];
  const primary = from.keyPacket;
  if (!subkey || !old) throw new Error('no subkey');
  const binding = new SignaturePacket();
  Object.assign(binding, {
    signatureType: enums.signature.subkeyBinding,
    publicKeyAlgorithm: primary.algorithm,
    hashAlgorithm: enums.hash.sha512,
    keyFlags: old.keyFlags,
    embeddedSignature: old.embeddedSignature,
    keyExpirationTime: (300 * DAY) / 1000,
    keyNeverExpires: false,
  });
  const sign = binding.sign as unknown as (...args: unknown[]) => Promise<void>;
  await sign.call(binding, primary, { key: ring.keyPacket, bind: subkey.keyPacket }, at(-400), false, config);
  subkey.bindingSignatures = [binding];
  return { keys: [await readKey({ armoredKey: ring.armor() })] };
}
