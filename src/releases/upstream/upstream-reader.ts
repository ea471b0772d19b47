/**
 * Reads exactly the bytes from `start` to `end` of an upstream file. When a connection breaks or stalls, the reader
 * opens another one at the next missing byte. It drops bytes past `end`, and a file that stays too short is an error.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Upstream, UpstreamFacts, UpstreamFault, UpstreamFile } from './upstream.ts';

/** A connection that brings no byte for this long counts as broken. */
const STALLED_AFTER_MS = 20_000;
/** After a read that took this long, the next reads ask for fewer bytes. */
const SLOW_AFTER_MS = 5_000;
/** The reader gives up after this many new connections in a row that bring no byte. */
const FRUITLESS_RESUMES = 3;
const FIRST_DELAY_MS = 200;

/** How many bytes one read returns, at most and at least (the last read of a file may return fewer). */
export interface ChunkSizes {
  readonly most: number;
  readonly least: number;
}

/** The sizes for a client that waits: a small minimum passes bytes on soon after they arrive. */
const FOR_CLIENTS: ChunkSizes = { most: 1024 * 1024, least: 32 * 1024 };

type Reader = ReadableStreamBYOBReader;

export class UpstreamReader {
  #reader: Reader | undefined;
  #skip = 0;
  #position: number;
  #fruitless = 0;
  #isSlow = false;
  /** The error that broke the last connection, for the log. */
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

  /** Opens the first connection, so that a failure can still become the status of the answer. */
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

  /** Returns `undefined` when the connection broke, ended early or stalled. */
  async #readOnce(): Promise<Uint8Array | undefined> {
    const reader = this.#reader;
    if (reader === undefined) return undefined;
    const remaining = this.#skip + this.end - this.#position + 1;
    // On a slow connection any byte counts as progress. Waiting for more of them would look like a stall.
    const least = this.#isSlow ? 1 : Math.min(this.chunks.least, remaining);
    const began = this.platform.now();
    const most = Math.min(this.chunks.most, remaining);
    const read = reader.readAtLeast(least, new Uint8Array(most)).catch((cause: unknown) => {
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

/** True when a new connection cannot help: the file has changed, or the answer is one that must not be used. */
const isFinal = ({ reason }: UpstreamFault): boolean =>
  reason !== 'unreachable' && reason !== 'timeout' && reason !== 'stalled' && reason !== 'truncated';
