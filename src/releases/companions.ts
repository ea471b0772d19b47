/**
 * The kinds of files that a release consists of: what proves them, and which files come with them. Whoever handles a file asks
 * this table; where upstream has a kind is told in `upstreamByKind`. No I/O.
 */

/** The folder of update payloads inside a release: the names of their files begin with it, and no other name has a slash. */
const UPDATES = 'update/';

/** What proves a file: a detached OpenPGP signature beside it, or the RSA signature at the end of an update payload. */
export type Proof = 'signature' | 'payload';

interface Kind {
  readonly matches: (file: string) => boolean;
  readonly proof: Proof;
  /** The endings of the files that upstream has beside one of this kind. They have no signature of their own. */
  readonly companions: readonly string[];
  /** The endings of the files that the mirror writes beside one of this kind. */
  readonly made: readonly string[];
}

/** The ending of a detached signature (OpenPGP, binary). */
const SIGNATURE = 'sig';

/** The endings of the digests. In releases before 2022 one DIGESTS lists several files. */
export const DIGEST_ENDINGS = ['DIGESTS', 'DIGESTS.asc', 'DIGESTS.sig'] as const;

/** What the mirror writes of a file that it has verified: an in-toto statement, and the same signed. */
export const PROVENANCE = 'provenance.json';
export const SIGNED_PROVENANCE = 'sigstore.json';

const KINDS = {
  update: {
    matches: (file) => file.startsWith(UPDATES),
    proof: 'payload',
    companions: ['sha256'],
    made: [PROVENANCE, SIGNED_PROVENANCE],
  },
  release: {
    matches: () => true,
    proof: 'signature',
    companions: [SIGNATURE, ...DIGEST_ENDINGS],
    made: [PROVENANCE, SIGNED_PROVENANCE],
  },
} as const satisfies Record<string, Kind>;

const kindOf = (file: string): Kind => Object.values(KINDS).find((kind: Kind) => kind.matches(file)) ?? KINDS.release;

/** Returns what proves a file that is no companion. */
export const proofOf = (file: string): Proof => kindOf(file).proof;

/** Returns the name inside a release of the update payload that upstream calls `name`. */
export const updateFile = (name: string): string => `${UPDATES}${name}`;

/** True for an update payload, and for what comes with it. */
export const isUpdate = (file: string): boolean => KINDS.update.matches(file);

/** Returns the name that upstream and clients know a file by: without the folder of update payloads. */
export const plainName = (file: string): string => (isUpdate(file) ? file.slice(UPDATES.length) : file);

/** Returns the name of a file's detached signature. */
export const signatureOf = (file: string): string => `${file}.${SIGNATURE}`;

/** Returns the name of a file's companion with this ending. */
export const companionOf = (file: string, ending: string): string => `${file}.${ending}`;

/** Returns the names of all files that may come with a file: from upstream, or made by the mirror. */
export const companionsOf = (file: string): string[] => {
  const { companions, made } = kindOf(file);
  return [...companions, ...made].map((ending) => `${file}.${ending}`);
};

/** True for a companion that upstream has, which has no signature of its own. */
export const isCompanion = (file: string): boolean =>
  kindOf(file).companions.some((ending) => file.endsWith(`.${ending}`));

/** The lists of digests of a directory, as `sha256sum` and `sha512sum` write them. */
export const DIGEST_LISTS = { SHA256SUMS: 'sha256', SHA512SUMS: 'sha512' } as const;

const MADE_ENDINGS: readonly string[] = ['sha256', 'sha512', PROVENANCE, SIGNED_PROVENANCE];

/** True for a name of which upstream is never asked: the mirror makes such a file, or nobody has it. */
export const isMade = (file: string): boolean => {
  const name = plainName(file);
  return (
    Object.hasOwn(DIGEST_LISTS, name) ||
    (!isCompanion(file) && MADE_ENDINGS.some((ending) => name.endsWith(`.${ending}`)))
  );
};
