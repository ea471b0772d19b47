/**
 * Real machines boot while something is wrong, or in another way than from the mirror: `npm run boot -- --all`. The same guest as in
 * boot.client, with an edge of its own.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianParts } from '../../tools/boot/debian.ts';
import { type FaultProxy, startFaultProxy } from '../../tools/boot/fault-proxy.ts';
import { makeInitrd } from '../../tools/boot/guest.ts';
import { bootGuest } from '../../tools/boot/machine.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type RunningEdge, runEdge } from '../support/running-edge.ts';

const root = dirname(dirname(import.meta.dirname));
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';
const PASSED = '4593.2.6';
const isWhole = process.env['BOOT'] === 'all';
const parts = debianParts(join(root, 'dist', 'boot'));

describe.skipIf('missing' in parts || !isWhole)('a machine', { timeout: 300_000 }, () => {
  let edge: RunningEdge;
  let proxy: FaultProxy;
  let count = 0;

  beforeAll(async () => {
    if ('missing' in parts) return;
    edge = await runEdge({
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL},${INITRD}`,
    });
    const kernel = readFileSync(parts.kernel);
    for (const version of ['4593.2.5', PASSED])
      await edge.release(version, { [KERNEL]: kernel, [INITRD]: makeInitrd(parts, version) }, version === '4593.2.5');
    await edge.api('/api/mirrors/stable/amd64-usr/4593.2.5', { method: 'PUT' });
    expect((await edge.ended('4593.2.5')).state).toBe('complete');
    for (const layer of ['base', 'default'] as const) {
      const body = config(`/etc/${layer}-wrote`, '3.3.0', { contents: { source: `data:,from-${layer}` } });
      expect((await edge.api(`/api/profiles/web/${layer}`, { method: 'PUT', body })).status).toBe(200);
    }
    proxy = await startFaultProxy(Number(new URL(edge.url).port));
  }, 300_000);
  afterAll(async () => {
    await proxy?.close();
    await edge?.stop();
  });

  const USER = config('/etc/user-wrote', '3.3.0', { contents: { source: 'data:,from-user' } });
  async function machine(body = USER, query = '', version = '4593.2.5') {
    count += 1;
    const id = `vm-${count}`;
    const path = `/api/machines/${id}?profile=web&version=${version}&kernel_arg=console=ttyS0${query}`;
    const issued = (await (await edge.api(path, { method: 'PUT', body })).json()) as Issued;
    const folder = join(edge.folder, id);
    mkdirSync(folder);
    return { id, folder, script: `http://10.0.2.2:${proxy.port}${new URL(issued.urls.ipxe).pathname}` };
  }
  const wrote = (booted: Awaited<ReturnType<typeof bootGuest>>) =>
    ['base', 'user', 'default'].map((layer) => booted.file(`/etc/${layer}-wrote`));

  it('boots a release that is not mirrored, and is verified on its way', async () => {
    const { folder, script } = await machine(USER, '', PASSED);
    const booted = await bootGuest(folder, script);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
  });

  it('with a cloud-config gets base and default by Ignition, and the URL of the cloud-config', async () => {
    const { folder, script } = await machine('#cloud-config\nhostname: node-1\n');
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
    expect((await edge.api(`/api/machines/${id}/token`, { method: 'POST', body: '{"revoke":true}' })).status).toBe(200);
    const booted = await bootGuest(folder, script, { until: isOnItsDisk, withinMs: 90_000 });
    expect(booted.serial).toMatch(/revoked/);
    expect(booted.serial).not.toContain('GUEST');
    expect(isOnItsDisk(booted.serial)).toBe(true);
  });

  it('for one boot boots once, and goes on to its disk when it is done', async () => {
    const { id, folder, script } = await machine(USER, '&once=1');
    const booted = await bootGuest(folder, script);
    expect(wrote(booted)).toEqual(['from-base', 'from-user', '']);
    const done = await fetch(script.replace(/^http:\/\/10\.0\.2\.2:\d+/, edge.url).replace(/ipxe$/, 'done'), {
      method: 'POST',
    });
    expect(done.status).toBe(204);
    const again = join(edge.folder, `${id}-again`);
    mkdirSync(again);
    const second = await bootGuest(again, script, { until: isOnItsDisk, withinMs: 90_000 });
    expect(second.serial).not.toContain('GUEST');
    expect(isOnItsDisk(second.serial)).toBe(true);
  });
});
