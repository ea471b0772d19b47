/** Writes the shell commands of the public page for one host and one stream. No I/O. */
import type { Pair } from '../../releases/model.ts';

export interface Command {
  readonly title: string;
  readonly lines: readonly string[];
}

const IMAGE = 'flatcar_production_image.bin.bz2';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';

/** The stream of the examples, and the number that its alias names now, if it is known. */
type Example = Pair & { readonly alias: string; readonly version?: string | undefined };

/**
 * Returns the commands to download, check, install and boot a release. `origin` is the URL of this service. Downloads that
 * can be resumed name the number: the alias may have moved by the time that somebody resumes.
 */
export function commandsFor(origin: string, { channel, board, alias, version = alias }: Example): Command[] {
  const release = `${origin}/${channel}/${board}/${alias}`;
  const numbered = `${origin}/${channel}/${board}/${version}`;
  return [
    {
      title: 'curl: the image and its signature, resumable',
      lines: [`curl -fO -C - ${numbered}/${IMAGE}`, `curl -fO ${numbered}/${IMAGE}.sig`],
    },
    {
      title: 'wget',
      lines: [`wget -c ${numbered}/${IMAGE} ${numbered}/${IMAGE}.sig`],
    },
    {
      title: 'gpg: check what you downloaded',
      lines: [`curl -fsS ${origin}/keys/signing-key.asc | gpg --import`, `gpg --verify ${IMAGE}.sig`],
    },
    {
      title: 'flatcar-install: onto a disk (it is overwritten)',
      lines: [`flatcar-install -d /dev/sda -b ${origin}/${channel}/${board} -V ${alias}`],
    },
    {
      title: 'Which release is it?',
      lines: [`curl -fsS ${release}/version.txt`],
    },
    {
      title: 'iPXE',
      lines: [
        '#!ipxe',
        `set base-url ${release}`,
        `kernel \${base-url}/${KERNEL} initrd=${INITRD} flatcar.first_boot=1 ignition.config.url=https://example.org/config.ign`,
        `initrd \${base-url}/${INITRD}`,
        'boot',
      ],
    },
  ];
}
