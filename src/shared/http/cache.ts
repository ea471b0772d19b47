/** The Cache-Control values that this service sends. */
export const CACHE = {
  /** A numbered release never changes. */
  immutable: 'public, max-age=31536000, immutable',
  /** An alias such as `current` can change to another release. */
  alias: 'public, max-age=60',
  /** A whole file of a numbered release, passed through from upstream. */
  passThrough: 'public, max-age=300',
  /** The trusted keyring. */
  keyring: 'public, max-age=300',
  /** Errors, byte ranges of files that are passed through, and every answer that concerns one client. */
  never: 'no-store',
} as const;
