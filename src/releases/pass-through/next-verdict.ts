/** Decides what is stored of a file after one more verification. No I/O, no clock. */
import { isProofFor, type Verdict } from '../store/verdict.ts';
import type { VerificationOutcome } from './verifications.ts';

/** What was verified, when (ISO 8601), and a random tag. */
interface Found {
  readonly etag: string;
  readonly size: number;
  readonly signature: string;
  readonly at: string;
  readonly tag: string;
}

/**
 * Returns the verdict to store in the place of `current`, or `undefined` to leave it. A good verdict binds bytes, so a bad
 * one about the same file and signature never replaces it: upstream has sent something else that time. `hasLeft` says
 * that a client has got bytes of what was verified.
 */
export function nextVerdict(
  current: Verdict | undefined,
  found: Found,
  outcome: Exclude<VerificationOutcome, { kind: 'broken' }>,
  hasLeft: boolean,
): Verdict | undefined {
  const isProof = current !== undefined && isProofFor(current, found.size, found.signature);
  if (outcome.kind === 'good') {
    if (isProof && current.chunks === outcome.chunks) return undefined;
    const { reason: _reason, triedAt: _triedAt, ...kept } = current ?? {};
    const good = { ...kept, ...found, good: true, signedBy: outcome.signedBy, chunks: outcome.chunks };
    return replacesOther(current) && current?.chunks !== outcome.chunks ? { ...good, taintedAt: found.at } : good;
  }
  if (isProof) return hasLeft ? { ...current, taintedAt: found.at, tag: found.tag } : undefined;
  const { signedBy: _signedBy, chunks: _chunks, ...kept } = current ?? {};
  const bad = { ...kept, ...found, good: false, reason: outcome.reason };
  return hasLeft || replacesOther(current) ? { ...bad, taintedAt: found.at } : bad;
}

/** True when clients may hold bytes of another file under this name, which must not be completed with the new one. */
const replacesOther = (current: Verdict | undefined): boolean => current?.good === true && current.chunks !== undefined;
