/** The script that a machine boots by: kernel and initrd of its release, and the URL of its config. */
import { expect, it } from 'vitest';
import { ipxeScript } from '../../src/machines/boot/ipxe.ts';

it.each([
  ['4593.2.5', 'stable', 'amd64-usr'],
  ['current-2024', 'lts', 'arm64-usr'],
])('of release %s', (version, channel, board) => {
  const configUrl = 'https://edge.example/boot/vm.e.n.0.mac/ignition';
  expect(ipxeScript({ channel, board, version }, 'https://edge.example', configUrl).split('\n')).toEqual([
    '#!ipxe',
    `set base-url https://edge.example/${channel}/${board}/${version}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE fills this in
    'kernel ${base-url}/flatcar_production_pxe.vmlinuz ' +
      `initrd=flatcar_production_pxe_image.cpio.gz flatcar.first_boot=1 ignition.config.url=${configUrl}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE fills this in
    'initrd ${base-url}/flatcar_production_pxe_image.cpio.gz',
    'boot',
    '',
  ]);
});
