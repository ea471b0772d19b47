/** The release room's part of R2: manifests, files, aliases, verdicts and the last good version.txt of upstream. */
import { fromBase64, toBase64 } from '../../shared/bytes.ts';
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { jsonCodec, r2Document, readObject, understood } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type StoreFault, settled, storeCaller } from '../../shared/store.ts';
import { signatureOf } from '../companions.ts';
import {
  aliasAt,
  aliasKey,
  aliasPrefix,
  indexKey,
  lastGoodKey,
  manifestKey,
  PUBLIC_INDEX_KEY,
  verdictKey,
} from '../keys.ts';
import type { Alias, Pair, ReleaseFile, Version } from '../model.ts';
import { type AliasRecord, NO_ALIAS, parseAlias } from './alias.ts';
import { type Manifest, type ManifestFile, parseManifest } from './manifest.ts';
import { EMPTY_INDEX, type PublicIndex, parseIndex, parsePublicIndex, type ReleaseIndex } from './release-index.ts';
import { parseVerdict, type Verdict } from './verdict.ts';

export interface LastGoodPair {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly checkedAt: number;
}

export interface ReleaseStore {
  /** What publish says of a release; who only serves it reads it by `manifest`. */
  manifestDocument(release: Pair & { readonly version: Version }): Document<Manifest>;
  manifest(release: Pair & { readonly version: Version }): Promise<Result<Manifest | undefined, StoreFault>>;
  removeManifest(release: Pair & { readonly version: Version }): Promise<Result<undefined, StoreFault>>;
  /** The body of exactly the object that the manifest names; `undefined` when it is gone or another. */
  open(
    file: Pick<ManifestFile, 'key' | 'etag'>,
    range?: { start: number; end: number },
  ): Promise<Result<ReadableStream<Uint8Array> | undefined, StoreFault>>;
  aliasDocument(pair: Pair, alias: Alias): Document<AliasRecord>;
  /** What an alias names; `NO_ALIAS` where there is no object yet. */
  alias(pair: Pair, alias: Alias): Promise<Result<AliasRecord, StoreFault>>;
  /** Every alias object of a pair. */
  aliases(pair: Pair): Promise<Result<{ alias: Alias; record: AliasRecord }[], StoreFault>>;
  /** What is published of a pair, to be changed; who only shows it reads it by `index`. */
  indexDocument(pair: Pair): Document<ReleaseIndex>;
  /** What is published of a pair; empty where nothing is. */
  index(pair: Pair): Promise<Result<ReleaseIndex, StoreFault>>;
  publicIndexDocument(): Document<PublicIndex>;
  /** releases.json as it stands, with its entity tag; `undefined` before the first publication. */
  publicIndex(): Promise<Result<{ index: PublicIndex; text: string; etag: string } | undefined, StoreFault>>;
  verdict(file: ReleaseFile): Promise<Result<Verdict | undefined, StoreFault>>;
  writeVerdict(file: ReleaseFile, verdict: Verdict): Promise<Result<undefined, StoreFault>>;
  lastGood(pair: Pair, alias: Alias): Promise<Result<LastGoodPair | undefined, StoreFault>>;
  writeLastGood(pair: Pair, alias: Alias, good: LastGoodPair): Promise<Result<undefined, StoreFault>>;
}

/** Characters of an index that an isolate keeps in memory: some hundred releases of a pair. */
const MOST_REMEMBERED = 4 * 1024 * 1024;

