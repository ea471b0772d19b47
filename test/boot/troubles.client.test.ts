/**
 * Real machines boot while something is wrong, or in another way than from the mirror: `npm run boot -- --all`. The same guest as in
 * boot.client, with an edge of its own.
 */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianParts } from '../../tools/boot/debian.ts';
import { bootGuest, MAC } from '../../tools/boot/machine.ts';
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

  it('whose URL was revoked boots nothing, iPXE says so, and its boots say why', async () => {
    const { id, folder, script } = await machine();
    const { edge } = guests;
    expect((await edge.api(`/api/machines/${id}/token`, { method: 'POST', body: '{"revoke":true}' })).status).toBe(200);
    const booted = await bootGuest(folder, script, {
      until: (serial) => serial.includes('HTTP 4xx'),
      withinMs: 90_000,
    });
    expect(booted.serial).toContain('HTTP 4xx Client Error');
    expect(booted.serial).not.toContain('GUEST');
    const shown = (await (await edge.api(`/api/machines/${id}`)).json()) as {
      boots: { status: number; reason: string }[];
    };
    expect(shown.boots[0]).toMatchObject({ status: 410, reason: 'revoked' });
  });

  it('for one boot boots once by the URL of its fleet, and goes on to its disk when it is done', async () => {
    const { edge } = guests;
    const made = await edge.api('/api/fleets/room', { method: 'PUT', body: '{"unknown":"refuse"}' });
    const { urls } = (await made.json()) as { urls: { ipxe: string } };
    const { script } = await machine(`&fleet=room&mac=${MAC}&once=1`);
    const first = guests.guest('once', urls.ipxe);
    const booted = await bootGuest(first.folder, first.script);
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
    const done = new URL(script.replace(/ipxe$/, 'done')).pathname;
    expect((await fetch(`${edge.url}${done}`, { method: 'POST' })).status).toBe(204);
    const second = guests.guest('once-again', urls.ipxe);
    const isOnItsDisk = (serial: string) => /No bootable device|Boot failed|Booting from Hard/.test(serial);
    const again = await bootGuest(second.folder, second.script, { until: isOnItsDisk, withinMs: 90_000 });
    expect(again.serial).toContain('this boot URL was for one boot, which it has had');
    expect(again.serial).not.toContain('GUEST');
    expect(isOnItsDisk(again.serial)).toBe(true);
  });
});
