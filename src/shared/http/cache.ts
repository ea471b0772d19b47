/** The Cache-Control values this service uses, one name for each promise it makes. */
export const CACHE = {
  /** A numbered release never changes. */
  immutable: 'public, max-age=31536000, immutable',
  /** `current` and its kin move. */
  alias: 'public, max-age=60',
  /** A whole file passed through from upstream under a number. */
  passThrough: 'public, max-age=300',
  /** The trusted keyring. */
  keyring: 'public, max-age=300',
  /** Errors, parts of what is passed through, and everything that is about one client. */
  never: 'no-store',
} as const;
