/** The iPXE script of a machine. No I/O. */
import type { Machine } from '../records/model.ts';

/**
 * Returns a script that boots the kernel and initrd of the machine's release from this mirror. The kernel gets the URL
 * of the config (flatcar.org/docs/latest/installing/bare-metal/booting-with-ipxe).
 */
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
