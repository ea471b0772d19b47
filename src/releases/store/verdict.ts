/** What pass-through found out about a file of upstream, kept so that a resumed download cannot complete a bad one. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import type { FileFacts } from '../delivery.ts';

const verdictSchema = storedObject({
  /** Upstream's entity tag of the file that this is about; empty where upstream gives neither tag nor date. */
  etag: z.string(),
  size: z.number().int().nonnegative(),
  /** SHA-256 of the .sig it was held against: a mended signature makes a new case. */
  signature: z.string(),
  good: z.boolean(),
  /** Why not, for a bad one. */
  reason: z.string().optional(),
  /** Fingerprint of the subkey, for a good one. */
  signedBy: z.string().optional(),
  at: z.iso.datetime(),
});

export type Verdict = Readonly<z.output<typeof verdictSchema>>;

/** A stored verdict; anything else in its place is an error, never "no verdict". */
export const parseVerdict = (text: string): Result<Verdict, Malformed> => parseStored(verdictSchema, text);

/** True when `verdict` speaks of the file that `facts` and the signature's hash show now. */
export function appliesTo(verdict: Verdict, facts: FileFacts, signatureHash: string): boolean {
  return verdict.etag === (facts.etag ?? '') && verdict.size === facts.size && verdict.signature === signatureHash;
}
