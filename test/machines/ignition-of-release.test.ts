/** Which Ignition a release has: by its signed list of packages, by its number, or by what an alias may name. */
import { describe, expect, it } from 'vitest';
import { ignitionOf } from '../../src/app-ignition.ts';
import { readerInPackages } from '../../src/ignition/reader.ts';
import { ok } from '../../src/shared/result.ts';

type Store = Parameters<typeof ignitionOf>[0];

function storeWith(alias: object, lists: Readonly<Record<string, string>> = {}, isSigned = true): Store {
  const entry = {
    key: '',
    etag: '',
    size: 10,
    sha512: '',
    verifiedAt: '',
    ...(isSigned ? { signedBy: 'F'.repeat(40) } : {}),
  };
  const store = {
    alias: async () => ok({ version: null, floor: null, pin: null, floors: [], ...alias }),
    manifest: async ({ version }: { version: string }) =>
      ok(
        version in lists
          ? { files: { 'flatcar_production_image_packages.txt': { ...entry, key: version } } }
          : undefined,
      ),
    open: async ({ key }: { key: string }) => ok(new Response(lists[key]).body ?? undefined),
  };
  return store as unknown as Store;
}
const asked = async (store: Store, version: string, channel = 'stable') =>
  await ignitionOf(store, { now: () => 0 })({ channel, board: 'amd64-usr', version });

describe('the Ignition of a release', () => {
  it.each([
    ['4593.2.5', '2.24.0'],
    ['4081.3.10', '2.19.0'],
  ])('%s is %s by its number', async (version, ignition) => {
    expect(await asked(storeWith({}), version)).toEqual(ok(ignition));
  });
  it.each([
    [{ pin: '4081.3.10', version: '4593.2.5', floor: '4593.2.5' }, '2.19.0'],
    [{ version: '4593.2.5', floor: '4459.2.4' }, '2.22.0'],
    [{ version: null, floor: '4230.2.4' }, '2.20.0'],
    [{}, '2.24.0'],
  ])('of an alias with %j is the lowest that it may name: %s', async (alias, ignition) => {
    expect(await asked(storeWith(alias), 'current')).toEqual(ok(ignition));
  });
  it('of an alias of an LTS of which nothing is known is that of the oldest', async () => {
    expect(await asked(storeWith({}), 'current-2024', 'lts')).toEqual(ok('2.19.0'));
  });
  it('is what its signed list of packages says, whatever its number', async () => {
    const list =
      'sys-apps/hwdata-0.395::portage-stable\nsys-apps/ignition-2.27.0-r1::coreos-overlay\nsys-apps/iproute2-6.1::x\n';
    expect(await asked(storeWith({}, { '4593.2.5': list }), '4593.2.5')).toEqual(ok('2.27.0'));
    expect(await asked(storeWith({}, { '4593.2.5': list }, false), '4593.2.5')).toEqual(ok('2.24.0'));
    expect(await asked(storeWith({}, { '4593.2.5': 'sys-apps/other-1\n' }), '4593.2.5')).toEqual(ok('2.24.0'));
  });
  it('is asked for once in ten seconds, and a fault is not remembered', async () => {
    let asks = 0;
    let time = 0;
    let isDown = true;
    const whole = storeWith({ version: '4593.2.5' });
    const fault = { ok: false, error: { reason: 'store-unreachable', operation: 'x' } } as const;
    const alias: Store['alias'] = async (...of) => {
      asks += 1;
      return isDown ? fault : await whole.alias(...of);
    };
    const ask = ignitionOf({ ...whole, alias }, { now: () => time });
    const place = { channel: 'stable', board: 'amd64-usr', version: 'current' };
    expect((await ask(place)).ok).toBe(false);
    isDown = false;
    for (time of [0, 5_000, 9_999]) expect(await ask(place)).toEqual(ok('2.24.0'));
    expect(asks).toBe(2);
    time = 10_000;
    await ask(place);
    expect(asks).toBe(3);
  });
  it('that its store cannot tell is a fault, never a guess', async () => {
    const fault = { ok: false, error: { reason: 'store-unreachable', operation: 'x' } } as const;
    const store = { ...storeWith({}), alias: async () => fault } as unknown as Store;
    expect(await asked(store, 'current')).toEqual(fault);
  });
});

it.each([
  ['sys-apps/ignition-2.24.0\n', '2.24.0'],
  ['a\nsys-apps/ignition-2.26.1::x', '2.26.1'],
  ['sys-apps/ignition-extra-1.0\n', undefined],
  ['x/sys-apps/ignition-2.24.0\n', undefined],
  ['', undefined],
])('a list of packages %j names %s', (text, ignition) => {
  expect(readerInPackages(text)?.ignition).toBe(ignition);
});
