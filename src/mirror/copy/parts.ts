/** Cuts a stream of chunks into parts of equal length, as R2 demands of a multipart upload, and uploads them. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Upload, UploadedPart } from '../store/bucket.ts';

/**
 * R2 wants at least 5 MiB, except for the last part. At this size, the three parts that are being uploaded and the two
 * that are being filled (one for each file) take less than 64 MiB of the isolate's 128.
 */
export const PART_BYTES = 8 * 1024 * 1024;

/** Uploads the parts of one file. The slots, which all files share, limit how many uploads run at the same time. */
export class PartWriter {
  readonly #uploaded: UploadedPart[] = [];
  readonly #inFlight: Promise<void>[] = [];
  #fault: StoreFault | undefined;
  /** An exception of an upload in the background. The next call throws it, so that it does not get lost. */
  #bug: { readonly cause: unknown } | undefined;
  #nextNumber = 1;
  /** Bytes that do not fill a part yet. */
  #unsent: Uint8Array | undefined;

  constructor(
    private readonly upload: Upload,
    private readonly slots: Slots,
    private readonly partBytes: number,
  ) {}

  /** Takes the next bytes, and resolves when it can take more. The error is that of an earlier part. */
  async write(chunk: Uint8Array): Promise<Result<undefined, StoreFault>> {
    let remaining = chunk;
    while (remaining.length > 0) {
      if (this.#unsent === undefined && remaining.length >= this.partBytes) {
        await this.#send(remaining.subarray(0, this.partBytes));
        remaining = remaining.subarray(this.partBytes);
        continue;
      }
      remaining = await this.#fill(remaining);
    }
    if (this.#bug) throw this.#bug.cause;
    return this.#fault ? err(this.#fault) : ok(undefined);
  }

  /** Waits for all uploads and returns the parts in their order. */
  async finish(): Promise<Result<readonly UploadedPart[], StoreFault>> {
    if (this.#unsent !== undefined) await this.#send(this.#unsent);
    this.#unsent = undefined;
    await Promise.all(this.#inFlight);
    if (this.#bug) throw this.#bug.cause;
    if (this.#fault) return err(this.#fault);
    return ok(this.#uploaded.toSorted((a, b) => a.partNumber - b.partNumber));
  }

  /** Waits for the running uploads and ignores how they end. An abort must not overtake a part. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  /** Adds bytes of `chunk` to the part that is being filled, sends it when it is full, and returns the other bytes. */
  async #fill(chunk: Uint8Array): Promise<Uint8Array> {
    const unsent = this.#unsent ?? new Uint8Array();
    const taken = chunk.subarray(0, this.partBytes - unsent.length);
    const joined = new Uint8Array(unsent.length + taken.length);
    joined.set(unsent);
    joined.set(taken, unsent.length);
    this.#unsent = joined;
    if (joined.length === this.partBytes) {
      this.#unsent = undefined;
      await this.#send(joined);
    }
    return chunk.subarray(taken.length);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const freeSlot = await this.slots.take();
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const sent = this.upload.part(number, bytes).then(
      (part) => {
        if (part.ok) this.#uploaded.push(part.value);
        else this.#fault = part.error;
      },
      (cause: unknown) => {
        this.#bug = { cause };
      },
    );
    this.#inFlight.push(sent.finally(freeSlot));
  }
}
