/** The iPXE script of a machine. No I/O. */
import type { Machine } from '../records/model.ts';

/** Kernel and initrd of the machine's release from this mirror, and its config's URL (flatcar.org, booting with iPXE). */
export function ipxeScript(machine: Pick<Machine, 'channel' | 'board' | 'version'>, origin: string, configUrl: string) {
  const { channel, board, version } = machine;
  const kernel = 'flatcar_production_pxe.vmlinuz';
  const initrd = 'flatcar_production_pxe_image.cpio.gz';
  return [
    '#!ipxe',
    `set base-url ${origin}/${channel}/${board}/${version}`,
    `kernel \${base-url}/${kernel} initrd=${initrd} flatcar.first_boot=1 ignition.config.url=${configUrl}`,
    `initrd \${base-url}/${initrd}`,
    'boot',
    '',
  ].join('\n');
}
