/**
 * Real machines boot while something is wrong, or in another way than from the mirror: `npm run boot -- --all`. The same guest as in
 * boot.client, with an edge of its own.
 */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianParts } from '../../tools/boot/debian.ts';
import { bootGuest } from '../../tools/boot/machine.ts';
import { config } from '../support/machine-texts.ts';
import { type GuestEdge, openGuestEdge } from './guest-edge.ts';

const root = dirname(dirname(import.meta.dirname));
const MIRRORED = '4593.2.5';
const PASSED = '4593.2.6';
const isWhole = process.env['BOOT'] === 'all';
const parts = debianParts(join(root, 'dist', 'boot'));

describe.skipIf('missing' in parts || !isWhole)('a machine', { timeout: 300_000 }, () => {
  let guests: GuestEdge;

  beforeAll(async () => {
    if ('missing' in parts) return;
    guests = await openGuestEdge(parts, { versions: [MIRRORED, PASSED], mirrored: [MIRRORED] });
    const body = config('/etc/default-wrote', '3.3.0', { contents: { source: 'data:,from-default' } });
    expect((await guests.edge.api('/api/profiles/web/default', { method: 'PUT', body })).status).toBe(200);
  }, 300_000);
  afterAll(async () => await guests?.stop());

  const machine = (query = '', body?: string) => guests.machine(`&version=${MIRRORED}${query}`, body);
  const wrote = (booted: Awaited<ReturnType<typeof bootGuest>>) =>
    ['base', 'user', 'default'].map((layer) => booted.file(`/etc/${layer}-wrote`));

  it('boots a release that is not mirrored, and is verified on its way', async () => {
    const { folder, script } = await guests.machine(`&version=${PASSED}`);
    const booted = await bootGuest(folder, script);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
  });

  it('with a cloud-config gets base and default by Ignition, and the URL of the cloud-config', async () => {
    const { folder, script } = await machine('', '#cloud-config\nhostname: node-1\n');
    const booted = await bootGuest(folder, script);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(booted.serial).toMatch(/GUEST cmdline .*cloud-config-url=\S+\/cloud-config/);
    expect(wrote(booted)).toEqual(['from-base', '', 'from-default']);
  });

  it.each([
    ['the edge is down for its first 30 s', { kind: 'down' }, 30_000],
    ['the stores prove nothing for 20 s', { kind: 'status', status: 503 }, 20_000],
  ] as const)('boots though %s', async (_what, fault, milliseconds) => {
    const { folder, script } = await machine();
    const { proxy } = guests;
    const end = proxy.spoil(/./, fault, Number.POSITIVE_INFINITY);
    const before = proxy.answered.length;
    const timer = setTimeout(end, milliseconds);
    const booted = await bootGuest(folder, script, { withinMs: 280_000 });
    clearTimeout(timer);
    expect(proxy.answered.slice(before).filter(({ status }) => status !== 200).length).toBeGreaterThan(0);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
  });

  const isOnItsDisk = (serial: string) => /No bootable device|Boot failed|Booting from Hard/.test(serial);

  it('whose URL was revoked boots nothing, and says why', async () => {
    const { id, folder, script } = await machine();
    expect(
      (await guests.edge.api(`/api/machines/${id}/token`, { method: 'POST', body: '{"revoke":true}' })).status,
    ).toBe(200);
    const booted = await bootGuest(folder, script, { until: isOnItsDisk, withinMs: 90_000 });
    expect(booted.serial).toMatch(/revoked/);
    expect(booted.serial).not.toContain('GUEST');
    expect(isOnItsDisk(booted.serial)).toBe(true);
  });

  it('for one boot boots once, and goes on to its disk when it is done', async () => {
    const { id, folder, script } = await machine('&once=1');
    const booted = await bootGuest(folder, script);
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
    const done = await fetch(script.replace(/^http:\/\/10\.0\.2\.2:\d+/, guests.edge.url).replace(/ipxe$/, 'done'), {
      method: 'POST',
    });
    expect(done.status).toBe(204);
    const again = guests.guest(`${id}-again`, script);
    const second = await bootGuest(again.folder, script, { until: isOnItsDisk, withinMs: 90_000 });
    expect(second.serial).not.toContain('GUEST');
    expect(isOnItsDisk(second.serial)).toBe(true);
  });
});
