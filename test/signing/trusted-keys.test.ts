import { enums, generateKey, type PrivateKey, readKey } from 'openpgp';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Document } from '../../src/shared/document.ts';
import type { Platform } from '../../src/shared/platform.ts';
import { err, ok, type Result } from '../../src/shared/result.ts';
import type { KeySourceFault } from '../../src/signing/key-source.ts';
import { keyTimeline } from '../../src/signing/key-timeline.ts';
import {
  armorKeyring,
  expiryWarning,
  fingerprintOf,
  type Keyring,
  lastingSigningKey,
  readKeyring,
  trustedPart,
} from '../../src/signing/keyring.ts';
import { mergeKeyrings, sameKeyring } from '../../src/signing/merge-keyrings.ts';
import { TrustedKeys } from '../../src/signing/trusted-keys.ts';
import { compromisedKeyText, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { brokenOnes, changedFile, over } from '../support/hostile-keys.ts';
import { nodePlatform } from '../support/node-platform.ts';

const DAY = 86_400_000;
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A keyring in memory, with R2's compare-and-set. */
class MemoryDocument implements Document<Keyring> {
  armored: string | undefined;
  etag: string | undefined;
  writes = 0;
  /** Runs before a write: another isolate that comes in between. */
  interrupt: (() => void) | undefined;
  read = async () => {
    if (this.armored === undefined || this.etag === undefined) return ok(undefined);
    const keyring = await readKeyring(bytesOf(this.armored));
    if (!keyring.ok) return err({ reason: 'stored-malformed' as const, what: 'keyring.asc', detail: 'not keys' });
    return ok({ value: keyring.value, etag: this.etag });
  };
  write = async (keyring: Keyring, replacing: string | undefined) => {
    this.interrupt?.();
    this.interrupt = undefined;
    if (this.etag !== replacing) return ok(undefined);
    this.writes += 1;
    this.set(armorKeyring(keyring));
    return ok(this.etag);
  };
  set(armored: string) {
    this.armored = armored;
    this.etag = `v${this.writes}`;
  }
}

let rotated: PrivateKey;
let before: string;
let after: string;
let revoked: string;
let stranger: PrivateKey;
beforeAll(async () => {
  const created = new Date(Date.now() - 100 * DAY);
  const old = await makeSigningKey({ created });
  rotated = (await old.addSubkey({ type: 'rsa', rsaBits: 2048, sign: true, date: created })) as PrivateKey;
  before = publicKeyText(old);
  after = publicKeyText(rotated);
  const copy = await readKey({ armoredKey: after });
  const reason = { flag: enums.reasonForRevocation.keyCompromised };
  const withRevocation = await rotated.subkeys[0]?.revoke(rotated.keyPacket as never, reason, new Date());
  const target = copy.subkeys[0];
  if (target && withRevocation) target.revocationSignatures = withRevocation.revocationSignatures;
  revoked = copy.armor();
  stranger = await makeSigningKey({ created });
});

let store: MemoryDocument;
let published: Result<Uint8Array, KeySourceFault>;
let fetches: number;
let now: number;
let keys: TrustedKeys;
const platform: Platform = { ...nodePlatform, now: () => now };
const publish = (text: string) => {
  published = ok(bytesOf(text));
};
const open = (pins = [fingerprintOf(rotated)]) =>
  new TrustedKeys(
    platform,
    store,
    async () => {
      fetches += 1;
      return published;
    },
    pins,
  );

beforeEach(() => {
  store = new MemoryDocument();
  fetches = 0;
  now = Date.now();
  publish(before);
  keys = open();
});

const subkeysOf = async (trusted = keys) => {
  const keyring = await trusted.current();
  return keyring.ok ? keyring.value.keys.flatMap(({ subkeys }) => subkeys).length : keyring.error.reason;
};

describe('the trusted keyring', () => {
  it('is fetched once, kept, and read by the next isolate without another fetch', async () => {
    expect(await Promise.all([subkeysOf(), subkeysOf(), subkeysOf()])).toEqual([1, 1, 1]);
    expect(await subkeysOf(open())).toBe(1);
    expect(fetches).toBe(1);
  });

  it('grows by a refetch and never shrinks: a published key that lacks a subkey or a revocation changes nothing', async () => {
    publish(revoked);
    expect(await subkeysOf()).toBe(2);
    publish(before);
    now += 120_000;
    await keys.refreshed();
    const keyring = await open().current();
    const subkeys = keyring.ok ? (keyring.value.keys[0]?.subkeys ?? []) : [];
    expect(subkeys).toHaveLength(2);
    expect(subkeys.flatMap(({ revocationSignatures }) => revocationSignatures)).toHaveLength(1);
  });

  it('is refetched at most once a minute, however often an unknown key is met', async () => {
    await subkeysOf();
    publish(after);
    now += 61_000;
    for (let count = 0; count < 50; count += 1) await keys.refreshed();
    expect(fetches).toBe(2);
    expect(await subkeysOf()).toBe(2);
    now += 61_000;
    await keys.refreshed();
    expect(fetches).toBe(3);
  });

  it('holds pinned primaries only, whatever the file brings', async () => {
    publish(`${publicKeyText(stranger)}\n${before}`);
    const keyring = await keys.current();
    expect(keyring.ok && keyring.value.keys.map(fingerprintOf)).toEqual([fingerprintOf(rotated)]);
    publish(publicKeyText(stranger));
    store.armored = undefined;
    store.etag = undefined;
    expect(await subkeysOf(open())).toBe('no-pinned-key');
    publish('<html>');
    expect(await subkeysOf(open())).toBe('keyring-malformed');
  });

  it('survives a change of pins: the earlier key stays in the store', async () => {
    await subkeysOf();
    publish(publicKeyText(stranger));
    expect(await subkeysOf(open([fingerprintOf(stranger)]))).toBe(1);
    published = err({ reason: 'key-unreachable', detail: '', host: 'keys.test' });
    expect(await subkeysOf(open())).toBe(1);
  });

  it('loses nothing when two isolates merge at once', async () => {
    await subkeysOf();
    publish(after);
    now += 61_000;
    store.interrupt = () => {
      store.armored = revoked;
      store.etag = 'other';
    };
    await keys.refreshed();
    const kept = await readKeyring(bytesOf(store.armored ?? ''));
    const [key] = kept.ok ? kept.value.keys : [];
    expect(key?.subkeys.map(({ revocationSignatures }) => revocationSignatures.length).sort()).toEqual([0, 1]);
  });

  it('is unavailable, not empty, while neither store nor source answers', async () => {
    published = err({ reason: 'key-unreachable', detail: 'answered 500', host: 'keys.test' });
    expect(await subkeysOf()).toBe('key-unreachable');
    publish(before);
    // A crowd that comes meanwhile asks the source once, and hears of its repair seconds later.
    expect(await subkeysOf()).toBe('key-unreachable');
    expect(fetches).toBe(1);
    now += 6000;
    expect(await subkeysOf()).toBe(1);
  });
});

describe('a flooded key file', () => {
  const flooded = (text: string) =>
    changedFile(text, (key) => {
      for (const subkey of key.subkeys) {
        const [genuine] = subkey.bindingSignatures;
        if (genuine) subkey.bindingSignatures.unshift(...brokenOnes(genuine, over(key, subkey), 150));
      }
    });

  it('changes nothing that is stored while nothing genuine is new, and brings what is new', async () => {
    await subkeysOf();
    const stored = store.armored;
    publish(await flooded(before));
    now += 61_000;
    await keys.refreshed();
    expect([store.writes, store.armored]).toEqual([1, stored]);
    publish(await flooded(revoked));
    now += 61_000;
    await keys.refreshed();
    expect(store.writes).toBe(2);
    expect(store.armored?.length).toBeLessThan(revoked.length + 1000);
  });

  it('that an earlier version has stored is no outage: clean in memory at once, in the store with the next fetch', async () => {
    publish(before);
    await subkeysOf();
    store.set(await flooded(revoked));
    const stored = store.armored?.length ?? 0;
    const opened = open();
    const keyring = await opened.current();
    expect(fetches).toBe(1);
    const subkeys = keyring.ok ? (keyring.value.keys[0]?.subkeys ?? []) : [];
    expect(subkeys.map(({ bindingSignatures }) => bindingSignatures.length)).toEqual([1, 1]);
    await opened.refreshed();
    expect(store.armored?.length).toBeLessThan(stored / 10);
    const kept = await readKeyring(bytesOf(store.armored ?? ''));
    const revocations = kept.ok
      ? kept.value.keys.flatMap((key) => key.subkeys.flatMap((s) => s.revocationSignatures))
      : [];
    expect(revocations).toHaveLength(1);
  });

  it('of 512 KiB of lines that begin a key is refused, and what is stored stays', async () => {
    await subkeysOf();
    publish('-----BEGIN PGP PUBLIC KEY BLOCK-----\n'.repeat(14_000).slice(0, 512 * 1024));
    now += 61_000;
    expect(await keys.refreshed()).toMatchObject({ ok: false, error: { reason: 'keyring-malformed' } });
    expect(await subkeysOf(open())).toBe(1);
  }, 20_000);

  it('of nothing but strange signatures under the pinned primary is no key, and is not stored', async () => {
    publish(
      await changedFile(before, (key) => {
        for (const subkey of key.subkeys) subkey.bindingSignatures = [];
        for (const user of key.users) user.selfCertifications = [];
      }),
    );
    expect([await subkeysOf(), store.armored]).toEqual(['no-pinned-key', undefined]);
  });
});

describe('merging', () => {
  const read = async (text: string) => {
    const keyring = await readKeyring(bytesOf(text));
    if (!keyring.ok) throw new Error(keyring.error.reason);
    return keyring.value;
  };

  it('is the same in either order, and idempotent', async () => {
    const [a, b] = [await read(before), await read(revoked)];
    const packets = (text: string) => text.length;
    expect(packets(armorKeyring(await mergeKeyrings(a, b)))).toBe(packets(armorKeyring(await mergeKeyrings(b, a))));
    const merged = await mergeKeyrings(a, b);
    expect(sameKeyring(await mergeKeyrings(merged, b), merged)).toBe(true);
    const again = await read(armorKeyring(merged));
    expect(sameKeyring(again, merged)).toBe(true);
  });

  it('reads binary keys and several armored blocks', async () => {
    const binary = await readKeyring((await readKey({ armoredKey: before })).write());
    expect(binary.ok && trustedPart(binary.value, [fingerprintOf(rotated)]).ok).toBe(true);
  });
});

describe('the end of the signing key', () => {
  const lasting = async (lifetimes: readonly number[], at: number) => {
    let key = await makeSigningKey({ created: new Date(at - 100 * DAY), subkeyLifetime: (lifetimes[0] ?? 0) * 86_400 });
    for (const days of lifetimes.slice(1)) {
      const options = {
        type: 'rsa',
        rsaBits: 2048,
        sign: true,
        keyExpirationTime: days * 86_400,
        date: new Date(at - 100 * DAY),
      } as const;
      key = (await key.addSubkey(options)) as PrivateKey;
    }
    return await lastingSigningKey({ keys: [await readKey({ armoredKey: publicKeyText(key) })] }, at);
  };

  it('is that of the subkey that lasts longest', async () => {
    const at = Date.now();
    const key = await lasting([110, 150], at);
    expect(Math.round(((key?.expires ?? 0) - at) / DAY)).toBe(50);
  });

  it('is never past the end of its primary', async () => {
    const at = Date.now();
    const { privateKey } = await generateKey({
      type: 'rsa',
      rsaBits: 2048,
      userIDs: [{ name: 'Ending Primary' }],
      keyExpirationTime: 110 * 86_400,
      subkeys: [{ sign: true, rsaBits: 2048, keyExpirationTime: 900 * 86_400 }],
      date: new Date(at - 100 * DAY),
      format: 'object',
    });
    const key = await lastingSigningKey({ keys: [privateKey.toPublic()] }, at);
    expect(Math.round(((key?.expires ?? 0) - at) / DAY)).toBe(10);
    expect(expiryWarning(key, at)).toMatch(/^the signing key expires in \d+ days$/);
    expect(expiryWarning(undefined, at)).toBe('no signing key that is not revoked');
  });

  it('is unknown for a key that never expires, past for one that has', async () => {
    const at = Date.now();
    expect((await lasting([0], at))?.expires).toBeUndefined();
    expect((await lasting([50], at))?.expires).toBeLessThan(at);
  });
});

describe('the timeline of keys', () => {
  const at = Date.now();
  const made = new Date(at - 100 * DAY);
  const of = async (text: string) => await keyTimeline({ keys: [await readKey({ armoredKey: text })] }, at);

  it('has each signing subkey with its end, and tells what is over', async () => {
    const key = await makeSigningKey({ created: made, subkeyLifetime: 50 * 86_400 });
    const next = {
      type: 'rsa',
      rsaBits: 2048,
      sign: true,
      keyExpirationTime: 0,
      date: new Date(at - 60 * DAY),
    } as const;
    const rotated = (await key.addSubkey(next)) as PrivateKey;
    const [old, young, ...others] = await of(publicKeyText(rotated));
    expect(others).toEqual([]);
    expect(old).toMatchObject({ state: 'ended', primary: fingerprintOf(key) });
    expect(Math.round(((old?.until ?? 0) - (old?.from ?? 0)) / DAY)).toBe(50);
    expect(young).toMatchObject({ state: 'valid', until: undefined });
    expect(young?.from).toBeGreaterThan(old?.from ?? Infinity);
  });

  it('has a primary key without subkeys, and tells what was revoked', async () => {
    const key = await makeSigningKey({ created: made });
    expect(await of(await compromisedKeyText(key))).toMatchObject([{ state: 'revoked' }]);
    const single = await readKey({ armoredKey: publicKeyText(key) });
    single.subkeys = [];
    expect(await keyTimeline({ keys: [single] }, at)).toMatchObject([
      { state: 'valid', fingerprint: fingerprintOf(key), primary: fingerprintOf(key) },
    ]);
  });
});
