/**
 * Verdicts on files of upstream: kept in R2, and the verifications that run in this isolate, so that a client that wants
 * the end of a file can wait for one instead of starting another.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { appliesTo, type Verdict } from '../store/verdict.ts';
import type { FileSignatureFault } from '../upstream/file-signatures.ts';
import type { UpstreamFacts, UpstreamFault } from '../upstream/upstream.ts';

/** One file as upstream shows it now, with the signature it is held against. */
export interface JudgedFile {
  readonly file: ReleaseFile;
  readonly facts: UpstreamFacts;
  readonly signatureHash: string;
}

export type VerificationOutcome =
  | { readonly kind: 'good'; readonly signedBy: string }
  | { readonly kind: 'bad'; readonly reason: string }
  /** The verification ended without a verdict: client or upstream went away, or the file is another one by now. */
  | {
      readonly kind: 'broken';
      readonly fault: UpstreamFault | FileSignatureFault | { readonly reason: 'client-gone' };
    };

interface Running {
  readonly outcome: Promise<VerificationOutcome>;
  readonly since: number;
  /** It goes on at its client's speed, which may be none. */
  readonly feedsClient: boolean;
}

const JOINERS_WAIT_MS = 20_000;
/** A download is worth waiting for only if it is about to end: its client may have stopped reading. */
const WAIT_FOR_CLIENT_MS = 3_000;
/** The runtime drops work that outlives its request by half a minute: by then a verification that is silent is gone. */
const GONE_AFTER_MS = 60_000;
const WRITE_ATTEMPTS = 3;

/** The verdicts on upstream's files, stored and in the making. */
export class Verifications {
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
  ) {}

  /** The stored verdict on this very case, or `undefined`. */
  async known(judged: JudgedFile): Promise<Result<Verdict | undefined, StoreFault>> {
    const stored = await this.store.verdict(judged.file);
    if (!stored.ok || stored.value === undefined) return stored;
    const { facts, signatureHash } = judged;
    if (!appliesTo(stored.value, facts, signatureHash)) return ok(undefined);
    // Without tag or date two files of one size look alike: a good verdict could speak of another one.
    return ok(stored.value.good && facts.etag === undefined ? undefined : stored.value);
  }

  /** Registers `work` as the verification of `judged`; it stores its verdict by `settle`, and resolves after that. */
  lead(
    judged: JudgedFile,
    feedsClient: boolean,
    work: (settle: (outcome: VerificationOutcome) => Promise<void>) => Promise<VerificationOutcome>,
  ): Promise<VerificationOutcome> {
    const key = keyOf(judged);
    const outcome = work((settled) => this.settle(judged, settled)).finally(() => {
      if (this.#running.get(key)?.outcome === outcome) this.#running.delete(key);
    });
    const known = this.#running.get(key);
    if (known === undefined || (known.feedsClient && !feedsClient)) {
      this.#running.set(key, { outcome, since: this.platform.now(), feedsClient });
    }
    return outcome;
  }

  /**
   * The outcome of the verification that runs, else of one that `start` begins; `undefined` after 20 s without one.
   * A running download counts for a few seconds only: whoever holds it could hold up everybody else.
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

  /** A verification without a client that is still alive. */
  #shared(judged: JudgedFile): Promise<VerificationOutcome> | undefined {
    const key = keyOf(judged);
    const running = this.#running.get(key);
    if (running === undefined || running.feedsClient) return undefined;
    if (this.platform.now() - running.since < GONE_AFTER_MS) return running.outcome;
    this.#running.delete(key);
    return undefined;
  }

  /** Stores a verdict; an outcome without one leaves nothing. */
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
    // Without a stored verdict the end of the file still needs a verification of its own: nothing is let through.
  }
}

const keyOf = ({ file, facts, signatureHash }: JudgedFile): string =>
  `${filePath(file)} ${facts.etag} ${facts.size} ${signatureHash}`;
