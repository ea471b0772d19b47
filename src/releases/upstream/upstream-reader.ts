/**
 * Exactly the bytes from `start` to `end` of a file of upstream, whatever the connection does: a broken or stuck one is
 * taken up again where it stopped, an endless one is cut, a short one is an error.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Upstream, UpstreamFacts, UpstreamFault, UpstreamFile } from './upstream.ts';

/** Without a byte for this long a connection counts as broken. */
const STALLED_AFTER_MS = 20_000;
/** A read that took this long makes the next ones ask for less. */
const SLOW_AFTER_MS = 5_000;
/** Connections that may break without any progress before we give up. */
const FRUITLESS_RESUMES = 3;
const FIRST_DELAY_MS = 200;

/** How much a read may bring, and how little it may end with. */
export interface ChunkSizes {
  readonly most: number;
  readonly least: number;
}

/** For a client: what is there goes on at once. */
const FOR_CLIENTS: ChunkSizes = { most: 1024 * 1024, least: 32 * 1024 };

type Reader = ReadableStreamBYOBReader;

export class UpstreamReader {
  #reader: Reader | undefined;
  #skip = 0;
  #position: number;
  #fruitless = 0;
  #isSlow = false;
  /** What the last connection broke with, for the log. */
  #cause: unknown;

  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly file: UpstreamFile,
    private readonly facts: UpstreamFacts,
    start: number,
    private readonly end: number,
    private readonly chunks: ChunkSizes = FOR_CLIENTS,
  ) {
    this.#position = start;
  }

  /** Opens the first connection, so that an answer can still be a status. */
  async open(): Promise<Result<undefined, UpstreamFault>> {
    const opened = await this.upstream.open(this.file, this.facts, this.#position, this.end);
    if (!opened.ok) return opened;
    this.#reader = opened.value.body.getReader({ mode: 'byob' });
    this.#skip = opened.value.skip;
    return ok(undefined);
  }

  /** The next bytes, or `undefined` after the last one. */
  async next(): Promise<Result<Uint8Array | undefined, UpstreamFault>> {
    while (this.#position <= this.end) {
      const chunk = await this.#readOnce();
      if (chunk !== undefined) {
        const useful = this.#take(chunk);
        if (useful.length > 0) return ok(useful);
        continue;
      }
      const resumed = await this.#resume();
      if (!resumed.ok) return resumed;
    }
    await this.cancel();
    return ok(undefined);
  }

  async cancel(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.cancel().catch(() => undefined);
  }

  /** `undefined` when the connection broke, ended early or got stuck. */
  async #readOnce(): Promise<Uint8Array | undefined> {
    const reader = this.#reader;
    if (reader === undefined) return undefined;
    const left = this.#skip + this.end - this.#position + 1;
    // From a slow server what there is will do: waiting for more would look like a connection that is stuck.
    const least = this.#isSlow ? 1 : Math.min(this.chunks.least, left);
    const began = this.platform.now();
    const read = reader.readAtLeast(least, new Uint8Array(Math.min(this.chunks.most, left))).catch((cause: unknown) => {
      this.#cause = cause;
      return undefined;
    });
    const result = await within(this.platform, STALLED_AFTER_MS, read);
    this.#isSlow = this.platform.now() - began > SLOW_AFTER_MS;
    return result?.value === undefined || result.value.length === 0 ? undefined : result.value;
  }

  #take(chunk: Uint8Array): Uint8Array {
    const dropped = Math.min(this.#skip, chunk.length);
    this.#skip -= dropped;
    const useful = chunk.subarray(dropped, dropped + this.end - this.#position + 1);
    this.#position += useful.length;
    if (useful.length > 0) this.#fruitless = 0;
    return useful;
  }

  async #resume(): Promise<Result<undefined, UpstreamFault>> {
    await this.cancel();
    for (;;) {
      if (this.#fruitless >= FRUITLESS_RESUMES) return err({ reason: 'truncated', cause: this.#cause });
      await this.platform.timer(FIRST_DELAY_MS * 2 ** this.#fruitless * (0.5 + this.platform.random())).elapsed;
      this.#fruitless += 1;
      const opened = await this.open();
      if (opened.ok || isFinal(opened.error)) return opened;
    }
  }
}

/** The file is no longer the one we began with, or must not be fetched. */
const isFinal = ({ reason }: UpstreamFault): boolean =>
  reason !== 'unreachable' && reason !== 'timeout' && reason !== 'stalled' && reason !== 'truncated';
