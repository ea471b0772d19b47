/** Makes the initrd of a guest: BusyBox, the modules of a virtual machine, the real Ignition, and a script that runs it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { DebianParts } from './debian.ts';

/** Each needs the ones before it. */
const MODULES = [
  ...['drivers/virtio/virtio_ring', 'drivers/virtio/virtio', 'drivers/virtio/virtio_pci_legacy_dev'],
  ...['drivers/virtio/virtio_pci_modern_dev', 'drivers/virtio/virtio_pci', 'net/core/failover'],
  ...['drivers/net/net_failover', 'drivers/net/virtio_net', 'drivers/block/virtio_blk'],
];

/** Ignition wants to know how the files are to be labelled, and finds no SELinux here. */
const init = (release: string): string => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/ttyS0
echo "GUEST initrd of ${release}"
echo "GUEST cmdline $(cat /proc/cmdline)"
for module in ${MODULES.map((path) => basename(path)).join(' ')}; do insmod /modules/$module.ko; done
ip link set lo up
# The first card may have no cable: the one that is given an address is the one.
isUp=
for round in 1 2 3 4; do
  for card in /sys/class/net/eth*; do
    [ -n "$isUp" ] && break 2
    ip link set $\{card##*/} up
    udhcpc -i $\{card##*/} -s /dhcp.sh -n -q -t 5 -T 1 && isUp=yes
  done
done
[ -n "$isUp" ] || echo "GUEST has no address"
mount -t ext4 /dev/vda /sysroot
mkdir -p /sysroot/etc/selinux /run/ignition
printf 'SELINUX=disabled\nSELINUXTYPE=targeted\n' >/sysroot/etc/selinux/config
for stage in fetch files; do
  /ignition --platform=metal --root=/sysroot --config-cache=/run/ignition.json --stage=$stage --log-to-stdout
  code=$?
  echo "GUEST ignition $stage $code"
  [ $code = 0 ] || break
done
umount /sysroot
sync
echo "GUEST is done"
poweroff -f
`;

const DHCP = `#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip addr add $ip/24 dev $interface
ip route add default via $router
`;

/** There is no SELinux in the guest, and Ignition calls this all the same. */
const SETFILES = '#!/bin/busybox sh\nexit 0\n';

/** Returns the gzipped cpio archive of a guest that says which `release` it is of. */
export function makeInitrd(parts: DebianParts, release: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-guest-'));
  try {
    const put = (source: string, target: string) => {
      mkdirSync(dirname(join(folder, target)), { recursive: true });
      copyFileSync(source, join(folder, target));
    };
    const script = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), 0o755);
    };
    for (const name of ['bin', 'proc', 'sys', 'dev', 'sysroot', 'run', 'tmp', 'etc'])
      mkdirSync(join(folder, name), { recursive: true });
    put(parts.busybox, 'bin/busybox');
    put(parts.ignition, 'ignition');
    for (const library of librariesOf(parts.ignition)) put(library, library);
    for (const path of MODULES) put(join(parts.modules, `${path}.ko`), `modules/${basename(path)}.ko`);
    script('init', init(release));
    script('dhcp.sh', DHCP);
    script('bin/setfiles', SETFILES);
    execFileSync('bash', ['-c', 'find . | cpio -o -H newc --quiet | gzip -1 >archive'], { cwd: folder });
    return readFileSync(join(folder, 'archive'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function librariesOf(program: string): string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...listed.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path = '']) => path);
}
