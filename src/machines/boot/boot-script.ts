/** The scripts by which firmware boots a machine: for iPXE, GRUB and PXELINUX. No I/O. */

export const SCRIPTS = ['ipxe', 'grub', 'pxelinux'] as const;
export type Script = (typeof SCRIPTS)[number];

/** What a script boots. */
export interface BootScript {
  /** The scheme and host that the script was asked with: stock iPXE has no TLS, and firmware knows no other name. */
  readonly origin: string;
  readonly channel: string;
  readonly board: string;
  /** A number and never an alias: kernel and initrd must be of one release, and an alias may move between them. */
  readonly version: string;
  readonly configUrl: string;
  /** Where this script itself comes from. */
  readonly scriptUrl: string;
  readonly cloudConfigUrl: string | undefined;
  /** Where the initrd gets system extensions from; undefined: from Flatcar's own host. */
  readonly updatesUrl: string | undefined;
  /** The arguments of the profile and of the machine, in order. */
  readonly kernelArgs: readonly string[];
}

const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';
/** Of an x86 kernel: `cmdline_size` in Documentation/arch/x86/boot.rst of Linux. */
export const MOST_LINE_BYTES = 2047;

/**
 * Returns the kernel's command line. The kernel gets the URL of the config
 * (flatcar.org/docs/latest/installing/bare-metal/booting-with-ipxe), and that of the cloud-config where there is one to be
 * fetched: Flatcar's user-cloudinit-proc-cmdline.service reads it. With EFI, the stub finds the initrd by its name.
 */
export const kernelLine = (boot: LineParts): string => `initrd=${INITRD} ${lineWithoutInitrd(boot)}`;

type LineParts = Pick<BootScript, 'configUrl' | 'cloudConfigUrl' | 'updatesUrl' | 'kernelArgs'>;

/** bootengine's download_sysext (https://github.com/flatcar/bootengine/pull/112). An operator may name another server. */
const UPDATES_ARGUMENT = 'flatcar.release_file_server_url=';

function lineWithoutInitrd({ configUrl, cloudConfigUrl, updatesUrl, kernelArgs }: LineParts): string {
  const isNamed = kernelArgs.some((argument) => argument.startsWith(UPDATES_ARGUMENT));
  const updates = updatesUrl === undefined || isNamed ? [] : [`${UPDATES_ARGUMENT}${updatesUrl}`];
  const cloudConfig = cloudConfigUrl === undefined ? [] : [`cloud-config-url=${cloudConfigUrl}`];
  return ['flatcar.first_boot=1', `ignition.config.url=${configUrl}`, ...cloudConfig, ...updates, ...kernelArgs].join(
    ' ',
  );
}

/** Returns the script in the language of `script`. */
export function bootScript(script: Script, boot: BootScript): string {
  const lines = { ipxe, grub, pxelinux }[script](boot);
  return [...lines, ''].join('\n');
}

/**
 * iPXE takes a connection that breaks off, and every 5xx without `Retry-After`, as final (core/downloader.c and
 * net/tcp/httpcore.c of iPXE). So the script itself tries again, and every minute gets itself anew: its release may have been
 * taken back meanwhile. What an earlier script has loaded must not become a part of the initrd.
 */
function ipxe(boot: BootScript): string[] {
  return [
    '#!ipxe',
    'imgfree',
    'set tries:int32 0',
    `set base-url ${filesOf(boot)}`,
    ':kernel',
    `kernel \${base-url}/${KERNEL} ${kernelLine(boot)} || goto kernel-again`,
    ':initrd',
    `initrd \${base-url}/${INITRD} || goto initrd-again`,
    'boot',
    ':kernel-again',
    ...wait('kernel', boot),
    ':initrd-again',
    ...wait('initrd', boot),
  ];
}

const MOST_TRIES = 12;
const wait = (label: string, { scriptUrl }: BootScript): string[] => [
  'sleep 5',
  'inc tries',
  `iseq \${tries} ${MOST_TRIES} || goto ${label}`,
  'set tries:int32 0',
  `chain --replace --autofree ${scriptUrl} || goto ${label}`,
];

/** GRUB reads `(http,host)/path`; it has no TLS. Each argument is quoted, because `;`, `{` and `&` mean something to GRUB. */
function grub(boot: BootScript): string[] {
  const { protocol, host, pathname } = new URL(filesOf(boot));
  const files = `(${protocol.slice(0, -1)},${host})${pathname}`;
  const line = kernelLine(boot).split(' ').map(grubQuoted).join(' ');
  return [
    'set timeout=0',
    `menuentry 'Flatcar Container Linux ${boot.channel} ${boot.version} ${boot.board}' {`,
    `  until linux ${files}/${KERNEL} ${line}; do sleep 5; done`,
    `  until initrd ${files}/${INITRD}; do sleep 5; done`,
    '}',
  ];
}

const grubQuoted = (text: string): string => `'${text}'`;

/**
 * PXELINUX fetches by HTTP as lpxelinux.0 (SYSLINUX 5 and later). It has no way to try again. It loads what the first `initrd=` of
 * the line names, and adds one for INITRD behind ours, so ours has none (com32/elflink/ldlinux/kernel.c).
 */
function pxelinux(boot: BootScript): string[] {
  const files = filesOf(boot);
  return [
    'DEFAULT flatcar',
    'PROMPT 0',
    'LABEL flatcar',
    `  KERNEL ${files}/${KERNEL}`,
    `  INITRD ${files}/${INITRD}`,
    `  APPEND ${lineWithoutInitrd(boot)}`,
  ];
}

const filesOf = ({ origin, channel, board, version }: BootScript): string => `${origin}/${channel}/${board}/${version}`;
