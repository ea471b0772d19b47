/** Reads the blocks of a packed file in R2, from any of them on, with a few megabytes in memory. */

import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import { concatBytes } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { MOST_PACKED, readPiece } from './bzip2.ts';
import type { Block, Bzip2Fault } from './bzip2-block.ts';

/** Where a work goes on: the bit at which the next block begins, and the level of its stream (0 at the beginning of the file). */
export interface Place {
  readonly bit: number;
  readonly level: number;
}

const READ_BYTES = 8 * 1024 * 1024;

export class PackedSource {
  #window: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** The place in the file of the first byte of the window. */
  #start: number;

  constructor(
    private readonly store: Pick<ReleaseStore, 'open'>,
    private readonly file: ManifestFile,
    public place: Place,
  ) {
    this.#start = Math.floor(place.bit / 8);
  }

  /** Returns the next block, or `undefined` behind the last one. The place is the one behind it. */
  async next(): Promise<Result<Block | undefined, StoreFault | Bzip2Fault>> {
    const filled = await this.#fill();
    if (!filled.ok) return filled;
    const { bit, level } = this.place;
    const piece = readPiece(this.#window, bit - this.#start * 8, level);
    if (!piece.ok) return piece;
    if (piece.value.kind === 'end') return ok(undefined);
    this.place = { bit: this.#start * 8 + piece.value.next, level: piece.value.level };
    return ok(piece.value.block);
  }

  /** Sees to it that the window holds a whole block, or all that is left. */
  async #fill(): Promise<Result<undefined, StoreFault | Bzip2Fault>> {
    const from = Math.floor(this.place.bit / 8);
    let end = this.#start + this.#window.length;
    if (end >= this.file.size || end - from >= MOST_PACKED) return ok(undefined);
    const parts = [this.#window.subarray(from - this.#start)];
    while (end < this.file.size && end - from < MOST_PACKED) {
      const range = { start: end, end: Math.min(end + READ_BYTES, this.file.size) - 1 };
      const opened = await this.store.open(this.file, range);
      if (!opened.ok) return opened;
      if (opened.value === undefined)
        return err({ reason: 'store-unreachable', operation: 'read the packed file: it is gone or was replaced' });
      const bytes = await wholeOf(opened.value);
      if (!bytes.ok) return bytes;
      parts.push(bytes.value);
      end += bytes.value.length;
      if (bytes.value.length === 0) return err({ reason: 'store-unreachable', operation: 'read the packed file' });
    }
    this.#window = concatBytes(parts);
    this.#start = from;
    return ok(undefined);
  }
}

async function wholeOf(body: ReadableStream<Uint8Array>): Promise<Result<Uint8Array<ArrayBuffer>, StoreFault>> {
  try {
    return ok(new Uint8Array(await new Response(body).arrayBuffer()));
  } catch (cause) {
    return err({ reason: 'store-unreachable', operation: 'read the packed file', cause });
  }
}
