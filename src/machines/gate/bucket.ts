/** The looks of the gate in R2: `gate/looks/`, and a mark for each that is not finished. */
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { jsonCodec, orElse, r2Document } from '../../shared/r2-documents.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import { type LookRecord, parseLook } from './look-record.ts';

export interface Release {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

export interface LookStore {
  /** A look that cannot be read counts as one that has to begin. */
  look(release: Release): Document<LookRecord>;
  markUnfinished(release: Release): Promise<Result<undefined, StoreFault>>;
  unmark(release: Release): Promise<Result<undefined, StoreFault>>;
  /** The releases at which somebody looks, or should. */
  unfinished(): Promise<Result<readonly Release[], StoreFault>>;
}

const MARKS = 'gate/unfinished/';

/** Returns the store on an R2 bucket. */
export function lookBucket(bucket: R2Bucket, platform: Platform): LookStore {
  const reach = storeCaller(platform);
  const markKey = ({ channel, board, version }: Release) => `gate/unfinished/${channel}/${board}/${version}`;
  return {
    look: (release) => {
      const { channel, board, version } = release;
      const codec = jsonCodec(orElse(parseLook, () => unknown(release)));
      return r2Document(bucket, reach, `gate/looks/${channel}/${board}/${version}.json`, codec);
    },
    markUnfinished: (release) =>
      reach('mark look', async () => {
        await bucket.put(markKey(release), '');
        return undefined;
      }),
    unmark: (release) =>
      reach('unmark look', async () => {
        await bucket.delete(markKey(release));
        return undefined;
      }),
    unfinished: () =>
      reach('list looks', async () => {
        const page = await bucket.list({ prefix: MARKS, limit: 100 });
        return page.objects.flatMap(({ key }) => {
          const [channel, board, version] = key.slice(MARKS.length).split('/');
          return channel && board && version ? [{ channel, board, version }] : [];
        });
      }),
  };
}

const EPOCH = new Date(0).toISOString();

function unknown({ channel, board, version }: Release): LookRecord {
  const nothing = { state: 'looking' as const, run: 0, place: '', looked: 0, names: {} };
  return { channel, board, version, ...nothing, startedAt: EPOCH, heartbeatAt: EPOCH, finishedAt: null };
}
