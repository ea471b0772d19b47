/** A virtual machine without KVM: Debian's iPXE ROM loads a script by TFTP, which chains to the script of the edge. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Booted {
  /** What the firmware and the guest wrote on the serial port. */
  readonly serial: string;
  /** Returns the text of a file on the guest's disk; empty where it has none of that name. */
  file(path: string): string;
}

const DISK_BYTES = 64 * 1024 * 1024;
const PATH = `/usr/sbin:/sbin:${process.env['PATH'] ?? ''}`;

/** Returns what a TFTP server hands out: a boot URL may be long for DHCP, and a lost answer must not end the boot. */
export const chainScript = (url: string): string => `#!ipxe
:again
chain --replace --autofree ${url} || goto later
:later
sleep 3
goto again
`;

/** The address of the card that the guest boots by, and of one that is not plugged in. */
export const MAC = '52:54:00:12:34:56';
const UNPLUGGED = '52:54:00:12:34:55';

interface GuestOptions {
  readonly withinMs?: number;
  readonly until?: (serial: string) => boolean;
  /** Has a first network card that no cable is in, and boots by its second one. */
  readonly hasTwoCards?: boolean;
  /** Boots by PXELINUX in the place of a chained script: its files, and the text of its configuration. */
  readonly pxelinux?: { readonly files: readonly string[]; readonly script: string };
}

/**
 * Boots a guest by the script at `url`, and returns when it has switched itself off, when `until` says that it has seen enough, or
 * after `withinMs`. The host is 10.0.2.2 to the guest.
 */
export async function bootGuest(
  folder: string,
  url: string,
  { withinMs = 180_000, until, pxelinux, hasTwoCards = false }: GuestOptions = {},
): Promise<Booted> {
  const tftp = join(folder, 'tftp');
  const disk = join(folder, 'disk.img');
  mkdirSync(tftp, { recursive: true });
  writeFileSync(join(tftp, 'chain.ipxe'), chainScript(url));
  for (const file of pxelinux?.files ?? []) copyFileSync(file, join(tftp, basename(file)));
  mkdirSync(join(tftp, 'pxelinux.cfg'), { recursive: true });
  writeFileSync(join(tftp, 'pxelinux.cfg', 'default'), `SERIAL 0\n${pxelinux?.script ?? ''}`);
  const bootFile = basename(pxelinux?.files[0] ?? 'chain.ipxe');
  writeFileSync(disk, '');
  truncateSync(disk, DISK_BYTES);
  const env = { ...process.env, PATH };
  execFileSync('mkfs.ext4', ['-q', '-F', disk], { env });
  const guest = spawn(
    'qemu-system-x86_64',
    [
      // Without a screen, SeaBIOS shows on the serial port what the firmware writes: a boot that ends there says why.
      ...['-accel', 'tcg', '-m', '768', '-nodefaults', '-no-reboot', '-nographic', '-serial', 'stdio'],
      ...['-boot', 'n', '-drive', `file=${disk},if=virtio,format=raw`],
      ...['-netdev', `user,id=n,tftp=${tftp},bootfile=${bootFile}`],
      ...(hasTwoCards ? ['-device', `virtio-net-pci,mac=${UNPLUGGED}`] : []),
      ...['-device', `virtio-net-pci,netdev=n,mac=${MAC},bootindex=0`],
    ],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let serial = '';
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => guest.kill('SIGKILL'), withinMs);
    guest.stdout.on('data', (chunk: Buffer) => {
      serial += chunk.toString('latin1');
    });
    const watch = setInterval(() => {
      if (until?.(serial) === true) guest.kill('SIGKILL');
    }, 500);
    guest.once('exit', () => {
      clearTimeout(timer);
      clearInterval(watch);
      resolve();
    });
  });
  return {
    serial,
    file: (path) =>
      execFileSync('debugfs', ['-R', `cat ${path}`, disk], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
  };
}
