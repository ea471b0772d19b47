/** Notes on the files of upstream that were found bad, so that they can be shown and tried again without a client. */
import { ok, type Result } from '../../shared/result.ts';
import type { Reach, StoreFault } from '../../shared/store.ts';
import { REFUSED_PREFIX, refusedFile, refusedKey } from '../keys.ts';
import type { ReleaseFile } from '../model.ts';

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
  /** Returns the first hundred notes, in the order of their paths. */
  list(): Promise<Result<RefusedNote[], StoreFault>>;
}

const MOST_LISTED = 100;

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
