/** The rules of the kernel arguments that an operator gives a profile or a machine. No I/O. */

/** Of a profile, and of a machine, joined by spaces: both fit into a command line of 2,047 bytes beside the longest boot URLs. */
export const MOST_KERNEL_BYTES = 512;

/** What the boot scripts set themselves. A second one would boot another config than this service's. */
const OWN = [
  ...['initrd', 'flatcar.first_boot', 'ignition.config.url', 'cloud-config-url'],
  ...['flatcar.config.url', 'coreos.config.url', 'coreos.first_boot'],
];

/**
 * Returns why a text cannot be a kernel argument, or `undefined` if it can. iPXE, GRUB and PXELINUX must each take it for one
 * argument: iPXE replaces `${…}` and takes `||`, `&&`, `;` and `#…` for its own, GRUB gets each argument in single quotes.
 */
export function kernelArgFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (!/^[!-~]+$/.test(text)) return 'must be one argument of printable ASCII without spaces, such as console=ttyS0';
  if (text.includes('${')) return 'must not hold ${, which iPXE would replace';
  if (text.includes("'")) return "must not hold ', which ends an argument in GRUB";
  if (text.startsWith('"') || text.split('"').length % 2 === 0)
    return 'must not begin with " or leave one open, which joins arguments in the kernel';
  // command_terminator in core/exec.c of iPXE.
  if (['||', '&&', ';'].includes(text)) return `must not be ${text}, by which iPXE joins commands`;
  if (text.startsWith('#')) return 'must not begin with #, by which iPXE begins a comment';
  if (text.startsWith('=')) return 'must begin with a name, such as console=ttyS0';
  const [name = ''] = text.split('=');
  // The kernel and coreos-cloudinit take `_` in a name for `-`.
  return OWN.some((own) => own.replaceAll('_', '-') === name.replaceAll('_', '-'))
    ? `${name} is set by the boot script itself`
    : undefined;
}
