/** The records of checks in R2: `changes/{profile}/{id}.json`. Ids sort from the newest to the oldest. */
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { jsonCodec, r2Document } from '../../shared/r2-documents.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import { type CheckRecord, parseCheck } from './check-record.ts';

export interface CheckStore {
  check(profile: string, id: string): Document<CheckRecord>;
  /** Lists ids after the place `after`. */
  ids(
    profile: string,
    after: string,
    limit: number,
  ): Promise<Result<{ readonly ids: readonly string[]; readonly isLast: boolean }, StoreFault>>;
}

/** Returns the store on an R2 bucket. */
export function checkBucket(bucket: R2Bucket, platform: Platform): CheckStore {
  const reach = storeCaller(platform);
  const keyOf = (profile: string, id: string) => `changes/${profile}/${id}.json`;
  return {
    check: (profile, id) => r2Document(bucket, reach, keyOf(profile, id), jsonCodec(parseCheck)),
    ids: (profile, after, limit) =>
      reach('list changes', async () => {
        const prefix = `changes/${profile}/`;
        const from = after === '' ? {} : { startAfter: keyOf(profile, after) };
        const page = await bucket.list({ prefix, limit, ...from });
        const ids = page.objects.map(({ key }) => key.slice(prefix.length, -'.json'.length));
        return { ids, isLast: !page.truncated };
      }),
  };
}
