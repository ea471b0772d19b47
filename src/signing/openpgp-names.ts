/** The names of OpenPGP's code numbers, so that a person who reads of one need not look it up. No I/O. */

/** RFC 9580 section 9.5. */
const HASHES: Readonly<Record<number, string>> = {
  1: 'MD5',
  2: 'SHA-1',
  3: 'RIPEMD-160',
  8: 'SHA-256',
  9: 'SHA-384',
  10: 'SHA-512',
  11: 'SHA-224',
  12: 'SHA3-256',
  14: 'SHA3-512',
};

/** RFC 9580 section 5.2.1. */
const SIGNATURE_TYPES: Readonly<Record<number, string>> = {
  0: 'binary document',
  1: 'text document',
  2: 'standalone',
  16: 'generic certification',
  17: 'persona certification',
  18: 'casual certification',
  19: 'positive certification',
  24: 'subkey binding',
  25: 'primary key binding',
  31: 'direct key',
  32: 'key revocation',
  40: 'subkey revocation',
  48: 'certification revocation',
  64: 'timestamp',
  80: 'third-party confirmation',
};

/** RFC 9580 section 5. */
const PACKETS: Readonly<Record<number, string>> = {
  1: 'encrypted session key',
  2: 'signature',
  3: 'session key',
  4: 'one-pass signature',
  5: 'secret key',
  6: 'public key',
  7: 'secret subkey',
  8: 'compressed data',
  9: 'encrypted data',
  10: 'marker',
  11: 'literal data',
  12: 'trust',
  13: 'user id',
  14: 'public subkey',
  17: 'user attribute',
  18: 'encrypted and protected data',
  19: 'modification detection code',
  20: 'AEAD encrypted data',
  21: 'padding',
};

/** Returns the name and number of a hash algorithm, such as `SHA-1 (hash algorithm 2)`. */
export const hashText = (id: number): string => named(HASHES[id], `hash algorithm ${id}`);

/** Returns the name and number of a signature type, such as `text document (signature type 1)`. */
export const signatureTypeText = (id: number): string => named(SIGNATURE_TYPES[id], `signature type ${id}`);

/** Returns the name and number of a packet type, such as `marker (packet type 10)`. */
export const packetText = (id: number): string => named(PACKETS[id], `packet type ${id}`);

const named = (name: string | undefined, number: string): string =>
  name === undefined ? `an unknown ${number}` : `${name} (${number})`;
