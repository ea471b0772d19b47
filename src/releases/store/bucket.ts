/** The release room's part of R2: manifests, files, aliases, verdicts and the last good version.txt of upstream. */
import { toBase64 } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { orUnreadable, type StoreFault, storeCaller } from '../../shared/store.ts';
import { type Alias, isAlias, type Pair, type ReleaseFile, type Version } from '../model.ts';
import { type AliasRecord, NO_ALIAS, parseAlias } from './alias.ts';
import { type Manifest, type ManifestFile, parseManifest } from './manifest.ts';
import { EMPTY_INDEX, parseIndex, type ReleaseIndex } from './release-index.ts';
import { parseVerdict, type Verdict } from './verdict.ts';

export interface LastGoodPair {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly checkedAt: number;
}

export interface ReleaseStore {
  manifest(release: Pair & { version: Version }): Promise<Result<Manifest | undefined, StoreFault>>;
  /** The body of exactly the object that the manifest names; `undefined` when it is gone or another. */
  open(
    file: Pick<ManifestFile, 'key' | 'etag'>,
    range?: { start: number; end: number },
  ): Promise<Result<ReadableStream<Uint8Array> | undefined, StoreFault>>;
  alias(pair: Pair, alias: Alias): Promise<Result<StoredAlias, StoreFault>>;
  /** Every alias object of a pair. */
  aliases(pair: Pair): Promise<Result<{ alias: Alias; record: AliasRecord }[], StoreFault>>;
  /** The new etag; `undefined` when somebody else wrote first. */
  writeAlias(
    pair: Pair,
    alias: Alias,
    record: AliasRecord,
    replacing: string | undefined,
  ): Promise<Result<string | undefined, StoreFault>>;
  /** What is published of a pair; empty where nothing is. */
  index(pair: Pair): Promise<Result<ReleaseIndex, StoreFault>>;
  /** releases.json as it stands, with its entity tag; `undefined` before the first publication. */
  publicIndex(): Promise<Result<{ text: string; etag: string } | undefined, StoreFault>>;
  verdict(file: ReleaseFile): Promise<Result<Verdict | undefined, StoreFault>>;
  writeVerdict(file: ReleaseFile, verdict: Verdict): Promise<Result<undefined, StoreFault>>;
  lastGood(pair: Pair, alias: Alias): Promise<Result<LastGoodPair | undefined, StoreFault>>;
  writeLastGood(pair: Pair, alias: Alias, good: LastGoodPair): Promise<Result<undefined, StoreFault>>;
}

interface StoredAlias {
  readonly record: AliasRecord;
  /** For compare-and-set; `undefined` when there is no object yet. */
  readonly etag: string | undefined;
}

/** Characters of an index that an isolate keeps in memory: some hundred releases of a pair. */
const MOST_REMEMBERED = 4 * 1024 * 1024;

