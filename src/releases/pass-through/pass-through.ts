/**
 * Serves files that are not mirrored. It decides the answer from the facts of a HEAD to upstream, sends the bytes as
 * they arrive, and verifies them on the way. No client gets a complete file whose signature is bad.
 */
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import { isCompanion } from '../companions.ts';
import { type Delivery, decideDelivery, type Presentation } from '../delivery.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { CheckedSignature, FileSignatureFault, FileSignatures } from '../upstream/file-signatures.ts';
import type { Upstream, UpstreamFacts, UpstreamFault } from '../upstream/upstream.ts';
import { HELD_BACK_BYTES } from './held-back.ts';
import type { Body, Sender, SendFault } from './sender.ts';
import type { Verifications } from './verifications.ts';

export type PassThroughFault =
  | SendFault
  | StoreFault
  /** An earlier verification found the signature bad, and upstream has not replaced the file since. */
  | { readonly reason: 'refused-before'; readonly verdict: string }
  /** The verification of the file did not end in time. */
  | { readonly reason: 'verification-pending' };

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
  /** True when an earlier verification was good, or when there is no signature to verify. */
  readonly isKnownGood: boolean;
}

const FACTS_CACHED_MS = 60_000;
/** The second attempt follows when upstream has replaced the file during the first. */
const MOST_ATTEMPTS = 2;

export class PassThrough {
  readonly #facts: TtlCache<UpstreamFacts>;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly signatures: FileSignatures,
    private readonly verifications: Verifications,
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
      const delivery = decideDelivery(request, file.value.facts, request.presentation, this.platform.now());
      const hasBody = delivery.kind === 'whole' || delivery.kind === 'part';
      if (!hasBody || request.method === 'HEAD') return ok({ delivery });
      const opened = await this.#open(request, file.value, delivery);
      // Upstream has replaced the file between HEAD and GET, or since its facts were cached.
      if (!opened.ok && opened.error.reason === 'changed' && attempt < MOST_ATTEMPTS) continue;
      return opened.ok ? ok({ delivery, body: opened.value }) : opened;
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
      return ok({ facts: facts.value, signature: undefined, isKnownGood: true });
    }
    if (!signature.ok) return signature;
    const judged = { file, facts: facts.value, signatureHash: signature.value.hash };
    const verdict = await this.verifications.known(judged);
    if (!verdict.ok) return verdict;
    if (verdict.value === undefined || verdict.value.good) {
      const isKnownGood = verdict.value?.good === true;
      return ok({ facts: facts.value, signature: signature.value, isKnownGood });
    }
    // The cached facts and signature may be older than a repair by upstream, so ask again before refusing.
    if (!fresh) return await this.#lookUp(file, true);
    return err({ reason: 'refused-before', verdict: verdict.value.reason ?? 'bad-signature' });
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

  async #open(
    { file }: PassThroughRequest,
    { facts, signature, isKnownGood }: UpstreamLookup,
    delivery: Delivery & { kind: 'whole' | 'part' },
  ): Promise<Result<Body, PassThroughFault>> {
    const { start, end } = delivery.kind === 'part' ? delivery : { start: 0, end: facts.size - 1 };
    if (signature === undefined) return await this.sender.plain(file, facts, start, end);
    const judged = { file, facts, signatureHash: signature.hash };
    const isWhole = start === 0 && end === facts.size - 1;
    if (isWhole) return await this.sender.verified(judged, signature);
    // Whoever gets the end of a file can complete it from ranges, so the whole file must be known to be good first.
    const reachesHeldBack = end >= facts.size - HELD_BACK_BYTES;
    if (reachesHeldBack && !isKnownGood) {
      const outcome = await this.verifications.join(judged, () => this.sender.verifyOnly(judged, signature));
      if (outcome === undefined) return err({ reason: 'verification-pending' });
      if (outcome.kind === 'broken') {
        const { fault } = outcome;
        return err(fault.reason === 'client-gone' ? { reason: 'verification-pending' } : fault);
      }
      if (outcome.kind === 'bad') return err({ reason: 'refused', verdict: outcome.reason });
    }
    return await this.sender.plain(file, facts, start, end);
  }
}
