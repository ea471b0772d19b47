/** Makes the bodies of pass-through answers: plain ranges, and whole files that are verified on the way. */
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { VerificationFault, VerifiedSignature } from '../../signing/verification.ts';
import type { ReleaseFile } from '../model.ts';
import type { CheckedSignature, FileSignatureFault, FileSignatures } from '../upstream/file-signatures.ts';
import { isSameFacts, type Upstream, type UpstreamFacts, type UpstreamFault } from '../upstream/upstream.ts';
import { UpstreamReader } from '../upstream/upstream-reader.ts';
import { HELD_BACK_BYTES, sendAll, sendVerified } from './held-back.ts';
import type { JudgedFile, VerificationOutcome, Verifications } from './verifications.ts';

type BodyOutcome = 'sent' | 'client-gone' | `upstream: ${string}` | `refused: ${string}`;

export type SendFault = UpstreamFault | FileSignatureFault | { readonly reason: 'refused'; readonly verdict: string };

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

export class Sender {
  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly signatures: FileSignatures,
    private readonly verifications: Verifications,
    private readonly fixedLength: FixedLength,
  ) {}

  /** Returns the bytes from `start` to `end` inclusive unverified; the caller decides that this is safe. */
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
   * Returns the whole file. Its end is held back until the signature has verified, and the verdict is stored. A file of
   * at most HELD_BACK_BYTES is read and verified before any byte of it is sent.
   */
  async verified(judged: JudgedFile, checked: CheckedSignature): Promise<Result<Body, SendFault>> {
    const { file, facts } = judged;
    if (facts.size <= HELD_BACK_BYTES) return await this.#verifiedSmall(judged, checked);
    const verification = await this.signatures.begin(checked);
    if (!verification.ok) return verification;
    const source = this.#reader(file, facts, 0, facts.size - 1);
    const opened = await source.open();
    if (!opened.ok) return opened;
    const { readable, writable } = this.fixedLength(facts.size);
    let delivered = true;
    const run = this.verifications.lead(judged, true, async (settle) => {
      const result = await sendVerified(source, facts.size, verification.value, writable, (fault) =>
        settle({ kind: 'bad', reason: fault.reason }),
      );
      if (result.kind === 'bad') return { kind: 'bad', reason: result.fault.reason };
      if (result.kind === 'client-gone') return { kind: 'broken', fault: { reason: 'client-gone' } };
      if (result.kind === 'source-failed') return { kind: 'broken', fault: result.fault };
      delivered = result.delivered;
      const good = { kind: 'good' as const, signedBy: result.signature.signedBy };
      await settle(good);
      return good;
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

  /** Reads and verifies the whole file and stores the verdict, for a client that asks for the end of the file only. */
  async verifyOnly(judged: JudgedFile, checked: CheckedSignature): Promise<VerificationOutcome> {
    return await this.verifications.lead(judged, false, async (settle) => {
      const verification = await this.signatures.begin(checked);
      if (!verification.ok) return { kind: 'broken', fault: verification.error };
      const source = this.#reader(judged.file, judged.facts, 0, judged.facts.size - 1);
      const opened = await source.open();
      if (!opened.ok) return { kind: 'broken', fault: opened.error };
      for (;;) {
        const chunk = await source.next();
        if (!chunk.ok) return { kind: 'broken', fault: chunk.error };
        if (chunk.value === undefined) break;
        verification.value.update(chunk.value);
      }
      const outcome = outcomeOf(await verification.value.finish());
      await settle(outcome);
      return outcome;
    });
  }

  async #verifiedSmall(
    { file, facts, ...judged }: JudgedFile,
    checked: CheckedSignature,
  ): Promise<Result<Body, SendFault>> {
    const fetched = await this.upstream.small(file, HELD_BACK_BYTES);
    // The file has grown since its facts were read.
    if (!fetched.ok) return fetched.error.reason === 'too-large' ? err({ reason: 'changed' }) : fetched;
    if (!isSameFacts(fetched.value.facts, facts)) return err({ reason: 'changed' });
    const { bytes } = fetched.value;
    const verification = await this.signatures.begin(checked);
    if (!verification.ok) return verification;
    verification.value.update(bytes);
    const outcome = outcomeOf(await verification.value.finish());
    await this.verifications.settle({ file, facts, ...judged }, outcome);
    if (outcome.kind !== 'good') return err({ reason: 'refused', verdict: outcome.reason });
    return ok({ stream: streamOf(bytes), outcome: Promise.resolve('sent') });
  }

  #reader(file: ReleaseFile, facts: UpstreamFacts, start: number, end: number): UpstreamReader {
    return new UpstreamReader(this.platform, this.upstream, file, facts, start, end);
  }
}

const outcomeOf = (
  verdict: Result<VerifiedSignature, VerificationFault>,
): Exclude<VerificationOutcome, { kind: 'broken' }> =>
  verdict.ok ? { kind: 'good', signedBy: verdict.value.signedBy } : { kind: 'bad', reason: verdict.error.reason };

const streamOf = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> =>
  new Response(bytes).body ?? new ReadableStream();
