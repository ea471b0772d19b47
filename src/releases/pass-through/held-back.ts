/** Copies bytes to a client, and holds back the end of a file until its signature has verified. No I/O of its own. */

import type { Result } from '../../shared/result.ts';
import type { RunningProof } from '../upstream/file-signatures.ts';
import type { UpstreamFault } from '../upstream/upstream.ts';

/** How many bytes at the end of a file no client gets before the signature has verified. */
export const HELD_BACK_BYTES = 256 * 1024;

export interface ByteSource {
  next(): Promise<Result<Uint8Array | undefined, UpstreamFault>>;
  cancel(): Promise<void>;
}

export type SendOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'source-failed'; readonly fault: UpstreamFault };

/**
 * Copies all of `source` to `sink` without a verification. After a failure it aborts the client's stream: the client
 * must not take a truncated file for a complete one.
 */
export async function sendAll(source: ByteSource, sink: WritableStream<Uint8Array>): Promise<SendOutcome> {
  const writer = sink.getWriter();
  const outcome = await copy(source, (chunk) => writer.write(chunk));
  if (outcome.kind === 'sent') return await close(writer);
  await writer.abort(outcome.kind).catch(() => undefined);
  return outcome;
}

export type VerifiedSend =
  | { readonly kind: 'good'; readonly signedBy: string; readonly delivered: boolean }
  | { readonly kind: 'bad'; readonly fault: { readonly reason: string } }
  | Exclude<SendOutcome, { kind: 'sent' }>;

/**
 * Copies `source`, which has `size` bytes, to `sink` and hashes it. The last HELD_BACK_BYTES follow only when the
 * signature has verified. If the signature is bad, this waits for `onBad`, which stores the verdict, before it aborts
 * the client's stream. So a client that resumes the download finds the verdict.
 */
export async function sendVerified(
  source: ByteSource,
  size: number,
  verification: RunningProof,
  sink: WritableStream<Uint8Array>,
  onBad: (fault: { readonly reason: string }) => Promise<void>,
): Promise<VerifiedSend> {
  const writer = sink.getWriter();
  const boundary = size - HELD_BACK_BYTES;
  const heldBack: Uint8Array[] = [];
  let position = 0;
  const sending = copy(hashed(source, verification), async (chunk) => {
    const free = Math.max(0, Math.min(chunk.length, boundary - position));
    position += chunk.length;
    if (free < chunk.length) heldBack.push(chunk.subarray(free));
    if (free > 0) await writer.write(chunk.subarray(0, free));
  });
  const outcome = await sending.catch(async (bug: unknown) => {
    await writer.abort(bug).catch(() => undefined);
    throw bug;
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
  const tail = await copy(fromMemory(heldBack), (chunk) => writer.write(chunk));
  const delivered = tail.kind === 'sent' && (await close(writer)).kind === 'sent';
  return { kind: 'good', signedBy: verdict.value.signedBy, delivered };
}

/** Returns the bytes of `source`, each of which `verification` has seen. A bug in it is no fault of the client. */
const hashed = (source: ByteSource, verification: RunningProof): ByteSource => ({
  next: async () => {
    const chunk = await source.next();
    if (chunk.ok && chunk.value !== undefined) verification.update(chunk.value);
    return chunk;
  },
  cancel: () => source.cancel(),
});

/** Reads the next chunk while the last one is still being written. */
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
