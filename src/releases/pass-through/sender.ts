/** Makes the bodies of pass-through answers: plain ranges, and whole files that are verified on the way. */
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { Slots } from '../../shared/slots.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { ReleaseFile } from '../model.ts';
import type { ProvenVerdict } from '../store/verdict.ts';
import type { CheckedSignature, FileSignatureFault } from '../upstream/file-signatures.ts';
import { isSameFacts, type Upstream, type UpstreamFacts, type UpstreamFault } from '../upstream/upstream.ts';
import { UpstreamReader } from '../upstream/upstream-reader.ts';
import { CHUNK_BYTES, chunkDigest, inChunks, joinDigests, provenBytes, splitDigests } from './chunks.ts';
import { type ByteSource, HELD_BACK_BYTES, sendAll, sendVerified, type VerifiedSend } from './held-back.ts';
import type { UnprovenStreams } from './unproven.ts';
import { GONE_AFTER_MS, type JudgedFile, type VerificationOutcome, type Verifications } from './verifications.ts';

type BodyOutcome = 'sent' | 'client-gone' | `upstream: ${string}` | `refused: ${string}`;

export type SendFault =
  | UpstreamFault
  | FileSignatureFault
  | StoreFault
  | { readonly reason: 'refused'; readonly verdict: string };

export interface Body {
  readonly stream: ReadableStream<Uint8Array>;
  /** Resolves when the body has been sent or has failed. */
  readonly outcome: Promise<BodyOutcome>;
}

/** Makes a stream with a declared length (`FixedLengthStream` in workerd), which gives the answer a Content-Length. */
export type FixedLength = (length: number) => {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
};

/** Each is a download of a whole file, at the request of anybody. */
const VERIFICATIONS_AT_ONCE = 4;