/** The release store on an R2 bucket: the only adapter of manifests, indexes, aliases and releases.json, for who serves and who publishes. */
export function releaseBucket(bucket: R2Bucket, platform: Platform): ReleaseStore {
  const reach = storeCaller(platform);
  const indexes = new Map<string, { readonly etag: string; readonly index: ReleaseIndex }>();
  const manifestDocument: ReleaseStore['manifestDocument'] = (release) =>
    r2Document(bucket, reach, manifestKey(release), jsonCodec(parseManifest));
  const aliasDocument: ReleaseStore['aliasDocument'] = (pair, name) =>
    r2Document(bucket, reach, aliasKey(pair, name), jsonCodec(parseAlias));
  return {
    manifestDocument,
    manifest: async (release) => {
      const read = await manifestDocument(release).read();
      return read.ok ? ok(read.value?.value) : read;
    },
    removeManifest: (release) =>
      reach('remove manifest', () => bucket.delete(manifestKey(release)).then(() => undefined)),
    open: ({ key, etag }, range) =>
      reach('open file', async () => {
        const where = range && { range: { offset: range.start, length: range.end - range.start + 1 } };
        const object = await bucket.get(key, { onlyIf: { etagMatches: etag }, ...where });
        return object !== null && 'body' in object ? object.body : undefined;
      }),
    aliasDocument,
    alias: async (pair, name) => {
      const read = await aliasDocument(pair, name).read();
      return read.ok ? ok(read.value?.value ?? NO_ALIAS) : read;
    },
    aliases: async (pair) => {
      const listed = await reach('list aliases', () => bucket.list({ prefix: aliasPrefix(pair) }));
      if (!listed.ok) return listed;
      const found: { alias: Alias; record: AliasRecord }[] = [];
      for (const { key } of listed.value.objects) {
        const name = aliasAt(pair, key);
        if (name === undefined) continue;
        const read = await aliasDocument(pair, name).read();
        if (!read.ok) return read;
        if (read.value !== undefined) found.push({ alias: name, record: read.value.value });
      }
      return ok(found);
    },
    indexDocument: (pair) => r2Document(bucket, reach, indexKey(pair), jsonCodec(parseIndex)),
    index: async (pair) => {
      const key = indexKey(pair);
      const known = indexes.get(key);
      return settled(
        await reach('read index', async () => {
          // R2 says whether it is still the one that was read; what it holds need not come again.
          const object = await bucket.get(key, known && { onlyIf: { etagDoesNotMatch: known.etag } });
          if (object === null) return ok(EMPTY_INDEX);
          if (known !== undefined && !('body' in object)) return ok(known.index);
          const text = await (object as R2ObjectBody).text();
          const index = understood(key, parseIndex(text));
          if (!index.ok) return index;
          if (text.length <= MOST_REMEMBERED) indexes.set(key, { etag: object.etag, index: index.value });
          else indexes.delete(key);
          return index;
        }),
      );
    },
    publicIndexDocument: () => r2Document(bucket, reach, PUBLIC_INDEX_KEY, jsonCodec(parsePublicIndex)),
    publicIndex: async () =>
      settled(
        await reach('read releases.json', async () => {
          const object = await bucket.get(PUBLIC_INDEX_KEY);
          if (object === null) return ok(undefined);
          const text = await object.text();
          const index = understood(PUBLIC_INDEX_KEY, parsePublicIndex(text));
          return index.ok ? ok({ index: index.value, text, etag: object.httpEtag }) : index;
        }),
      ),
    verdict: (file) => readObject(bucket, reach, verdictKey(file), parseVerdict),
    writeVerdict: (file, verdict) =>
      reach('write verdict', async () => {
        await bucket.put(verdictKey(file), JSON.stringify(verdict));
        return undefined;
      }),
    lastGood: (pair, alias) =>
      reach('read last good version.txt', async () => {
        const object = await bucket.get(lastGoodKey(pair, alias));
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
        await bucket.put(signatureOf(lastGoodKey(pair, alias)), signature);
        await bucket.put(lastGoodKey(pair, alias), good.bytes, { customMetadata });
        return undefined;
      }),
  };
}

async function readLastGood(object: R2ObjectBody): Promise<LastGoodPair | undefined> {
  const { etag, checkedAt, lastModified, signature } = object.customMetadata ?? {};
  if (etag === undefined || checkedAt === undefined || signature === undefined) return undefined;
  return {
    bytes: new Uint8Array(await object.arrayBuffer()),
    signature: fromBase64(signature),
    etag,
    lastModified: lastModified === undefined ? undefined : Number(lastModified),
    checkedAt: Number(checkedAt),
  };
}
