/** What Debian brings for a boot: QEMU with an iPXE ROM, Ignition, BusyBox, and a kernel, which is unpacked and not installed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAMS = ['qemu-system-x86_64', 'cpio', 'gzip', 'mkfs.ext4', 'debugfs', 'dpkg-deb', 'ldd'];
const FILES = {
  busybox: '/usr/bin/busybox',
  ignition: '/usr/lib/dracut/modules.d/30ignition/ignition',
  rom: '/usr/lib/ipxe/qemu/efi-virtio.rom',
} as const;
/** Small, and with all that a virtual machine needs as modules. */
const KERNEL = 'linux-image-cloud-amd64';

export interface DebianParts {
  readonly busybox: string;
  readonly ignition: string;
  readonly kernel: string;
  /** The folder of modules of that kernel. */
  readonly modules: string;
}

/** Returns the parts, with the kernel unpacked below `cache`; or why this machine cannot boot a guest. */
export function debianParts(cache: string): DebianParts | { readonly missing: string } {
  const lacking = [
    ...PROGRAMS.filter((program) => !isThere(program)),
    ...Object.values(FILES).filter((path) => !existsSync(path)),
  ];
  if (lacking.length > 0)
    return { missing: `${lacking.join(', ')}: apt-get install qemu-system-x86 ipxe-qemu busybox-static cpio ignition` };
  const unpacked = join(cache, 'kernel');
  const fault = unpack(cache, unpacked, kernelPackage);
  if (fault !== undefined) return { missing: `a kernel: ${fault}` };
  const [image] = readdirSync(join(unpacked, 'boot')).filter((name) => name.startsWith('vmlinuz-'));
  const release = image?.replace('vmlinuz-', '') ?? '';
  return {
    ...FILES,
    kernel: join(unpacked, 'boot', image ?? ''),
    modules: join(unpacked, 'lib', 'modules', release, 'kernel'),
  };
}

function isThere(program: string): boolean {
  return ['/usr/sbin', '/sbin', ...(process.env['PATH'] ?? '').split(':')].some((folder) =>
    existsSync(join(folder, program)),
  );
}

/** Returns the parts for Ignition without a guest, with nginx unpacked below `cache`; or why this machine cannot run it. */
export function ignitionParts(cache: string): { ignition: string; nginx: string } | { readonly missing: string } {
  const lacking = [
    ...['unshare', 'mount', 'ip', 'apt-get', 'dpkg-deb'].filter((program) => !isThere(program)),
    ...(existsSync(FILES.ignition) ? [] : [FILES.ignition]),
  ];
  if (lacking.length > 0) return { missing: `${lacking.join(', ')}: apt-get install ignition iproute2` };
  try {
    execFileSync('unshare', ['-m', '-n', '-p', '-f', 'true'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (cause) {
    return { missing: `namespaces (${firstLine(cause)})` };
  }
  const unpacked = join(cache, 'nginx');
  // It is not installed, because an installed one is started.
  const fault = unpack(cache, unpacked, () => 'nginx');
  if (fault !== undefined) return { missing: `nginx: ${fault}` };
  return { ignition: FILES.ignition, nginx: join(unpacked, 'usr', 'sbin', 'nginx') };
}

/** Returns the files that PXELINUX boots by, unpacked below `cache`; or why they cannot be had. */
export function pxelinuxFiles(cache: string): readonly string[] | { readonly missing: string } {
  for (const name of ['pxelinux', 'syslinux-common']) {
    const fault = unpack(cache, join(cache, name), () => name);
    if (fault !== undefined) return { missing: `${name}: ${fault}` };
  }
  return [
    join(cache, 'pxelinux', 'usr', 'lib', 'PXELINUX', 'lpxelinux.0'),
    join(cache, 'syslinux-common', 'usr', 'lib', 'syslinux', 'modules', 'bios', 'ldlinux.c32'),
  ];
}

/** Returns the name of the package that `linux-image-cloud-amd64` stands for. */
function kernelPackage(): string {
  const depends = execFileSync('apt-cache', ['depends', KERNEL], { encoding: 'utf8' });
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`Debian has no ${KERNEL}`);
  return name;
}

/** Unpacks a package of Debian's below `unpacked`, once. Returns why it could not. */
function unpack(cache: string, unpacked: string, packageName: () => string): string | undefined {
  if (existsSync(unpacked)) return undefined;
  // Each process has a folder of its own: two test files may want the same package.
  const folder = join(cache, `download-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('apt-get', ['download', '-q', packageName()], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const [archive] = readdirSync(folder);
    execFileSync('dpkg-deb', ['-x', join(folder, archive ?? ''), join(folder, 'unpacked')]);
    renameSync(join(folder, 'unpacked'), unpacked);
    return undefined;
  } catch (cause) {
    return existsSync(unpacked) ? undefined : `it cannot be had from Debian (${firstLine(cause)})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const firstLine = (cause: unknown): string =>
  String(cause instanceof Error ? cause.message : cause).split('\n')[0] ?? '';