export class Sender {
  readonly #slots: Slots;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly verifications: Verifications,
    private readonly unproven: UnprovenStreams,
    private readonly fixedLength: FixedLength,
  ) {
    this.#slots = new Slots(VERIFICATIONS_AT_ONCE, { now: platform.now, milliseconds: GONE_AFTER_MS });
  }

  /** Returns the bytes from `start` to `end` inclusive of a file without a signature, as they are. */
  async plain(file: ReleaseFile, facts: UpstreamFacts, start: number, end: number): Promise<Result<Body, SendFault>> {
    const { readable, writable } = this.fixedLength(end - start + 1);
    const source = this.#reader(file, facts, start, end);
    if (end >= start) {
      const opened = await source.open();
      if (!opened.ok) return opened;
    }
    const outcome = sendAll(source, writable).then(
      (sent): BodyOutcome => (sent.kind === 'source-failed' ? `upstream: ${sent.fault.reason}` : sent.kind),
    );
    this.platform.waitUntil(outcome);
    return ok({ stream: readable, outcome });
  }

  /**
   * Returns the bytes from `start` to `end` inclusive of a file whose chunks are known. The first chunk is compared before
   * this resolves, so that a file that upstream has replaced can still become the status of the answer.
   */
  async proven(judged: JudgedFile, proof: ProvenVerdict, start: number, end: number): Promise<Result<Body, SendFault>> {
    const { file, facts } = judged;
    const digests = splitDigests(proof.chunks);
    const from = Math.floor(start / CHUNK_BYTES) * CHUNK_BYTES;
    const to = Math.min(facts.size, (Math.floor(end / CHUNK_BYTES) + 1) * CHUNK_BYTES) - 1;
    const reader = this.#reader(file, facts, from, to);
    const opened = await reader.open();
    if (!opened.ok) return opened;
    const source = provenBytes(reader, digests, start, end);
    const first = await source.next();
    if (!first.ok) return first;
    const { readable, writable } = this.fixedLength(end - start + 1);
    const outcome = sendAll(startingWith(first.value, source), writable).then(
      (sent): BodyOutcome => (sent.kind === 'source-failed' ? `upstream: ${sent.fault.reason}` : sent.kind),
    );
    this.platform.waitUntil(outcome);
    return ok({ stream: readable, outcome });
  }

  /**
   * Returns the whole file. Its end is held back until the signature has verified, and the verdict is stored. A file of
   * at most HELD_BACK_BYTES is read and verified before any byte of it is sent.
   */
  async verified(judged: JudgedFile, checked: CheckedSignature): Promise<Result<Body, SendFault>> {
    const { file, facts } = judged;
    if (facts.size <= HELD_BACK_BYTES) return await this.#verifiedSmall(judged, checked);
    const verification = await checked.begin(facts.size);
    if (!verification.ok) return verification;
    const reader = this.#reader(file, facts, 0, facts.size - 1);
    const opened = await reader.open();
    if (!opened.ok) return opened;
    const begun = await this.unproven.begin(judged, reader);
    if (!begun.ok) {
      await reader.cancel();
      return begun;
    }
    const source = begun.value;
    const { readable, writable } = this.fixedLength(facts.size);
    let delivered = true;
    const run = this.verifications.lead(judged, true, async () => {
      const result = await sendVerified(source, facts.size, verification.value, writable, async (fault) => {
        await this.verifications.settle(judged, { kind: 'bad', reason: fault.reason }, true);
      });
      const ended = await this.#endOf(judged, result, source.digests);
      if (result.kind === 'good') delivered = result.delivered;
      await source.end();
      return ended;
    });
    const outcome = run.then((ended): BodyOutcome => {
      if (ended.kind === 'bad') return `refused: ${ended.reason}`;
      if (ended.kind === 'broken') {
        return ended.fault.reason === 'client-gone' ? 'client-gone' : `upstream: ${ended.fault.reason}`;
      }
      return delivered ? 'sent' : 'client-gone';
    });
    this.platform.waitUntil(outcome);
    return ok({ stream: readable, outcome });
  }

  async #endOf(judged: JudgedFile, result: VerifiedSend, digests: readonly string[]): Promise<VerificationOutcome> {
    if (result.kind === 'bad') return { kind: 'bad', reason: result.fault.reason };
    if (result.kind === 'client-gone') return { kind: 'broken', fault: { reason: 'client-gone' } };
    if (result.kind === 'source-failed') return { kind: 'broken', fault: result.fault };
    const good = { kind: 'good' as const, signedBy: result.signedBy, chunks: joinDigests(digests) };
    await this.verifications.settle(judged, good, true);
    return good;
  }

  /** Reads and verifies the whole file and stores the verdict, for a client that asks for a part of the file only. */
  async verifyOnly(judged: JudgedFile, checked: CheckedSignature): Promise<VerificationOutcome> {
    return await this.verifications.lead(judged, false, () =>
      this.#slots.run(async () => {
        const verification = await checked.begin(judged.facts.size);
        if (!verification.ok) return { kind: 'broken', fault: verification.error };
        const reader = this.#reader(judged.file, judged.facts, 0, judged.facts.size - 1);
        const opened = await reader.open();
        if (!opened.ok) return { kind: 'broken', fault: opened.error };
        const chunks = inChunks(reader);
        const digests: string[] = [];
        for (;;) {
          const chunk = await chunks.next();
          if (!chunk.ok) return { kind: 'broken', fault: chunk.error };
          if (chunk.value === undefined) break;
          verification.value.update(chunk.value);
          digests.push(await chunkDigest(chunk.value));
        }
        const outcome = outcomeOf(await verification.value.finish(), joinDigests(digests));
        await this.verifications.settle(judged, outcome, false);
        return outcome;
      }),
    );
  }

  async #verifiedSmall(judged: JudgedFile, checked: CheckedSignature): Promise<Result<Body, SendFault>> {
    const { file, facts } = judged;
    const fetched = await this.upstream.small(file, HELD_BACK_BYTES);
    // The file has grown since its facts were read.
    if (!fetched.ok) return fetched.error.reason === 'too-large' ? err({ reason: 'changed' }) : fetched;
    if (!isSameFacts(fetched.value.facts, facts)) return err({ reason: 'changed' });
    const { bytes } = fetched.value;
    const verification = await checked.begin(facts.size);
    if (!verification.ok) return verification;
    verification.value.update(bytes);
    const chunks = joinDigests(bytes.length === 0 ? [] : [await chunkDigest(bytes)]);
    const outcome = outcomeOf(await verification.value.finish(), chunks);
    await this.verifications.settle(judged, outcome, false);
    if (outcome.kind !== 'good') return err({ reason: 'refused', verdict: outcome.reason });
    return ok({ stream: streamOf(bytes), outcome: Promise.resolve('sent') });
  }

  #reader(file: ReleaseFile, facts: UpstreamFacts, start: number, end: number): UpstreamReader {
    return new UpstreamReader(this.platform, this.upstream, file, facts, start, end);
  }
}

const outcomeOf = (
  verdict: Result<{ readonly signedBy: string }, { readonly reason: string }>,
  chunks: string,
): Exclude<VerificationOutcome, { kind: 'broken' }> =>
  verdict.ok
    ? { kind: 'good', signedBy: verdict.value.signedBy, chunks }
    : { kind: 'bad', reason: verdict.error.reason };

function startingWith(first: Uint8Array | undefined, rest: ByteSource): ByteSource {
  let next = first;
  return {
    next: async () => {
      const chunk = next;
      next = undefined;
      return chunk === undefined ? await rest.next() : ok(chunk);
    },
    cancel: () => rest.cancel(),
  };
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> =>
  new Response(bytes).body ?? new ReadableStream();
