/**
 * Keeps the verdicts on upstream files in R2, and keeps track of the verifications that run in this isolate. A client
 * that asks for a part of a file can wait for a running verification instead of starting another one.
 */
import { update } from '../../shared/document.ts';
import { type Platform, within } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isBadFor, isProofFor, type ProvenVerdict, type Verdict } from '../store/verdict.ts';
import type { FileSignatureFault } from '../upstream/file-signatures.ts';
import type { UpstreamFacts, UpstreamFault } from '../upstream/upstream.ts';
import { nextVerdict } from './next-verdict.ts';

/** A file with the facts that upstream gives now and the SHA-256 of the signature that it is verified against. */
export interface JudgedFile {
  readonly file: ReleaseFile;
  readonly facts: UpstreamFacts;
  readonly signatureHash: string;
}

export type VerificationOutcome =
  /** `chunks` are the digests of the file's chunks, as `joinDigests` makes them. */
  | { readonly kind: 'good'; readonly signedBy: string; readonly chunks: string }
  | { readonly kind: 'bad'; readonly reason: string }
  /** The verification ended without a verdict: the client left, upstream failed, or upstream replaced the file. */
  | {
      readonly kind: 'broken';
      readonly fault: UpstreamFault | FileSignatureFault | { readonly reason: 'client-gone' };
    };

/** What the store knows of a file. */
export interface Known {
  /** The verdict that binds the bytes of the file under its present signature. */
  readonly proof?: ProvenVerdict;
  /** The bad verdict on what upstream sends under its present facts. */
  readonly bad?: Verdict;
}

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
export const GONE_AFTER_MS = 60_000;

/** The stored verdicts on upstream files, and the verifications that run now. */
export class Verifications {
  readonly #running = new Map<string, ActiveVerification>();

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
  ) {}

  /** Returns what the stored verdict says of the file as upstream has it now. */
  async known({ file, facts, signatureHash }: JudgedFile): Promise<Result<Known, StoreFault>> {
    const stored = await this.store.verdict(file);
    if (!stored.ok) return stored;
    if (stored.value === undefined) return ok({});
    if (isProofFor(stored.value, facts.size, signatureHash)) return ok({ proof: stored.value });
    return ok(isBadFor(stored.value, facts, signatureHash) ? { bad: stored.value } : {});
  }

  /**
   * Starts `work` and registers it as the running verification of `judged`. `work` must call `settle` to store its
   * verdict before it resolves.
   */
  lead(
    judged: JudgedFile,
    feedsClient: boolean,
    work: () => Promise<VerificationOutcome>,
  ): Promise<VerificationOutcome> {
    const key = keyOf(judged);
    const outcome = work().finally(() => {
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

  /**
   * Stores the verdict of `outcome`; a broken outcome has none. `hasLeft` says that a client has got bytes of the file.
   * Returns false when the store has not taken it: the next request then verifies the file again.
   */
  async settle(judged: JudgedFile, outcome: VerificationOutcome, hasLeft: boolean): Promise<boolean> {
    if (outcome.kind === 'broken') return true;
    const { facts, signatureHash, file } = judged;
    const found = {
      etag: facts.etag ?? '',
      size: facts.size,
      signature: signatureHash,
      at: new Date(this.platform.now()).toISOString(),
      tag: crypto.randomUUID(),
    };
    const document = this.store.verdictDocument(file);
    const stored = await update(this.platform, document, (current) => nextVerdict(current, found, outcome, hasLeft));
    if (!stored.ok) return false;
    const { value } = stored;
    const noted =
      value?.good === false
        ? await this.store.refused.write(file, { reason: value.reason ?? 'bad-signature', at: value.at })
        : await this.store.refused.remove(file);
    return noted.ok;
  }

  /** Forgets that a file was found bad, once upstream has it no longer. */
  async forgetRefused(file: ReleaseFile): Promise<void> {
    await this.store.refused.remove(file);
  }

  /** Notes that bytes left that are not those of the file: from now on a part needs a condition, for a day. */
  async taint(file: ReleaseFile): Promise<Result<unknown, StoreFault>> {
    return await this.#amend(file, { taintedAt: new Date(this.platform.now()).toISOString() });
  }

  /** Gives the verdict a new tag, so that no isolate relies on what it remembers of it. */
  async renewTag(file: ReleaseFile): Promise<Result<unknown, StoreFault>> {
    return await this.#amend(file, {});
  }

  async #amend(file: ReleaseFile, fields: Partial<Verdict>): Promise<Result<unknown, StoreFault>> {
    const tag = crypto.randomUUID();
    const document = this.store.verdictDocument(file);
    return await update(this.platform, document, (current) => current && { ...current, ...fields, tag });
  }

  /**
   * Notes that a bad verdict is tried again, and returns true for the one caller that may do it: it is at least ten
   * minutes old, and nobody has tried for as long.
   */
  async claimRetry(file: ReleaseFile): Promise<boolean> {
    const now = this.platform.now();
    let isMine = false;
    const claimed = await update(this.platform, this.store.verdictDocument(file), (current) => {
      isMine = current?.good === false && now - Date.parse(current.triedAt ?? current.at) >= RETRY_AFTER_MS;
      return isMine && current ? { ...current, triedAt: new Date(now).toISOString() } : undefined;
    });
    return claimed.ok && isMine;
  }
}

const RETRY_AFTER_MS = 10 * 60_000;

const keyOf = ({ file, facts, signatureHash }: JudgedFile): string =>
  `${filePath(file)} ${facts.etag} ${facts.size} ${signatureHash}`;
