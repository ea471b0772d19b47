/** The stored record of a token. It holds no token, only the hash of one. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../shared/stored-json.ts';
import { SCOPES } from './scopes.ts';

export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const tokenSchema = storedObject({
  name: z.string(),
  may: z.array(z.enum(SCOPES)),
  /** Machines and profiles whose names begin otherwise are none of this token's; absent for no limit. */
  prefix: z.string().optional(),
  /** SHA-256 of the token, in hexadecimal. */
  sha256: z.string(),
  generation: z.int().positive(),
  createdAt: z.string(),
  createdBy: z.string(),
  /** ISO 8601; `null` means never. */
  expiresAt: z.string().nullable(),
  /** Signs the record: whoever can write the bucket cannot make a token. */
  mac: z.string(),
});

export type TokenRecord = Readonly<z.output<typeof tokenSchema>>;

/** Returns the record that a stored text holds, or an error. */
export const parseToken = (text: string) => parseStored(tokenSchema, text);

/** Returns what the MAC of a record signs. */
export const signedText = ({ mac: _mac, ...record }: TokenRecord): string =>
  JSON.stringify(['token', Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
