/** The names of OpenPGP's code numbers, so that a person who reads of one need not look it up. No I/O. */

/** RFC 9580 section 9.5. */
const HASHES = new Map<number, string>([
  ...([
    [1, 'MD5'],
    [2, 'SHA-1'],
    [3, 'RIPEMD-160'],
    [8, 'SHA-256'],
    [9, 'SHA-384'],
    [10, 'SHA-512'],
  ] as const),
  ...([
    [11, 'SHA-224'],
    [12, 'SHA3-256'],
    [14, 'SHA3-512'],
  ] as const),
]);

/** RFC 9580 section 5.2.1. */
const SIGNATURE_TYPES = new Map<number, string>([
  ...([
    [0x00, 'binary document'],
    [0x01, 'text document'],
    [0x02, 'standalone'],
    [0x10, 'generic certification'],
  ] as const),
  ...([
    [0x11, 'persona certification'],
    [0x12, 'casual certification'],
    [0x13, 'positive certification'],
  ] as const),
  ...([
    [0x18, 'subkey binding'],
    [0x19, 'primary key binding'],
    [0x1f, 'direct key'],
    [0x20, 'key revocation'],
  ] as const),
  ...([
    [0x28, 'subkey revocation'],
    [0x30, 'certification revocation'],
    [0x40, 'timestamp'],
  ] as const),
  ...([[0x50, 'third-party confirmation']] as const),
]);

/** RFC 9580 section 5. */
const PACKETS = new Map<number, string>([
  ...([
    [1, 'encrypted session key'],
    [2, 'signature'],
    [3, 'session key'],
    [4, 'one-pass signature'],
  ] as const),
  ...([
    [5, 'secret key'],
    [6, 'public key'],
    [7, 'secret subkey'],
    [8, 'compressed data'],
    [9, 'encrypted data'],
  ] as const),
  ...([
    [10, 'marker'],
    [11, 'literal data'],
    [12, 'trust'],
    [13, 'user id'],
    [14, 'public subkey'],
  ] as const),
  ...([
    [17, 'user attribute'],
    [18, 'encrypted and protected data'],
    [19, 'modification detection code'],
  ] as const),
  ...([
    [20, 'AEAD encrypted data'],
    [21, 'padding'],
  ] as const),
]);

/** Returns the name and number of a hash algorithm, such as `SHA-1 (hash algorithm 2)`. */
export const hashText = (id: number): string => named(HASHES.get(id), `hash algorithm ${id}`);

/** Returns the name and number of a signature type, such as `text document (signature type 1)`. */
export const signatureTypeText = (id: number): string => named(SIGNATURE_TYPES.get(id), `signature type ${id}`);

/** Returns the name and number of a packet type, such as `marker (packet type 10)`. */
export const packetText = (id: number): string => named(PACKETS.get(id), `packet type ${id}`);

const named = (name: string | undefined, number: string): string =>
  name === undefined ? `an unknown ${number}` : `${name} (${number})`;
