/** Chunks of any length become parts of one length, which R2 demands of all but the last, and go up through shared slots. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Upload, UploadedPart } from '../store/bucket.ts';

/** R2 takes 5 MiB and more. Three of them in flight over two files, and one being filled for each, stay under 64 MiB. */
export const PART_BYTES = 8 * 1024 * 1024;

/** The upload of one file; at most as many parts in flight as the slots allow, over all files that share them. */
export class PartWriter {
  readonly #uploaded: UploadedPart[] = [];
  readonly #inFlight: Promise<void>[] = [];
  #fault: StoreFault | undefined;
  /** What was thrown while a part went up: to be thrown to whoever writes next, and not into nothing. */
  #bug: { readonly cause: unknown } | undefined;
  #next = 1;
  #rest: Uint8Array | undefined;

  constructor(
    private readonly upload: Upload,
    private readonly slots: Slots,
  ) {}

  /** Resolves when there is room for more; an error means that an earlier part did not get through. */
  async write(chunk: Uint8Array): Promise<Result<undefined, StoreFault>> {
    let left = chunk;
    while (left.length > 0) {
      if (this.#rest === undefined && left.length >= PART_BYTES) {
        await this.#send(left.subarray(0, PART_BYTES));
        left = left.subarray(PART_BYTES);
        continue;
      }
      left = await this.#fill(left);
    }
    if (this.#bug) throw this.#bug.cause;
    return this.#fault ? err(this.#fault) : ok(undefined);
  }

  /** All parts in their order, once every one of them is up. */
  async finish(): Promise<Result<readonly UploadedPart[], StoreFault>> {
    if (this.#rest !== undefined) await this.#send(this.#rest);
    this.#rest = undefined;
    await Promise.all(this.#inFlight);
    if (this.#bug) throw this.#bug.cause;
    if (this.#fault) return err(this.#fault);
    return ok(this.#uploaded.toSorted((a, b) => a.partNumber - b.partNumber));
  }

  /** Waits for what is in flight, whatever comes of it: an abort must not overtake a part. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #fill(chunk: Uint8Array): Promise<Uint8Array> {
    const rest = this.#rest ?? new Uint8Array();
    const taken = chunk.subarray(0, PART_BYTES - rest.length);
    const joined = new Uint8Array(rest.length + taken.length);
    joined.set(rest);
    joined.set(taken, rest.length);
    this.#rest = joined;
    if (joined.length === PART_BYTES) {
      this.#rest = undefined;
      await this.#send(joined);
    }
    return chunk.subarray(taken.length);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const giveBack = await this.slots.take();
    const number = this.#next;
    this.#next += 1;
    const sent = this.upload.part(number, bytes).then(
      (part) => {
        if (part.ok) this.#uploaded.push(part.value);
        else this.#fault = part.error;
      },
      (cause: unknown) => {
        this.#bug = { cause };
      },
    );
    this.#inFlight.push(sent.finally(giveBack));
  }
}
