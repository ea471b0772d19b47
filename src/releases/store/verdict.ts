/**
 * The stored verdict of pass-through on an upstream file. A good one binds the bytes of the file by the digests of its
 * chunks; a bad one is about what upstream sent under one entity tag. No I/O.
 */
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
  /** Set for a good verdict: the SHA-256 of every chunk of 1 MiB, as base64 of 32 bytes each. Earlier versions wrote none. */
  chunks: z.base64().optional(),
  at: z.iso.datetime(),
  /** When bytes last left that do not belong to this file. For a day, parts need a condition that only its tag meets. */
  taintedAt: z.iso.datetime().optional(),
  /** Random, and new whenever the verdict changes: the entity tag that clients see while it is tainted. */
  tag: z.string().default(''),
  /** When a bad verdict was last tried again. */
  triedAt: z.iso.datetime().optional(),
});

export type Verdict = Readonly<z.output<typeof verdictSchema>>;

/** A good verdict that binds bytes. */
export type ProvenVerdict = Verdict & { readonly chunks: string };

const TAINTED_MS = 24 * 3_600_000;

/** Parses a stored verdict. A malformed one is an error: it might be a bad verdict. */
export const parseVerdict = (text: string): Result<Verdict, Malformed> => parseStored(verdictSchema, text);

/** True when `verdict` is a bad one about the file with these facts and the signature with this SHA-256. */
export function isBadFor(verdict: Verdict, facts: FileFacts, signatureHash: string): boolean {
  const isSame = verdict.etag === (facts.etag ?? '') && verdict.size === facts.size;
  return !verdict.good && isSame && verdict.signature === signatureHash;
}

/** True when `verdict` binds the bytes of the file of this size that the signature with this SHA-256 signs. */
export const isProofFor = (verdict: Verdict, size: number, signatureHash: string): verdict is ProvenVerdict =>
  verdict.good && verdict.chunks !== undefined && verdict.size === size && verdict.signature === signatureHash;

/** True for a day after bytes left that do not belong to the file. `now` is in milliseconds since the epoch. */
export const isTainted = ({ taintedAt }: Verdict, now: number): boolean =>
  taintedAt !== undefined && now - Date.parse(taintedAt) < TAINTED_MS;
