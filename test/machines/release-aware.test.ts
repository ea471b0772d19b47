/** A machine gets no config that its Ignition cannot read, whatever names that Ignition. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootWarnings } from '../../src/machines/boot/boot-warnings.ts';
import { readerFor } from '../../src/machines/layers/machine-reader.ts';
import { changeProfile } from '../../src/machines/profiles.ts';
import { type MachineKeys, MachineRooms, machineKeys, NO_CHECK } from '../support/machine-rooms.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

const inSpec = (minor: number, rest: object = {}) =>
  JSON.stringify({ ignition: { version: `3.${minor}.0` }, storage: { files: [{ path: '/a', ...rest }] } });
/** Setuid has an effect in 3.6 only. */
const NEW = inSpec(6, { mode: 0o4755 });
const versionOf = (text: string) => JSON.parse(text).ignition.version;

describe('what names the Ignition of a machine', () => {
  it.each([
    ['its release', { version: '4081.3.10' }, {}, '2.19.0', 'release'],
    [
      'the release as it was when the machine was written',
      { version: 'current', shipped: '2.20.0' },
      {},
      '2.20.0',
      'release',
    ],
    [
      'what the channel has had, where nothing else is known',
      { channel: 'lts', version: 'current-2024' },
      {},
      '2.19.0',
      'release',
    ],
    ['its profile', { version: '4081.3.10', shipped: '2.19.0' }, { ignition: '2.26.0' }, '2.26.0', 'profile'],
    ['the machine', { version: '4081.3.10', ignition: '2.27.0' }, { ignition: '2.26.0' }, '2.27.0', 'machine'],
  ])('%s', (_what, machine, profile, ignition, from) => {
    expect(readerFor({ channel: 'stable', ...machine }, [profile])).toMatchObject({ ignition, from });
  });
});

describe('a machine', () => {
  it.each([
    ['4081.3.10', '3.4.0', '2.19.0'],
    ['4230.2.4', '3.5.0', '2.20.0'],
    ['4593.2.5', '3.5.0', '2.24.0'],
    ['current', '3.5.0', '2.24.0'],
  ])('of release %s boots 3.6.0 as %s, for Ignition %s', async (version, spec, ignition) => {
    const rooms = new MachineRooms(keys);
    const channel = version.startsWith('4081') ? 'lts' : 'stable';
    await rooms.putProfile('web', { base: inSpec(6) });
    const issued = await rooms.putMachine('vm', inSpec(3), 'web', { channel, version });
    expect(issued).toMatchObject({ ignition: null, reads: { version: ignition, spec, from: 'release' } });
    expect(versionOf((await rooms.boot(issued.urls.ignition)).text)).toBe(spec);
    // The other way to the same config: what the pointer names.
    const { source } = (issued.pointer as { ignition: { config: { replace: { source: string } } } }).ignition.config
      .replace;
    expect(versionOf((await rooms.boot(source)).text)).toBe(spec);
  });
  it('whose config needs more is refused, and the field and both versions are named', async () => {
    const rooms = new MachineRooms(keys);
    const refused = await rooms.tryMachine('vm', NEW, { version: '4593.2.5' });
    const message =
      'setuid, setgid and sticky have an effect from spec 3.6.0 on, but Ignition 2.24.0 reads specs up to 3.5.0';
    expect(refused).toMatchObject({
      ok: false,
      error: { reason: 'invalid', entries: [{ layer: 'user', path: 'storage.files.0.mode', message, line: 1 }] },
    });
    expect([...rooms.stores.memory.objects.keys()]).toEqual([]);
  });
  it('is taken where the operator names an Ignition that reads it', async () => {
    const rooms = new MachineRooms(keys);
    const issued = await rooms.putMachine('vm', NEW, null, { version: '4593.2.5', ignition: '2.26.0' });
    expect(versionOf((await rooms.boot(issued.urls.ignition)).text)).toBe('3.6.0');
  });
  it('that boots by the legacy engine gets spec 2', async () => {
    const rooms = new MachineRooms(keys);
    await rooms.putProfile('old', { engine: 'legacy', base: '{"ignition":{"version":"2.1.0"}}' });
    const issued = await rooms.putMachine('vm', '{"ignition":{"version":"2.3.0"}}', 'old', { version: '2905.2.6' });
    expect(versionOf((await rooms.boot(issued.urls.ignition)).text)).toBe('2.4.0');
  });
});

describe('a profile', () => {
  const options = { dryRun: false, force: false, cursor: undefined };
  const withMachine = async (version: string) => {
    const rooms = new MachineRooms(keys);
    await rooms.putProfile('web', { base: inSpec(3) });
    const issued = await rooms.putMachine('vm', inSpec(3, { overwrite: false }), 'web', { version });
    const change = (asked: object, forced = false) =>
      rooms.stores.clock.until(changeProfile(rooms.room, 'web', asked, { ...options, force: forced }, NO_CHECK));
    return { rooms, change, url: issued.urls.ignition };
  };
  it('whose base none of its machines can read is refused, and the machine is named', async () => {
    const { change } = await withMachine('4593.2.5');
    const base = JSON.stringify({
      ignition: { version: '3.6.0' },
      storage: { directories: [{ path: '/d', mode: 0o1777 }] },
    });
    expect(await change({ base })).toMatchObject({
      ok: false,
      error: { reason: 'breaks', effect: { broken: 1, breaks: [{ count: 1, examples: [{ id: 'vm' }] }] } },
    });
    expect(await change({ base, ignition: '2.26.0' })).toMatchObject({ ok: true });
  });
  it('that is forced keeps the machine waiting, and never sends it what it cannot read', async () => {
    const { rooms, change, url } = await withMachine('4593.2.5');
    const base = JSON.stringify({
      ignition: { version: '3.6.0' },
      storage: { directories: [{ path: '/d', mode: 0o1777 }] },
    });
    expect((await change({ base }, true)).ok).toBe(true);
    expect((await new MachineRooms(keys, rooms.stores).boot(url)).status).toBe(503);
  });
  it('names an Ignition that is too old for a machine: refused', async () => {
    const { rooms, change } = await withMachine('4593.2.5');
    await rooms.putMachine(
      'vm',
      JSON.stringify({
        ignition: { version: '3.5.0' },
        storage: { luks: [{ name: 'a', device: '/dev/a', cex: { enabled: true } }] },
      }),
      'web',
    );
    expect(await change({ ignition: '2.19.0' })).toMatchObject({ ok: false, error: { reason: 'breaks' } });
  });
});

describe('a boot by another Ignition than the one that is expected', () => {
  const reader = readerFor({ channel: 'stable', version: '4593.2.5' }, []);
  const boot = (ignition: string, what = 'ignition') => ({ at: '', what, status: 200, ignition });
  it('is told, once for each', () => {
    const warnings = bootWarnings(reader, [boot('2.19.0'), boot('2.19.0'), boot('2.24.0'), boot('2.22.0')]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^Ignition 2\.19\.0 has asked .* up to 3\.4\.0; .* Ignition 2\.24\.0, up to 3\.5\.0: name the release/,
    );
  });
  it('is not told of clients that say nothing, or nothing that can be read', () => {
    expect(
      bootWarnings(reader, [boot('x'), { at: '', what: 'ignition', status: 200 }, boot('2.19.0', 'ipxe')]),
    ).toEqual([]);
  });
});
