/**
 * Follows the bytes that leave before the signature of their file has verified. As long as a client may hold bytes that are
 * not those of the verified file, it must not get the missing part: it would end with a complete bad file.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import { filePath, type ReleaseFile } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isProofFor, isTainted, type ProvenVerdict } from '../store/verdict.ts';
import { type ChunkSource, chunkDigest, inChunks, isBeginningOf, joinDigests, splitDigests } from './chunks.ts';
import type { ByteSource } from './held-back.ts';
import type { JudgedFile, Verifications } from './verifications.ts';

/** How often a stream asks whether its file has been verified in the meantime. */
const ASKS_EVERY_MS = 2_000;
const REMEMBERED_MS = 60 * 60_000;
/** How long a mark counts: nobody resumes a download after that. */
const COUNTS_MS = 24 * 3_600_000;
/**
 * No request takes longer from its look at the manifest to the mark of its stream: once a file has been mirrored for so long, no
 * stream of it begins any more, and what is settled stays settled.
 */
const BEGINS_WITHIN_MS = 5 * 60_000;
/** More marks than this are looked at in several requests. */
const MOST_MARKS = 200;

/** A stream whose bytes leave before their signature has verified. */
export interface UnprovenStream extends ByteSource {
  /** The digests of the chunks that it has returned. */
  readonly digests: readonly string[];
  /** Compares what has left with the verdict that there is now, and writes down what cannot be decided yet. */
  end(): Promise<void>;
}

export type UnprovenState =
  /** Nothing left that is not of the verified file. */
  | 'none'
  /** A stream still runs, or has ended without a trace: nothing can be told yet. */
  | 'unknown'
  /** Something else has left; the verdict says so from now on. */
  | 'tainted';

