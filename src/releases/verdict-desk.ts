/**
 * Verdicts on files of upstream: kept in R2, and the verifications that run in this isolate, so that a client that wants
 * the end of a file can wait for one instead of starting another.
 */
import { type Background, type Platform, within } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { ReleaseStore } from './bucket.ts';
import { filePath, type ReleaseFile } from './model.ts';
import type { UpstreamFacts } from './upstream.ts';
import { appliesTo, type Verdict } from './verdict.ts';

/** One file as upstream shows it now, with the signature it is held against. */
export interface VerdictCase {
  readonly file: ReleaseFile;
  readonly facts: UpstreamFacts;
  readonly signatureHash: string;
}

export type CaseOutcome =
  | { readonly kind: 'good'; readonly signedBy: string }
  | { readonly kind: 'bad'; readonly reason: string }
  /** The verification ended without a verdict: client or upstream went away. */
  | { readonly kind: 'broken'; readonly reason: string };

const JOINERS_WAIT_MS = 20_000;
const WRITE_ATTEMPTS = 3;

export class VerdictDesk {
  readonly #running = new Map<string, Promise<CaseOutcome>>();

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
  ) {}

  /** The stored verdict on this very case, or `undefined`. */
  async known(kase: VerdictCase): Promise<Result<Verdict | undefined, StoreFault>> {
    const stored = await this.store.verdict(kase.file);
    if (!stored.ok || stored.value === undefined) return stored;
    const { facts, signatureHash } = kase;
    if (!appliesTo(stored.value, facts, signatureHash)) return ok(undefined);
    // Without tag or date two files of one size look alike: a good verdict could speak of another one.
    return ok(stored.value.good && !facts.identified ? undefined : stored.value);
  }

  /** Registers `work` as the verification of `kase` and writes its verdict; resolves after the verdict is stored. */
  lead(
    kase: VerdictCase,
    work: (settle: (outcome: CaseOutcome) => Promise<void>) => Promise<CaseOutcome>,
  ): Promise<CaseOutcome> {
    const key = keyOf(kase);
    const run = work((outcome) => this.#write(kase, outcome)).finally(() => {
      if (this.#running.get(key) === run) this.#running.delete(key);
    });
    if (!this.#running.has(key)) this.#running.set(key, run);
    return run;
  }

  /** The outcome of the verification that runs, else of one that `start` begins; `undefined` after 20 s without one. */
  async join(
    kase: VerdictCase,
    background: Background,
    start: () => Promise<CaseOutcome>,
  ): Promise<CaseOutcome | undefined> {
    const running = this.#running.get(keyOf(kase));
    const joined = running && (await within(this.platform, JOINERS_WAIT_MS, running));
    if (running !== undefined && joined?.kind !== 'broken') return joined;
    const own = this.#running.get(keyOf(kase)) ?? start();
    background(own);
    return await within(this.platform, JOINERS_WAIT_MS, own);
  }

  async #write(kase: VerdictCase, outcome: CaseOutcome): Promise<void> {
    if (outcome.kind === 'broken') return;
    const { facts, signatureHash, file } = kase;
    const verdict: Verdict = {
      etag: facts.etag,
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

const keyOf = ({ file, facts, signatureHash }: VerdictCase): string =>
  `${filePath(file)} ${facts.etag} ${facts.size} ${signatureHash}`;
