/** A cloud-config or a script works without a word in a profile, unless it is forbidden. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeProfile } from '../../src/machines/profiles.ts';
import { type MachineKeys, MachineRooms, machineKeys, NO_CHECK } from '../support/machine-rooms.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';

let keys: MachineKeys;
beforeAll(async () => {
  makeSecretsPrompt();
  keys = await machineKeys();
});
afterAll(restoreSecrets);

const CLOUD_CONFIG = '#cloud-config\nhostname: a\n';
const SCRIPT = '#!/bin/sh\ntrue\n';
const FETCHES = JSON.stringify({
  ignition: { version: '3.3.0' },
  storage: { files: [{ path: '/url', contents: { source: 'data:,{{edge.cloud_config_url}}' } }] },
});
const OTHER = JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path: '/other' }] } });
const UNIT = 'flatcar-edge-cloudinit.service';

interface Unit {
  readonly name: string;
  readonly contents: string;
}
async function booted(text: string, profile?: object) {
  const rooms = new MachineRooms(keys);
  if (profile !== undefined) await rooms.putProfile('p', profile);
  const issued = await rooms.putMachine('vm', text, profile === undefined ? null : 'p');
  const config = JSON.parse((await rooms.boot(issued.urls.ignition)).text);
  const script = (await rooms.boot(issued.urls.ipxe)).text;
  const units = ((config.systemd?.units ?? []) as Unit[]).map(({ name, contents }) => ({ name, contents }));
  const url = issued.urls.ignition.replace(/ignition$/, 'cloud-config');
  return { rooms, config, units, script, url, entries: issued.entries };
}

describe.each([
  ['a cloud-config', CLOUD_CONFIG],
  ['a script', SCRIPT],
  ['MIME multipart', 'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b\n\nx\n--b--\n'],
])('%s', (_kind, text) => {
  it('gets a unit that fetches it, and the kernel command line names it', async () => {
    const { units, script, url, rooms } = await booted(text);
    expect(units.map(({ name }) => name)).toEqual([UNIT]);
    expect(units[0]?.contents).toContain(`\nExecStart=/usr/bin/coreos-cloudinit --from-url=${url}\n`);
    expect(units[0]?.contents).toContain('\nConditionKernelCommandLine=!cloud-config-url\n');
    expect(script).toContain(` cloud-config-url=${url} || goto kernel-again\n`);
    expect((await rooms.boot(url)).text).toBe(text);
  });
  it('gets it beside a default that does something else', async () => {
    const { units, config, script } = await booted(text, { default: OTHER });
    expect(units.map(({ name }) => name)).toEqual([UNIT]);
    expect(config.storage.files).toEqual([{ path: '/other' }]);
    expect(script).toContain(' cloud-config-url=');
  });
  it('is left to a default that fetches it', async () => {
    const { units, config, script, url } = await booted(text, { default: FETCHES });
    expect(units).toEqual([]);
    expect(config.storage.files[0].contents.source).toBe(`data:,${url}`);
    expect(script).not.toContain('cloud-config-url');
  });
  it('is not fetched where the profile says so, and that is told', async () => {
    const { units, script, entries } = await booted(text, { cloudInit: 'off', base: OTHER });
    expect(units).toEqual([]);
    expect(script).not.toContain('cloud-config-url');
    expect(entries).toMatchObject([
      { severity: 'warning', layer: 'user', path: '$', message: expect.stringMatching(/^it is not applied/) },
    ]);
  });
  it('boots by the legacy engine in spec 2', async () => {
    const { config, units } = await booted(text, { engine: 'legacy' });
    expect(config.ignition.version).toBe('2.1.0');
    expect(units.map(({ name }) => name)).toEqual([UNIT]);
    // Spec 2.0.0 would not know it.
    expect(config.systemd.units[0].enabled).toBe(true);
  });
});

it.each([
  ['an Ignition config', OTHER],
  ['nothing', ''],
])('%s gets no unit', async (_kind, text) => {
  const { units, script } = await booted(text, { base: OTHER });
  expect(units).toEqual([]);
  expect(script).not.toContain('cloud-config-url');
});

it.each([
  [{ cloudInit: 'off' }, true],
  [{ cloudInit: 'off', default: OTHER }, true],
  [{ cloudInit: 'off', default: FETCHES }, false],
  [{ cloudInit: 'on' }, false],
] as const)('a dry run of a profile with %j warns: %s', async (change, warns) => {
  const rooms = new MachineRooms(keys);
  const options = { dryRun: true, force: false, cursor: undefined };
  const changed = await rooms.stores.clock.until(changeProfile(rooms.room, 'p', change, options, NO_CHECK));
  const entries = changed.ok ? changed.value.entries : [];
  expect(entries.map(({ layer, message }) => [layer, message.split(',')[0]])).toEqual(
    warns ? [['default:p', 'cloudInit is off']] : [],
  );
  expect([...rooms.stores.memory.objects.keys()]).toEqual([]);
});

it('a hash over a text with the URL in it is refused', async () => {
  const rooms = new MachineRooms(keys);
  const hash = `sha512-${'0'.repeat(128)}`;
  const hashed = (source: string) => ({
    ignition: { version: '3.3.0' },
    storage: { files: [{ path: '/url', contents: { source, verification: { hash } } }] },
  });
  const change = (config: object) =>
    rooms.stores.clock.until(
      changeProfile(
        rooms.room,
        'p',
        { default: JSON.stringify(config) },
        { dryRun: false, force: true, cursor: undefined },
        NO_CHECK,
      ),
    );
  expect(await change(hashed('data:,{{cloud_config_url}}'))).toMatchObject({
    ok: false,
    error: { reason: 'invalid', entries: [{ path: 'storage.files.0.contents.verification.hash', layer: 'default:p' }] },
  });
  expect((await change(hashed('data:,x'))).ok).toBe(true);
});
