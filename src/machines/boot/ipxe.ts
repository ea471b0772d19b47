/** The iPXE script of a machine. No I/O. */
import type { Machine } from '../records/model.ts';

/**
 * Returns a script that boots the kernel and initrd of the machine's release from this mirror. The kernel gets the URL
 * of the config (flatcar.org/docs/latest/installing/bare-metal/booting-with-ipxe), and that of the cloud-config where
 * there is one to be fetched: Flatcar's user-cloudinit-proc-cmdline.service reads it.
 */
export function ipxeScript(
  machine: Pick<Machine, 'channel' | 'board' | 'version'>,
  origin: string,
  configUrl: string,
  cloudConfigUrl?: string,
): string {
  const { channel, board, version } = machine;
  const kernel = 'flatcar_production_pxe.vmlinuz';
  const initrd = 'flatcar_production_pxe_image.cpio.gz';
  const cloudConfig = cloudConfigUrl === undefined ? '' : ` cloud-config-url=${cloudConfigUrl}`;
  return [
    '#!ipxe',
    `set base-url ${origin}/${channel}/${board}/${version}`,
    `kernel \${base-url}/${kernel} initrd=${initrd} flatcar.first_boot=1 ignition.config.url=${configUrl}${cloudConfig}`,
    `initrd \${base-url}/${initrd}`,
    'boot',
    '',
  ].join('\n');
}
