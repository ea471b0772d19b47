/**
 * What pass-through notes in R2 beside its verdicts: marks of streams whose bytes left before the signature of their file had
 * verified, and notes on files that were found bad. A mark is written before the first byte leaves, and is removed when the
 * bytes turn out to be those of the verified file.
 */
import { ok, type Result } from '../../../shared/result.ts';
import type { Reach, StoreFault } from '../../../shared/store.ts';
import { REFUSED_PREFIX, refusedFile, refusedKey, unprovenPrefix } from '../../keys.ts';
import type { ReleaseFile } from '../../model.ts';

interface UnprovenMark {
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

export interface RefusedNote {
  readonly file: ReleaseFile;
  /** The reason code of the bad verdict. */
  readonly reason: string;
  /** When the file was found bad, in ISO 8601. */
  readonly at: string;
}

export interface RefusedNotes {
  write(file: ReleaseFile, note: Omit<RefusedNote, 'file'>): Promise<Result<undefined, StoreFault>>;
  remove(file: ReleaseFile): Promise<Result<undefined, StoreFault>>;
  /** Returns the first thousand notes, in the order of their paths. */
  list(): Promise<Result<RefusedNote[], StoreFault>>;
}

const MOST_LISTED = 1000;

/** Returns the notes that an R2 bucket keeps. The verdict of a file decides; a note only says where to look. */
export function refusedNotes(bucket: R2Bucket, reach: Reach): RefusedNotes {
  return {
    write: (file, { reason, at }) =>
      reach('note refused file', async () => {
        await bucket.put(refusedKey(file), '', { customMetadata: { reason, at } });
        return undefined;
      }),
    remove: (file) => reach('forget refused file', () => bucket.delete(refusedKey(file)).then(() => undefined)),
    list: async () => {
      const listed = await reach('list refused files', () =>
        bucket.list({ prefix: REFUSED_PREFIX, limit: MOST_LISTED, include: ['customMetadata'] }),
      );
      if (!listed.ok) return listed;
      return ok(
        listed.value.objects.flatMap(({ key, customMetadata }) => {
          const file = refusedFile(key);
          const { reason = 'bad-signature', at = '' } = customMetadata ?? {};
          return file === undefined ? [] : [{ file, reason, at }];
        }),
      );
    },
  };
}
