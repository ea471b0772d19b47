/**
 * Serves files that are not mirrored. It decides the answer from the facts of a HEAD to upstream.
 *
 * - A whole file that has not been verified yet is sent as it arrives. Its end is held back until the signature has verified.
 * - A part waits until the whole file has been verified, and so does a 416, which says that nothing is missing. From then on
 *   every chunk is compared before it is sent.
 * - If a client may hold bytes that are not those of the verified file, no part completes them for a day, unless If-Range
 *   names the verified file. So no client gets a complete file whose signature is bad, whatever upstream answers.
 */
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import { isCompanion } from '../companions.ts';
import { type Delivery, decideDelivery, type FileFacts, type Presentation } from '../delivery.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import { isTainted, type ProvenVerdict } from '../store/verdict.ts';
import type { CheckedSignature, FileSignatureFault, FileSignatures } from '../upstream/file-signatures.ts';
import type { Upstream, UpstreamFacts, UpstreamFault } from '../upstream/upstream.ts';
import type { Body, Sender, SendFault } from './sender.ts';
import type { UnprovenStreams } from './unproven.ts';
import type { JudgedFile, Verifications } from './verifications.ts';

export type PassThroughFault =
  | SendFault
  | StoreFault
  /** An earlier verification found the signature bad, and upstream has not replaced the file since. */
  | { readonly reason: 'refused-before'; readonly verdict: string }
  /** The verification of the file did not end in time. */
  | { readonly reason: 'verification-pending' }
  /** Bytes of another file have left under this name, and the client does not say that it has none of them. */
  | { readonly reason: 'restart-needed' };

export interface PassThroughAnswer {
  readonly delivery: Delivery;
  /** Set for a GET whose answer has a body. */
  readonly body?: Body;
}

export interface PassThroughRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly file: ReleaseFile;
  readonly presentation: Presentation;
}

interface UpstreamLookup {
  readonly facts: UpstreamFacts;
  /** Absent for companions, and for unsigned files if the configuration allows them. */
  readonly signature: CheckedSignature | undefined;
  /** The verdict that binds the bytes of the file, if there is one. */
  readonly proof: ProvenVerdict | undefined;
}

const FACTS_CACHED_MS = 60_000;
/** How long a part waits for the streams of other clients to be compared with the verdict. */
const STREAMS_WAIT_MS = 15_000;
const ASKS_EVERY_MS = 1_000;
/** The second attempt follows when upstream has replaced the file during the first. */
const MOST_ATTEMPTS = 2;

