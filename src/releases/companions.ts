/** The names of a file's companions, which prove what the file is: its signature and its digests. No I/O. */

/** The ending of a detached signature (OpenPGP, binary). */
const SIGNATURE = 'sig';

/** The endings of the other companions. In releases before 2022 one DIGESTS lists several files. */
export const DIGEST_ENDINGS = ['DIGESTS', 'DIGESTS.asc', 'DIGESTS.sig'] as const;

const ENDINGS: readonly string[] = [SIGNATURE, ...DIGEST_ENDINGS];

/** Returns the name of a file's detached signature. */
export const signatureOf = (file: string): string => `${file}.${SIGNATURE}`;

/** Returns the name of a file's companion with this ending. */
export const companionOf = (file: string, ending: (typeof DIGEST_ENDINGS)[number]): string => `${file}.${ending}`;

/** Returns the names of all companions that a file may have. */
export const companionsOf = (file: string): string[] => ENDINGS.map((ending) => `${file}.${ending}`);

/** True for a companion, which has no signature of its own. */
export const isCompanion = (file: string): boolean => ENDINGS.some((ending) => file.endsWith(`.${ending}`));
