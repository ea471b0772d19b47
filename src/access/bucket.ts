/** The room's objects in R2: tokens, and the trail of what was written by whom. */
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document } from '../shared/r2-documents.ts';
import type { Result } from '../shared/result.ts';
import { type StoreFault, storeCaller } from '../shared/store.ts';
import { parseToken, type TokenRecord } from './token-record.ts';

/** A page of names in their order, and whether there are more. */
interface NamePage {
  readonly names: readonly string[];
  readonly isLast: boolean;
}

interface TrailPage {
  readonly items: readonly { readonly name: string; readonly fields: Readonly<Record<string, string>> }[];
  readonly isLast: boolean;
}

export interface AccessStore {
  token(name: string): Document<TokenRecord>;
  removeToken(name: string): Promise<Result<undefined, StoreFault>>;
  tokens(after: string, limit: number): Promise<Result<NamePage, StoreFault>>;
  /** Stores an entry of the trail. Names sort from the newest entry to the oldest. */
  writeEntry(name: string, fields: Readonly<Record<string, string>>): Promise<Result<undefined, StoreFault>>;
  entries(after: string, limit: number): Promise<Result<TrailPage, StoreFault>>;
  removeEntries(names: readonly string[]): Promise<Result<undefined, StoreFault>>;
}

/** Returns the store on an R2 bucket. */
export function accessBucket(bucket: R2Bucket, platform: Platform): AccessStore {
  const reach = storeCaller(platform);
  const tokenKey = (name: string) => `tokens/${name}.json`;
  const entryKey = (name: string) => `audit/${name}`;
  const listed = async (prefix: string, after: string, limit: number) => {
    const from = after === '' ? {} : { startAfter: `${prefix}${after}` };
    return await bucket.list({ prefix, limit, include: ['customMetadata'], ...from });
  };
  return {
    token: (name) => r2Document(bucket, reach, tokenKey(name), jsonCodec(parseToken)),
    removeToken: (name) =>
      reach('delete token', async () => {
        await bucket.delete(tokenKey(name));
        return undefined;
      }),
    tokens: (after, limit) =>
      reach('list tokens', async () => {
        const page = await listed('tokens/', after === '' ? '' : `${after}.json`, limit);
        const names = page.objects.map(({ key }) => key.slice('tokens/'.length, -'.json'.length));
        return { names, isLast: !page.truncated };
      }),
    writeEntry: (name, fields) =>
      reach('write audit', async () => {
        await bucket.put(entryKey(name), '', { customMetadata: { ...fields } });
        return undefined;
      }),
    entries: (after, limit) =>
      reach('list audit', async () => {
        const page = await listed('audit/', after, limit);
        const items = page.objects.map(({ key, customMetadata }) => ({
          name: key.slice('audit/'.length),
          fields: customMetadata ?? {},
        }));
        return { items, isLast: !page.truncated };
      }),
    removeEntries: (names) =>
      reach('delete audit', async () => {
        await bucket.delete(names.map(entryKey));
        return undefined;
      }),
  };
}
