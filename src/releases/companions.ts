/** What belongs to a file of a release and speaks for it: its signature and its digests. No I/O. */

/** The ending of a detached signature (OpenPGP, binary). */
const SIGNATURE = 'sig';

/** Endings of what upstream may have beside a file besides its signature; releases before 2022 have none of their own. */
export const DIGEST_ENDINGS = ['DIGESTS', 'DIGESTS.asc', 'DIGESTS.sig'] as const;

const ENDINGS: readonly string[] = [SIGNATURE, ...DIGEST_ENDINGS];

/** The name of a file's detached signature. */
export const signatureOf = (file: string): string => `${file}.${SIGNATURE}`;

/** The name of another companion. */
export const companionOf = (file: string, ending: (typeof DIGEST_ENDINGS)[number]): string => `${file}.${ending}`;

/** The names of all companions that a file may have. */
export const companionsOf = (file: string): string[] => ENDINGS.map((ending) => `${file}.${ending}`);

/** True for the files that speak for another one: they have no signature of their own. */
export const isCompanion = (file: string): boolean => ENDINGS.some((ending) => file.endsWith(`.${ending}`));