export class PassThrough {
  readonly #facts: TtlCache<UpstreamFacts>;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly signatures: FileSignatures,
    private readonly verifications: Verifications,
    private readonly unproven: UnprovenStreams,
    private readonly sender: Sender,
    private readonly allowUnsigned: boolean,
  ) {
    this.#facts = new TtlCache(platform.now, FACTS_CACHED_MS, 2000);
  }

  /** Returns the answer to a GET or HEAD for a file of a numbered release. */
  async answer(request: PassThroughRequest): Promise<Result<PassThroughAnswer, PassThroughFault>> {
    for (let attempt = 1; ; attempt += 1) {
      const file = await this.#lookUp(request.file, attempt > 1);
      if (!file.ok) return file;
      const answer = await this.#answerFrom(request, file.value);
      // Upstream has replaced the file between HEAD and GET, or since its facts were cached.
      if (!answer.ok && answer.error.reason === 'changed' && attempt < MOST_ATTEMPTS) continue;
      return answer;
    }
  }

  async #answerFrom(
    request: PassThroughRequest,
    lookup: UpstreamLookup,
  ): Promise<Result<PassThroughAnswer, PassThroughFault>> {
    const { facts, signature } = lookup;
    const decide = (proof: ProvenVerdict | undefined) =>
      decideDelivery(request, this.#presented(facts, proof), request.presentation, this.platform.now());
    const delivery = decide(lookup.proof);
    const hasBody = delivery.kind === 'whole' || delivery.kind === 'part';
    // A 416 ends a download as well as its last part does: it says that the client has the whole file.
    const needsProof = hasBody || (delivery.kind === 'unsatisfiable' && signature !== undefined);
    if (!needsProof || request.method === 'HEAD') return ok({ delivery });
    const { file } = request;
    if (signature === undefined) {
      const [start, end] = delivery.kind === 'part' ? [delivery.start, delivery.end] : [0, facts.size - 1];
      return answered(delivery, await this.sender.plain(file, facts, start, end));
    }
    const judged = { file, facts, signatureHash: signature.hash };
    if (delivery.kind === 'whole' || (delivery.kind === 'part' && isAll(delivery, facts))) {
      // Nothing is left to compare with an empty file, whose verification needs no byte.
      const isProven = lookup.proof !== undefined && facts.size > 0;
      return answered(
        delivery,
        isProven
          ? await this.sender.proven(judged, lookup.proof, 0, facts.size - 1)
          : await this.sender.verified(judged, signature),
      );
    }
    const proof = await this.#proofFor(judged, signature, lookup.proof);
    if (!proof.ok) return proof;
    if (isTainted(proof.value, this.platform.now()) && !request.headers.has('if-range'))
      return err({ reason: 'restart-needed' });
    // The condition may hold no longer: the tag of the file is another one once bytes of another file have left.
    const final = decide(proof.value);
    if (final.kind !== 'whole' && final.kind !== 'part') return ok({ delivery: final });
    const [start, end] = final.kind === 'part' ? [final.start, final.end] : [0, facts.size - 1];
    return answered(final, await this.sender.proven(judged, proof.value, start, end));
  }

  /** The facts that a client sees: after bytes of another file have left, the tag is one that only this verdict has. */
  #presented(facts: UpstreamFacts, proof: ProvenVerdict | undefined): FileFacts {
    if (proof === undefined || !isTainted(proof, this.platform.now())) return facts;
    return { size: facts.size, etag: `"${proof.tag}"` };
  }

  /** Waits for the verdict that a part needs, and for the streams of the file that nobody has compared with it yet. */
  async #proofFor(
    judged: JudgedFile,
    signature: CheckedSignature,
    known: ProvenVerdict | undefined,
  ): Promise<Result<ProvenVerdict, PassThroughFault>> {
    let proof = known;
    if (proof === undefined) {
      const outcome = await this.verifications.join(judged, () => this.sender.verifyOnly(judged, signature));
      if (outcome === undefined) return err({ reason: 'verification-pending' });
      if (outcome.kind === 'broken') {
        const { fault } = outcome;
        return err(fault.reason === 'client-gone' ? { reason: 'verification-pending' } : fault);
      }
      if (outcome.kind === 'bad') return err({ reason: 'refused', verdict: outcome.reason });
    }
    const deadline = this.platform.now() + STREAMS_WAIT_MS;
    for (;;) {
      const stored = await this.verifications.known(judged);
      if (!stored.ok) return stored;
      proof = stored.value.proof;
      if (proof === undefined) return err({ reason: 'verification-pending' });
      const state = await this.unproven.state(judged.file, proof);
      if (!state.ok) return state;
      if (state.value === 'none') return ok(proof);
      // The verdict has got a new tag with that.
      if (state.value === 'tainted') continue;
      if (this.platform.now() >= deadline) return err({ reason: 'verification-pending' });
      await this.platform.timer(ASKS_EVERY_MS).elapsed;
    }
  }

  /** Collects what is known of a file before its bytes: its facts, its signature and an earlier verdict. */
  async #lookUp(file: ReleaseFile, fresh: boolean): Promise<Result<UpstreamLookup, PassThroughFault>> {
    const [facts, signature] = await Promise.all([
      this.#readFacts(file, fresh),
      isCompanion(file.file) ? undefined : this.signatures.check(file, fresh),
    ]);
    if (!facts.ok) return facts;
    if (signature === undefined || this.#mayBeUnsigned(signature)) {
      return ok({ facts: facts.value, signature: undefined, proof: undefined });
    }
    if (!signature.ok) return signature;
    const judged = { file, facts: facts.value, signatureHash: signature.value.hash };
    const known = await this.verifications.known(judged);
    if (!known.ok) return known;
    const { proof, bad } = known.value;
    if (bad === undefined) return ok({ facts: facts.value, signature: signature.value, proof });
    // The cached facts and signature may be older than a repair by upstream, so ask again before refusing.
    if (!fresh) return await this.#lookUp(file, true);
    this.platform.waitUntil(this.#tryAgain(judged, signature.value));
    return err({ reason: 'refused-before', verdict: bad.reason ?? 'bad-signature' });
  }

  /** Verifies a file of upstream again that was found bad, if that is due. One that upstream has no longer is forgotten. */
  async retryRefused(file: ReleaseFile): Promise<void> {
    const [facts, signature] = await Promise.all([this.#readFacts(file, true), this.signatures.check(file, true)]);
    if (!facts.ok && facts.error.reason === 'absent') await this.verifications.forgetRefused(file);
    if (!facts.ok || !signature.ok) return;
    await this.#tryAgain({ file, facts: facts.value, signatureHash: signature.value.hash }, signature.value);
  }

  async #tryAgain(judged: JudgedFile, signature: CheckedSignature): Promise<void> {
    if (await this.verifications.claimRetry(judged.file)) await this.sender.verifyOnly(judged, signature);
  }

  #mayBeUnsigned(signature: Result<CheckedSignature, FileSignatureFault>): boolean {
    return this.allowUnsigned && !signature.ok && signature.error.reason === 'signature-missing';
  }

  async #readFacts(file: ReleaseFile, fresh: boolean): Promise<Result<UpstreamFacts, UpstreamFault>> {
    const cached = fresh ? undefined : this.#facts.get(filePath(file));
    if (cached !== undefined) return ok(cached);
    const facts = await this.upstream.facts(file);
    // Without a tag or a date nobody could notice that upstream has replaced the file.
    if (facts.ok && facts.value.etag !== undefined) this.#facts.set(filePath(file), facts.value);
    else this.#facts.delete(filePath(file));
    return facts;
  }
}

const isAll = ({ start, end }: { readonly start: number; readonly end: number }, { size }: UpstreamFacts): boolean =>
  start === 0 && end === size - 1;

const answered = <E>(delivery: Delivery, body: Result<Body, E>): Result<PassThroughAnswer, E> =>
  body.ok ? ok({ delivery, body: body.value }) : body;
