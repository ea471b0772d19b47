/**
 * Keeps the verdicts on upstream files in R2, and keeps track of the verifications that run in this isolate. A client
 * that asks for the end of a file can wait for a running verification instead of starting another one.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { appliesTo, type Verdict } from '../store/verdict.ts';
import type { FileSignatureFault } from '../upstream/file-signatures.ts';
import type { UpstreamFacts, UpstreamFault } from '../upstream/upstream.ts';

/** A file with the facts that upstream gives now and the SHA-256 of the signature that it is verified against. */
export interface JudgedFile {
  readonly file: ReleaseFile;
  readonly facts: UpstreamFacts;
  readonly signatureHash: string;
}

export type VerificationOutcome =
  | { readonly kind: 'good'; readonly signedBy: string }
  | { readonly kind: 'bad'; readonly reason: string }
  /** The verification ended without a verdict: the client left, upstream failed, or upstream replaced the file. */
  | {
      readonly kind: 'broken';
      readonly fault: UpstreamFault | FileSignatureFault | { readonly reason: 'client-gone' };
    };

interface ActiveVerification {
  readonly outcome: Promise<VerificationOutcome>;
  readonly since: number;
  /** True when the bytes also go to a client. The verification is then as slow as that client, which may even stop. */
  readonly feedsClient: boolean;
}

const JOINERS_WAIT_MS = 20_000;
/** How long to wait for the download of another client. It must be nearly done, since that client may stop reading. */
const WAIT_FOR_CLIENT_MS = 3_000;
/** `waitUntil` keeps work alive for 30 s after its request. A verification that is older than this has been dropped. */
const GONE_AFTER_MS = 60_000;
const WRITE_ATTEMPTS = 3;

/** The stored verdicts on upstream files, and the verifications that run now. */
export class Verifications {
  readonly #running = new Map<string, ActiveVerification>();

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
  ) {}

  /** Returns the stored verdict if it is about the same facts and the same signature, otherwise `undefined`. */
  async known(judged: JudgedFile): Promise<Result<Verdict | undefined, StoreFault>> {
    const stored = await this.store.verdict(judged.file);
    if (!stored.ok || stored.value === undefined) return stored;
    const { facts, signatureHash } = judged;
    if (!appliesTo(stored.value, facts, signatureHash)) return ok(undefined);
    // Without a tag or a date two files of the same size look alike, so a good verdict could be about another file.
    return ok(stored.value.good && facts.etag === undefined ? undefined : stored.value);
  }

  /**
   * Starts `work` and registers it as the running verification of `judged`. `work` must call `settle` to store its
   * verdict before it resolves.
   */
  lead(
    judged: JudgedFile,
    feedsClient: boolean,
    work: (settle: (outcome: VerificationOutcome) => Promise<void>) => Promise<VerificationOutcome>,
  ): Promise<VerificationOutcome> {
    const key = keyOf(judged);
    const outcome = work((settled) => this.settle(judged, settled)).finally(() => {
      if (this.#running.get(key)?.outcome === outcome) this.#running.delete(key);
    });
    const other = this.#running.get(key);
    if (other === undefined || (other.feedsClient && !feedsClient)) {
      this.#running.set(key, { outcome, since: this.platform.now(), feedsClient });
    }
    return outcome;
  }

  /**
   * Waits for the running verification of `judged`, or for a new one from `start`. It returns `undefined` after 20 s
   * without an outcome. It waits only 3 s for a verification that feeds a client: a slow client must not delay all
   * others.
   */
  async join(judged: JudgedFile, start: () => Promise<VerificationOutcome>): Promise<VerificationOutcome | undefined> {
    const running = this.#running.get(keyOf(judged));
    if (running?.feedsClient) {
      const ended = await within(this.platform, WAIT_FOR_CLIENT_MS, running.outcome);
      if (ended !== undefined && ended.kind !== 'broken') return ended;
    }
    const own = this.#shared(judged) ?? start();
    this.platform.waitUntil(own);
    return await within(this.platform, JOINERS_WAIT_MS, own);
  }

  /** The running verification that feeds no client, if it is still alive. */
  #shared(judged: JudgedFile): Promise<VerificationOutcome> | undefined {
    const key = keyOf(judged);
    const running = this.#running.get(key);
    if (running === undefined || running.feedsClient) return undefined;
    if (this.platform.now() - running.since < GONE_AFTER_MS) return running.outcome;
    this.#running.delete(key);
    return undefined;
  }

  /** Stores the verdict of `outcome`; a broken outcome has none. A store that fails is tried again, then ignored. */
  async settle(judged: JudgedFile, outcome: VerificationOutcome): Promise<void> {
    if (outcome.kind === 'broken') return;
    const { facts, signatureHash, file } = judged;
    const verdict: Verdict = {
      etag: facts.etag ?? '',
      size: facts.size,
      signature: signatureHash,
      good: outcome.kind === 'good',
      ...(outcome.kind === 'good' ? { signedBy: outcome.signedBy } : { reason: outcome.reason }),
      at: new Date(this.platform.now()).toISOString(),
    };
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      if ((await this.store.writeVerdict(file, verdict)).ok) return;
    }
    // It is safe to give up: without a stored verdict the next request for the end of the file verifies it again.
  }
}

const keyOf = ({ file, facts, signatureHash }: JudgedFile): string =>
  `${filePath(file)} ${facts.etag} ${facts.size} ${signatureHash}`;
