/** The stored verdict of pass-through on an upstream file: a resumed download must not complete a bad file. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import type { FileFacts } from '../delivery.ts';

const verdictSchema = storedObject({
  /** The entity tag of the file that was verified; empty when upstream gives neither a tag nor a date. */
  etag: z.string(),
  size: z.number().int().nonnegative(),
  /** SHA-256 of the .sig that the file was verified against. When upstream replaces the .sig, the verdict is void. */
  signature: z.string(),
  good: z.boolean(),
  /** Set for a bad verdict: the reason code. */
  reason: z.string().optional(),
  /** Set for a good verdict: the fingerprint of the subkey that signed. */
  signedBy: z.string().optional(),
  at: z.iso.datetime(),
});

export type Verdict = Readonly<z.output<typeof verdictSchema>>;

/** Parses a stored verdict. A malformed one is an error: it might be a bad verdict. */
export const parseVerdict = (text: string): Result<Verdict, Malformed> => parseStored(verdictSchema, text);

/** True when `verdict` is about the file with these facts and the signature with this SHA-256. */
export function appliesTo(verdict: Verdict, facts: FileFacts, signatureHash: string): boolean {
  return verdict.etag === (facts.etag ?? '') && verdict.size === facts.size && verdict.signature === signatureHash;
}
