/** The files that are made of packed images for import tools (IMPORT_FORMATS). No I/O. */

/** `img`: the plain bytes. `raw.gz`: the same, packed by gzip. */
export const IMPORT_FORMATS = ['raw.gz', 'img'] as const;

export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export const isImportFormat = (text: string): text is ImportFormat =>
  (IMPORT_FORMATS as readonly string[]).includes(text);

const PACKED = '.bz2';

export interface WantedFile {
  /** The packed image. */
  readonly from: string;
  readonly name: string;
  readonly format: ImportFormat;
}

/**
 * Returns what is to be made of a release's files, and is not there: upstream may have unpacked some itself, which are mirrored and
 * not made. `proved` tells of a file whose own signature was checked: of nothing else is anything made.
 */
export function wantedOf(
  files: Readonly<Record<string, unknown>>,
  proved: (name: string) => boolean,
  formats: readonly ImportFormat[],
): WantedFile[] {
  return Object.keys(files)
    .filter((from) => from.endsWith(PACKED) && proved(from))
    .toSorted()
    .flatMap((from) => {
      const plain = from.slice(0, -PACKED.length);
      return formats.map((format) => ({ from, name: format === 'img' ? plain : `${plain}.gz`, format }));
    })
    .filter(({ name }) => !Object.hasOwn(files, name));
}
