/**
 * The Cache-Control values that this service sends. `no-transform` (RFC 9111 section 5.2.2.6): a strong ETag and a Repr-Digest
 * are of these bytes, and must not meet a gzip that a proxy makes of them.
 */
export const CACHE = {
  /** A numbered release never changes. */
  immutable: 'public, max-age=31536000, immutable, no-transform',
  /** An alias such as `current` can change to another release. */
  alias: 'public, max-age=60, no-transform',
  /** A whole file of a numbered release, passed through from upstream. */
  passThrough: 'public, max-age=300, no-transform',
  /** The trusted keyring. */
  keyring: 'public, max-age=300, no-transform',
  /** Byte ranges of files that are passed through, and what a machine boots. */
  asItIs: 'no-store, no-transform',
  /** Errors, and every answer that concerns one client. */
  never: 'no-store',
} as const;
