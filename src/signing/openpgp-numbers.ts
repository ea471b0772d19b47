/** Numbers of OpenPGP that are compared with. The library's own tables would load all of it. No I/O. */

/** Types of packets (RFC 9580 section 5). */
export const PACKET = { signature: 2, publicKey: 6, userId: 13, publicSubkey: 14 } as const;

/** Types of signatures (RFC 9580 section 5.2.1). */
export const SIGNATURE = {
  certGeneric: 0x10,
  certPersona: 0x11,
  certCasual: 0x12,
  certPositive: 0x13,
  subkeyBinding: 0x18,
  keyBinding: 0x19,
  key: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certRevocation: 0x30,
} as const;

/** Reasons for a revocation that leave earlier signatures good (RFC 9580 section 5.2.3.31). */
export const SOFT_REASONS = { keySuperseded: 1, keyRetired: 3, userIDInvalid: 32 } as const;

/** Returns the type of a packet that the library has read. */
export const tagOf = (packet: object): number => (packet.constructor as unknown as { tag: number }).tag;