/** The release store on an R2 bucket. Every method's error means that R2 did not answer or holds what nobody here wrote. */
export function releaseBucket(bucket: R2Bucket, platform: Platform): ReleaseStore {
  const reach = storeCaller(platform);
  const indexes = new Map<string, { readonly etag: string; readonly index: ReleaseIndex }>();
  return {
    manifest: ({ channel, board, version }) =>
      reach('read manifest', async () => {
        const object = await bucket.get(`manifests/${channel}/${board}/${version}.json`);
        return object === null ? undefined : orUnreadable(parseManifest(await object.text()));
      }),
    open: ({ key, etag }, range) =>
      reach('open file', async () => {
        const where = range && { range: { offset: range.start, length: range.end - range.start + 1 } };
        const object = await bucket.get(key, { onlyIf: { etagMatches: etag }, ...where });
        return object !== null && 'body' in object ? object.body : undefined;
      }),
    alias: (pair, alias) =>
      reach('read alias', async () => {
        const object = await bucket.get(aliasKey(pair, alias));
        if (object === null) return { record: NO_ALIAS, etag: undefined };
        return { record: orUnreadable(parseAlias(await object.text())), etag: object.etag };
      }),
    aliases: ({ channel, board }) =>
      reach('list aliases', async () => {
        const { objects } = await bucket.list({ prefix: `alias/${channel}/${board}/` });
        const found: { alias: Alias; record: AliasRecord }[] = [];
        for (const { key } of objects) {
          const alias =
            key
              .split('/')
              .at(-1)
              ?.replace(/\.json$/, '') ?? '';
          const object = await bucket.get(key);
          if (object !== null && isAlias(alias))
            found.push({ alias, record: orUnreadable(parseAlias(await object.text())) });
        }
        return found;
      }),
    writeAlias: (pair, alias, record, replacing) =>
      reach('write alias', async () => {
        const onlyIf = replacing === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: replacing };
        return (await bucket.put(aliasKey(pair, alias), JSON.stringify(record), { onlyIf }))?.etag;
      }),
    index: ({ channel, board }) =>
      reach('read index', async () => {
        const key = `index/${channel}/${board}.json`;
        const known = indexes.get(key);
        // R2 says whether it is still the one that was read; what it holds need not come again.
        const object = await bucket.get(key, known && { onlyIf: { etagDoesNotMatch: known.etag } });
        if (object === null) return EMPTY_INDEX;
        if (known !== undefined && !('body' in object)) return known.index;
        const text = await (object as R2ObjectBody).text();
        const index = orUnreadable(parseIndex(text));
        if (text.length <= MOST_REMEMBERED) indexes.set(key, { etag: object.etag, index });
        else indexes.delete(key);
        return index;
      }),
    publicIndex: () =>
      reach('read releases.json', async () => {
        const object = await bucket.get('releases.json');
        return object === null ? undefined : { text: await object.text(), etag: object.httpEtag };
      }),
    verdict: (file) =>
      reach('read verdict', async () => {
        const object = await bucket.get(verdictKey(file));
        return object === null ? undefined : orUnreadable(parseVerdict(await object.text()));
      }),
    writeVerdict: (file, verdict) =>
      reach('write verdict', async () => {
        await bucket.put(verdictKey(file), JSON.stringify(verdict));
        return undefined;
      }),
    lastGood: (pair, alias) =>
      reach('read last good version.txt', async () => {
        const object = await bucket.get(`${lastGoodPrefix(pair, alias)}version.txt`);
        return object === null ? undefined : await readLastGood(object);
      }),
    writeLastGood: (pair, alias, good) =>
      reach('write last good version.txt', async () => {
        const { etag, checkedAt, lastModified, signature } = good;
        // The signature travels with the text: two objects could be seen half replaced.
        const customMetadata = {
          etag,
          checkedAt: String(checkedAt),
          signature: toBase64(signature),
          ...(lastModified === undefined ? {} : { lastModified: String(lastModified) }),
        };
        await bucket.put(`${lastGoodPrefix(pair, alias)}version.txt.sig`, signature);
        await bucket.put(`${lastGoodPrefix(pair, alias)}version.txt`, good.bytes, { customMetadata });
        return undefined;
      }),
  };
}

async function readLastGood(object: R2ObjectBody): Promise<LastGoodPair | undefined> {
  const { etag, checkedAt, lastModified, signature } = object.customMetadata ?? {};
  if (etag === undefined || checkedAt === undefined || signature === undefined) return undefined;
  return {
    bytes: new Uint8Array(await object.arrayBuffer()),
    signature: Uint8Array.from(atob(signature), (character) => character.charCodeAt(0)),
    etag,
    lastModified: lastModified === undefined ? undefined : Number(lastModified),
    checkedAt: Number(checkedAt),
  };
}

const aliasKey = ({ channel, board }: Pair, alias: Alias) => `alias/${channel}/${board}/${alias}.json`;
const verdictKey = ({ channel, board, version, file }: ReleaseFile) =>
  `verdicts/${channel}/${board}/${version}/${file}`;
const lastGoodPrefix = ({ channel, board }: Pair, alias: Alias) => `upstream/${channel}/${board}/${alias}/`;
