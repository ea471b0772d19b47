/** The release that most tests are about: its stream, its number, the names of its files, and sizes to give them. */

export const PAIR = { channel: 'stable', board: 'amd64-usr' } as const;
export const VERSION = '4593.2.5';
export const IMAGE = 'flatcar_production_image.bin.bz2';
export const KERNEL = 'flatcar_production_pxe.vmlinuz';
/** Text, and so small that it is verified before its first byte goes out. */
export const SMALL = 'flatcar_production_image_verity.txt';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Where a file of the release lies on the release hosts, without the first slash. */
export const placeOf = (file: string, version: string = VERSION): string =>
  `${PAIR.channel}/${PAIR.board}/${version}/${file}`;