export class UnprovenStreams {
  /** The tags of verdicts without open marks. A stream that begins later finds the verdict, and is bound by it. */
  readonly #settledTags: TtlCache<true>;
  /** Mirrored files of whose name nobody holds other bytes. */
  readonly #settledFiles: TtlCache<true>;

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
    private readonly verifications: Verifications,
  ) {
    this.#settledTags = new TtlCache(platform.now, REMEMBERED_MS, 2000);
    this.#settledFiles = new TtlCache(platform.now, REMEMBERED_MS, 2000);
  }

  /**
   * Writes the mark of a stream and returns the stream. After an error nothing may be sent. A verdict that is stored before
   * the mark is found here and binds the stream; whoever stores one later finds the mark.
   */
  async begin(judged: JudgedFile, source: ByteSource): Promise<Result<UnprovenStream, StoreFault>> {
    const { marks } = this.store;
    const { file, facts, signatureHash } = judged;
    const id = crypto.randomUUID();
    const marked = await marks.write(file, id);
    if (!marked.ok) return marked;
    const stored = await this.store.verdict(file);
    if (!stored.ok) return stored;
    const verdict = stored.value;
    const isProof = verdict !== undefined && isProofFor(verdict, facts.size, signatureHash);
    // Isolates remember the tag of a verdict without open marks; a verdict on another file has one from now on.
    if (verdict?.good === true && !isProof) {
      const renewed = await this.verifications.renewTag(file);
      if (!renewed.ok) return renewed;
    }
    return ok(this.#follow(judged, id, inChunks(source), isProof ? verdict : undefined));
  }

  #follow(judged: JudgedFile, id: string, chunks: ChunkSource, bound: ProvenVerdict | undefined): UnprovenStream {
    const { file, facts, signatureHash } = judged;
    const digests: string[] = [];
    let proof = bound && splitDigests(bound.chunks);
    let isForeign = false;
    let isClosed = false;
    const ending = Promise.withResolvers<true>();
    let hasEnded = false;
    const compare = async (): Promise<void> => {
      const stored = await this.store.verdict(file);
      if (!stored.ok || stored.value === undefined || !isProofFor(stored.value, facts.size, signatureHash)) return;
      const whole = splitDigests(stored.value.chunks);
      isForeign = !isBeginningOf(digests, whole);
      if (!isForeign) proof = whole;
      isClosed = await this.#close(file, id, isForeign);
    };
    const watch = async () => {
      if (bound !== undefined) isClosed = await this.#close(file, id, false);
      while (!hasEnded && !isClosed) {
        await within(this.platform, ASKS_EVERY_MS, ending.promise);
        if (!hasEnded) await compare();
      }
    };
    this.platform.waitUntil(watch());
    return {
      digests,
      next: async () => {
        const chunk = await chunks.next();
        if (!chunk.ok || chunk.value === undefined) return chunk;
        const digest = await chunkDigest(chunk.value);
        if (isForeign || (proof !== undefined && proof[digests.length] !== digest)) return err({ reason: 'changed' });
        digests.push(digest);
        return chunk;
      },
      cancel: () => chunks.cancel(),
      end: async () => {
        hasEnded = true;
        ending.resolve(true);
        if (!isClosed) await compare();
        if (isClosed) return;
        // Of a stream that has sent nothing there is nothing to compare.
        if (digests.length === 0) await this.store.marks.remove(file, [id]);
        else await this.store.marks.write(file, id, joinDigests(digests));
      },
    };
  }

  /** Ends a mark. Returns false when that failed: the mark then goes on counting. */
  async #close(file: ReleaseFile, id: string, isForeign: boolean): Promise<boolean> {
    if (isForeign && !(await this.verifications.taint(file)).ok) return false;
    return (await this.store.marks.remove(file, [id])).ok;
  }

  /**
   * True when a client may hold bytes of this name that are not those of the verified file, for files of which nobody but the
   * mirror has verified the bytes as well. `since` is when the file was mirrored, in milliseconds since the epoch.
   */
  async mayHoldOthers(file: ReleaseFile, since: number): Promise<Result<boolean, StoreFault>> {
    const key = `${filePath(file)} ${since}`;
    if (this.#settledFiles.get(key) !== undefined) return ok(false);
    const mayHold = await this.#looksHeld(file);
    const isSettled = this.platform.now() - since >= BEGINS_WITHIN_MS;
    if (mayHold.ok && !mayHold.value && isSettled) this.#settledFiles.set(key, true);
    return mayHold;
  }

  async #looksHeld(file: ReleaseFile): Promise<Result<boolean, StoreFault>> {
    const stored = await this.store.verdict(file);
    if (!stored.ok) return stored;
    const verdict = stored.value;
    if (verdict !== undefined && isTainted(verdict, this.platform.now())) return ok(true);
    if (verdict !== undefined && isProofFor(verdict, verdict.size, verdict.signature)) {
      const state = await this.state(file, verdict);
      return state.ok ? ok(state.value !== 'none') : state;
    }
    const marks = await this.store.marks.list(file, MOST_MARKS);
    return marks.ok ? ok(marks.value.some(({ at }) => this.platform.now() - at < COUNTS_MS)) : marks;
  }

  /** Returns whether a client may hold bytes of this name that are not those of the file that `proof` binds. */
  async state(file: ReleaseFile, proof: ProvenVerdict): Promise<Result<UnprovenState, StoreFault>> {
    const key = `${filePath(file)} ${proof.tag}`;
    if (this.#settledTags.get(key) !== undefined) return ok('none');
    const marks = await this.store.marks.list(file, MOST_MARKS);
    if (!marks.ok) return marks;
    const whole = splitDigests(proof.chunks);
    let state: UnprovenState = marks.value.length >= MOST_MARKS ? 'unknown' : 'none';
    for (const { id, at, hasEnded } of marks.value) {
      const isOver = this.platform.now() - at >= COUNTS_MS;
      if (!hasEnded && !isOver) {
        state = state === 'none' ? 'unknown' : state;
        continue;
      }
      const left = isOver ? ok('') : await this.store.marks.digests(file, id);
      if (!left.ok) return left;
      const isForeign = !isBeginningOf(splitDigests(left.value ?? ''), whole);
      if (!(await this.#close(file, id, isForeign))) return ok('unknown');
      if (isForeign) state = 'tainted';
    }
    if (state === 'none') this.#settledTags.set(key, true);
    return ok(state);
  }
}
