/** The scripts that firmware boots by: kernel and initrd of one release, the URL of the config, and what is tried again. */
import { describe, expect, it } from 'vitest';
import { bootScript, kernelLine } from '../../src/machines/boot/boot-script.ts';
import { kernelArgFault } from '../../src/machines/boot/kernel-args.ts';

const configUrl = 'http://edge.example/boot/vm.e.n.0.mac/ignition';
const boot = {
  ...{ origin: 'http://edge.example', channel: 'stable', board: 'amd64-usr', version: '4593.2.5' },
  ...{ configUrl, cloudConfigUrl: undefined, updatesUrl: undefined, kernelArgs: [] },
  scriptUrl: 'http://edge.example/boot/vm.e.n.0.mac/ipxe',
};
const OWN = `flatcar.first_boot=1 ignition.config.url=${configUrl}`;
const LINE = `initrd=flatcar_production_pxe_image.cpio.gz ${OWN}`;
const FILES = 'http://edge.example/stable/amd64-usr/4593.2.5';

it('is of iPXE', () => {
  expect(bootScript('ipxe', boot).split('\n')).toEqual([
    ...['#!ipxe', 'imgfree', 'set tries:int32 0'],
    `set base-url ${FILES}`,
    ':kernel',
    `kernel \${base-url}/flatcar_production_pxe.vmlinuz ${LINE} || goto kernel-again`,
    ':initrd',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE fills this in
    'initrd ${base-url}/flatcar_production_pxe_image.cpio.gz || goto initrd-again',
    'boot',
    ...[':kernel-again', 'sleep 5', 'inc tries', ...anew('kernel')],
    ...[':initrd-again', 'sleep 5', 'inc tries', ...anew('initrd'), ''],
  ]);
});

const anew = (label: string) => [
  `iseq $\{tries} 12 || goto ${label}`,
  'set tries:int32 0',
  `chain --replace --autofree http://edge.example/boot/vm.e.n.0.mac/ipxe || goto ${label}`,
];

it('is of GRUB, each argument in quotes', () => {
  const line = LINE.split(' ').map((text) => `'${text}'`);
  const kernelArgs = ['console=ttyS0,115200', 'a;b{c}&d'];
  expect(bootScript('grub', { ...boot, kernelArgs, origin: 'http://edge.example:8080' }).split('\n')).toEqual([
    'set timeout=0',
    "menuentry 'Flatcar Container Linux stable 4593.2.5 amd64-usr' {",
    `  until linux (http,edge.example:8080)/stable/amd64-usr/4593.2.5/flatcar_production_pxe.vmlinuz ${[...line, "'console=ttyS0,115200'", "'a;b{c}&d'"].join(' ')}; do sleep 5; done`,
    '  until initrd (http,edge.example:8080)/stable/amd64-usr/4593.2.5/flatcar_production_pxe_image.cpio.gz; do sleep 5; done',
    ...['}', ''],
  ]);
});

it('is of PXELINUX, which loads what the first initrd= of the line names, and adds its own', () => {
  expect(bootScript('pxelinux', boot).split('\n')).toEqual([
    ...['DEFAULT flatcar', 'PROMPT 0', 'LABEL flatcar'],
    `  KERNEL ${FILES}/flatcar_production_pxe.vmlinuz`,
    `  INITRD ${FILES}/flatcar_production_pxe_image.cpio.gz`,
    `  APPEND ${OWN}`,
    '',
  ]);
});

it('has the cloud-config before what the operator adds', () => {
  const cloudConfigUrl = 'http://edge.example/boot/vm.e.n.0.mac/cloud-config';
  const kernelArgs = ['flatcar.oem.id=openstack', 'console=ttyS0'];
  expect(kernelLine({ ...boot, cloudConfigUrl, kernelArgs })).toBe(
    `${LINE} cloud-config-url=${cloudConfigUrl} flatcar.oem.id=openstack console=ttyS0`,
  );
});

it('names this service for system extensions where they are here, unless the operator names another', () => {
  const updatesUrl = 'http://edge.example/update';
  expect(kernelLine({ ...boot, updatesUrl })).toBe(`${LINE} flatcar.release_file_server_url=${updatesUrl}`);
  const kernelArgs = ['flatcar.release_file_server_url=http://other.example/'];
  expect(kernelLine({ ...boot, updatesUrl, kernelArgs })).toBe(`${LINE} ${kernelArgs[0]}`);
});

describe('a kernel argument', () => {
  it.each(['console=ttyS0,115200n8', 'flatcar.oem.id=qemu', 'quiet', 'dyndbg="file"', 'a=$b', 'x=`id`', '--'])(
    'may be %s',
    (text) => expect(kernelArgFault(text)).toBeUndefined(),
  );
  it.each([
    ['', /empty/],
    ['a b', /without spaces/],
    ['a\nb', /without spaces/],
    ['a\u00a0b', /without spaces/],
    ['é', /printable ASCII/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE would fill this in
    ['a=${net0/mac}', /iPXE would replace/],
    ["a='b'", /GRUB/],
    ['a="b', /joins arguments/],
    ['"initrd=x"', /joins arguments/],
    ['||', /joins commands/],
    ['&&', /joins commands/],
    [';', /joins commands/],
    ['#', /comment/],
    ['#note', /comment/],
    ['=x', /name/],
    ['initrd=other', /set by the boot script/],
    ['ignition.config.url=http://evil.example/', /set by the boot script/],
    ['flatcar.first_boot', /set by the boot script/],
    ['cloud-config-url=x', /set by the boot script/],
    ['cloud_config_url=x', /set by the boot script/],
    ['flatcar.first-boot', /set by the boot script/],
  ])('may not be %j', (text, message) => expect(kernelArgFault(text)).toMatch(message));
});
