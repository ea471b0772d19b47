/** Bytes on their way to a client; the end of what must verify first is held back. No I/O of its own. */

import type { Result } from '../../shared/result.ts';
import type { RunningVerification, VerificationFault, VerifiedSignature } from '../../signing/verification.ts';
import type { UpstreamFault } from '../upstream/upstream.ts';

/** The end of a file that no client gets before its signature has verified. */
export const HELD_BACK_BYTES = 256 * 1024;

export interface ByteSource {
  next(): Promise<Result<Uint8Array | undefined, UpstreamFault>>;
  cancel(): Promise<void>;
}

export type SendOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'source-failed'; readonly fault: UpstreamFault };

/** Copies all of `source`; on any failure the client's stream is cut short, never ended. */
export async function sendAll(source: ByteSource, sink: WritableStream<Uint8Array>): Promise<SendOutcome> {
  const writer = sink.getWriter();
  const outcome = await copy(source, (chunk) => writer.write(chunk));
  if (outcome.kind === 'sent') return await close(writer);
  await writer.abort(outcome.kind).catch(() => undefined);
  return outcome;
}

export type VerifiedSend =
  | { readonly kind: 'good'; readonly signature: VerifiedSignature; readonly delivered: boolean }
  | { readonly kind: 'bad'; readonly fault: VerificationFault }
  | Exclude<SendOutcome, { kind: 'sent' }>;

/**
 * Copies `source` of `size` bytes but for its last HELD_BACK_BYTES, hashing all of it; those follow once the signature
 * verifies. If it does not, `onBad` is awaited before the connection is cut, so that no resumed request can slip between.
 */
export async function sendVerified(
  source: ByteSource,
  size: number,
  verification: RunningVerification,
  sink: WritableStream<Uint8Array>,
  onBad: (fault: VerificationFault) => Promise<void>,
): Promise<VerifiedSend> {
  const writer = sink.getWriter();
  const boundary = size - HELD_BACK_BYTES;
  const held: Uint8Array[] = [];
  let position = 0;
  const outcome = await copy(source, async (chunk) => {
    verification.update(chunk);
    const free = Math.max(0, Math.min(chunk.length, boundary - position));
    position += chunk.length;
    if (free < chunk.length) held.push(chunk.subarray(free));
    if (free > 0) await writer.write(chunk.subarray(0, free));
  });
  if (outcome.kind !== 'sent') {
    await writer.abort(outcome.kind).catch(() => undefined);
    return outcome;
  }
  const verdict = await verification.finish();
  if (!verdict.ok) {
    await onBad(verdict.error);
    await writer.abort(verdict.error.reason).catch(() => undefined);
    return { kind: 'bad', fault: verdict.error };
  }
  const tail = await copy(fromMemory(held), (chunk) => writer.write(chunk));
  const delivered = tail.kind === 'sent' && (await close(writer)).kind === 'sent';
  return { kind: 'good', signature: verdict.value, delivered };
}

/** One write stays under way while the next chunk is read. */
async function copy(source: ByteSource, write: (chunk: Uint8Array) => Promise<void>): Promise<SendOutcome> {
  let writing = Promise.resolve(true);
  for (;;) {
    const chunk = await source.next();
    const written = await writing;
    if (!written) {
      await source.cancel();
      return { kind: 'client-gone' };
    }
    if (!chunk.ok) return { kind: 'source-failed', fault: chunk.error };
    if (chunk.value === undefined) return { kind: 'sent' };
    writing = write(chunk.value).then(
      () => true,
      () => false,
    );
  }
}

async function close(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<SendOutcome> {
  return await writer.close().then(
    () => ({ kind: 'sent' as const }),
    () => ({ kind: 'client-gone' as const }),
  );
}

function fromMemory(chunks: readonly Uint8Array[]): ByteSource {
  const iterator = chunks.values();
  return {
    next: async () => ({ ok: true, value: iterator.next().value }),
    cancel: async () => undefined,
  };
}
