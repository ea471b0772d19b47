/**
 * A real machine boots from the edge: QEMU without KVM, Debian's iPXE ROM, a Debian kernel and the real Ignition. Three boots run wherever
 * Debian's packages are; `npm run boot` runs the whole table.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianParts, pxelinuxFiles } from '../../tools/boot/debian.ts';
import type { Fault } from '../../tools/boot/fault-proxy.ts';
import { bootGuest, MAC } from '../../tools/boot/machine.ts';
import { config } from '../support/machine-texts.ts';
import { type GuestEdge, INITRD, KERNEL, openGuestEdge } from './guest-edge.ts';
import { keepTranscript } from './transcript.ts';

const root = dirname(dirname(import.meta.dirname));
const isWhole = process.env['BOOT'] === 'all';
const parts = debianParts(join(root, 'dist', 'boot'));
if ('missing' in parts) console.log(`no guest can be booted here, for want of ${parts.missing}`);

describe.skipIf('missing' in parts)('a machine', { timeout: 300_000 }, () => {
  let guests: GuestEdge;
  let edge: GuestEdge['edge'];
  let proxy: GuestEdge['proxy'];
  let count = 0;

  beforeAll(async () => {
    if ('missing' in parts) return;
    const versions = ['4593.2.5', '4593.2.6'];
    const vars = { PUBLIC_URL: 'https://edge.example.org' };
    guests = await openGuestEdge(parts, { versions, mirrored: versions, vars });
    ({ edge, proxy } = guests);
    await pin('4593.2.5');
  }, 300_000);
  afterAll(async () => await guests?.stop());

  const pin = async (version: string) => {
    const body = JSON.stringify({ version });
    expect((await edge.api('/api/aliases/stable/amd64-usr/current', { method: 'PUT', body })).status).toBe(200);
  };

  const machine = (...what: Parameters<GuestEdge['machine']>) => guests.machine(...what);

  it('boots from R2 while upstream is gone, over http, and Ignition writes what base and user want', async () => {
    edge.upstream.rules = [{ path: '.', status: 500 }];
    const { id, folder, script } = await machine();
    const booted = await bootGuest(folder, script);
    edge.upstream.rules = [];
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(booted.serial).toMatch(/GUEST cmdline .* console=ttyS0 flatcar\.oem\.id=qemu/);
    expect([booted.file('/etc/base-wrote'), booted.file('/etc/user-wrote')]).toEqual(['from-base', 'from-user']);
    const shown = (await (await edge.api(`/api/machines/${id}`)).json()) as { state: string; lastBoot: object };
    expect(shown).toMatchObject({
      state: 'booted',
      lastBoot: { what: 'ignition', status: 200 },
    });
  });

  const fleet = async (body: object) => {
    count += 1;
    const name = `room-${count}`;
    const made = await edge.api(`/api/fleets/${name}`, { method: 'PUT', body: JSON.stringify(body) });
    const { urls } = (await made.json()) as { urls: { ipxe: string } };
    const { folder, script } = guests.guest(name, urls.ipxe);
    return { name, folder, script };
  };

  it('boots by the URL of a fleet: base, variables, identity and user data are on its disk', async () => {
    await edge.api('/api/profiles/rack', { method: 'PUT', body: '{"engine":"ignition","vars":{"rack":null}}' });
    const base = config('/etc/rack', '3.3.0', { contents: { source: 'data:,{{rack}}' } });
    await edge.api('/api/profiles/rack/base', { method: 'PUT', body: base });
    const { name, folder, script } = await fleet({ unknown: 'refuse' });
    const { id } = await machine(`&vars=rack%3D7&hostname=node-7&fleet=${name}&mac=${MAC}`, undefined, 'web,rack');
    const booted = await bootGuest(folder, script, { hasTwoCards: true });
    const paths = ['/etc/base-wrote', '/etc/rack', '/etc/hostname', '/etc/user-wrote'];
    const disk = Object.fromEntries(paths.map((path) => [path, booted.file(path).trim()]));
    keepTranscript(booted.serial, disk);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(disk).toEqual({
      '/etc/base-wrote': 'from-base',
      '/etc/rack': '7',
      '/etc/hostname': 'node-7',
      '/etc/user-wrote': 'from-user',
    });
    const shown = (await (await edge.api(`/api/machines/${id}`)).json()) as { lastBoot: object };
    expect(shown).toMatchObject({ lastBoot: { what: 'ignition', status: 200 } });
  });

  it.runIf(isWhole)('waits by the URL of a fleet until an operator says what it is', async () => {
    const { name, folder, script } = await fleet({ profiles: ['web'], kernelArgs: ['console=ttyS0'] });
    const key = `mac-${MAC.replaceAll(':', '-')}`;
    let isMade = false;
    const until = (serial: string) => {
      if (isMade || !serial.includes('waits for an operator')) return false;
      isMade = true;
      void edge.api(`/api/fleets/${name}/waiting/${key}`, { method: 'POST', body: '{"hostname":"node-1"}' });
      return false;
    };
    const booted = await bootGuest(folder, script, { until });
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect([booted.file('/etc/base-wrote'), booted.file('/etc/hostname').trim()]).toEqual(['from-base', 'node-1']);
  });

  it.runIf(isWhole)('goes on to its disk where a fleet refuses it', async () => {
    const { folder, script } = await fleet({ unknown: 'refuse' });
    const isOver = (serial: string) => /No bootable device|Boot failed|Booting from Hard/.test(serial);
    const booted = await bootGuest(folder, script, { until: isOver, withinMs: 90_000 });
    expect(booted.serial).toContain('this fleet takes no machine that it does not know');
    expect(isOver(booted.serial)).toBe(true);
  });

  it('never boots a tampered initrd', async () => {
    await edge.release(
      '4593.2.7',
      { [KERNEL]: readFileSync('missing' in parts ? '' : parts.kernel), [INITRD]: 3_000_000 },
      false,
    );
    const path = `stable/amd64-usr/4593.2.7/${INITRD}`;
    const bytes = Buffer.from(edge.upstream.files.get(path)?.bytes ?? '');
    bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1;
    edge.upstream.put(path, bytes);
    const { folder, script } = await machine('&version=4593.2.7');
    const isRefused = () => proxy.answered.some(({ path: asked, status }) => asked === `/${path}` && status === 502);
    const booted = await bootGuest(folder, script, { until: isRefused, withinMs: 120_000 });
    // What was spoilt breaks off at first. From then on the edge knows, and says 502 with Retry-After, which iPXE obeys.
    expect(booted.serial).toContain('Input/output error');
    expect(isRefused()).toBe(true);
    expect(booted.serial).not.toContain('GUEST');
    expect(booted.file('/etc/base-wrote')).toBe('');
  });

  const KERNEL_PATH = new RegExp(`/${KERNEL}$`);
  const INITRD_PATH = new RegExp(`/${INITRD.replaceAll('.', '\\.')}$`);

  it.runIf(isWhole)('gets kernel and initrd of one release, though current moves between them', async () => {
    await pin('4593.2.5');
    const { folder, script } = await machine();
    let isMoved = false;
    proxy.before(INITRD_PATH, async () => {
      if (!isMoved) await pin('4593.2.6');
      isMoved = true;
    });
    const booted = await bootGuest(folder, script);
    expect([isMoved, booted.serial]).toEqual([true, expect.stringContaining('GUEST initrd of 4593.2.5')]);
    expect(booted.serial).toContain('GUEST ignition files 0');
    await pin('4593.2.5');
  });

  it.runIf(isWhole)('gets the script anew after a minute: what it was to boot may have been taken back', async () => {
    const { folder, script } = await machine();
    proxy.spoil(INITRD_PATH, { kind: 'status', status: 404 }, 13);
    let scripts = 0;
    proxy.before(/\/ipxe$/, async () => {
      scripts += 1;
    });
    const booted = await bootGuest(folder, script, { withinMs: 280_000 });
    expect(scripts).toBe(2);
    // Nothing of the first attempt is left in memory: the initrd is one.
    expect(booted.serial).toContain('GUEST ignition files 0');
  });

  it.runIf(isWhole)('boots by PXELINUX', async () => {
    const files = pxelinuxFiles(join(root, 'dist', 'boot'));
    if ('missing' in files) throw new Error(files.missing);
    const { folder, script } = await machine();
    const { host, port, pathname } = new URL(script.replace(/ipxe$/, 'pxelinux'));
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: pathname, headers: { host } }, (answer) => {
        void answer.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()));
      });
      asked.once('error', reject);
      asked.end();
    });
    const booted = await bootGuest(folder, script, { pxelinux: { files, script: text } });
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(booted.file('/etc/user-wrote')).toBe('from-user');
  });

  const STEPS = { script: /\/ipxe$/, kernel: KERNEL_PATH, initrd: INITRD_PATH } as const;
  const FAULTS: readonly (readonly [string, Fault])[] = [
    ['a cut at half', { kind: 'cut' }],
    ['a 500', { kind: 'status', status: 500 }],
    ['a 502', { kind: 'status', status: 502 }],
    ['a 503', { kind: 'status', status: 503 }],
    ['12 s of silence', { kind: 'silence', milliseconds: 12_000 }],
  ];
  const rows = Object.entries(STEPS).flatMap(([step, path]) =>
    FAULTS.map(([name, fault]) => [name, step, path, fault] as const),
  );
  it.runIf(isWhole).each(rows)('boots in spite of %s at the %s', async (_name, _step, path, fault) => {
    const { folder, script } = await machine();
    proxy.spoil(path, fault, 1);
    const booted = await bootGuest(folder, script);
    expect(booted.serial).toContain('GUEST ignition files 0');
    expect(booted.file('/etc/user-wrote')).toBe('from-user');
  });
});
