/**
 * The marks of streams whose bytes left before the signature of their file had verified. A mark is written before the first
 * byte leaves, and is removed when the bytes turn out to be those of the verified file.
 */

import type { Result } from '../../shared/result.ts';
import type { Reach, StoreFault } from '../../shared/store.ts';
import { unprovenPrefix } from '../keys.ts';
import type { ReleaseFile } from '../model.ts';

export interface UnprovenMark {
  readonly id: string;
  /** When it was written: milliseconds since the epoch. */
  readonly at: number;
  /** True when the stream has ended; the digests of the chunks that left are then stored with the mark. */
  readonly hasEnded: boolean;
}

export interface UnprovenMarks {
  /** Writes the mark of a stream; `digests` (as `joinDigests` makes them) are those of a stream that has ended. */
  write(file: ReleaseFile, id: string, digests?: string): Promise<Result<undefined, StoreFault>>;
  /** Returns the marks of a file, `limit` at most. */
  list(file: ReleaseFile, limit: number): Promise<Result<UnprovenMark[], StoreFault>>;
  /** Returns the digests of an ended stream; `undefined` when its mark is gone. */
  digests(file: ReleaseFile, id: string): Promise<Result<string | undefined, StoreFault>>;
  remove(file: ReleaseFile, ids: readonly string[]): Promise<Result<undefined, StoreFault>>;
}

/** Returns the marks that an R2 bucket keeps. */
export function unprovenMarks(bucket: R2Bucket, reach: Reach): UnprovenMarks {
  const keyOf = (file: ReleaseFile, id: string) => `${unprovenPrefix(file)}${id}`;
  return {
    write: (file, id, digests) =>
      reach('write unproven mark', async () => {
        const customMetadata = { ended: digests === undefined ? '' : '1' };
        await bucket.put(keyOf(file, id), digests ?? '', { customMetadata });
        return undefined;
      }),
    list: (file, limit) =>
      reach('list unproven marks', async () => {
        const prefix = unprovenPrefix(file);
        const { objects } = await bucket.list({ prefix, limit, include: ['customMetadata'] });
        return objects.map(({ key, uploaded, customMetadata }) => ({
          id: key.slice(prefix.length),
          at: uploaded.getTime(),
          hasEnded: customMetadata?.['ended'] === '1',
        }));
      }),
    digests: (file, id) => reach('read unproven mark', async () => await (await bucket.get(keyOf(file, id)))?.text()),
    remove: (file, ids) =>
      reach('remove unproven mark', async () => {
        if (ids.length > 0) await bucket.delete(ids.map((id) => keyOf(file, id)));
        return undefined;
      }),
  };
}
