/** What the release room stores in R2: manifests, files, aliases, indexes, verdicts and the last good version.txt. */
import { fromBase64, toBase64 } from '../../shared/bytes.ts';
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { jsonCodec, orElse, r2Document, readObject, understood } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type StoreFault, settled, storeCaller } from '../../shared/store.ts';
import { signatureOf } from '../companions.ts';
import {
  aliasAt,
  aliasKey,
  aliasPrefix,
  indexKey,
  lastGoodKey,
  manifestAt,
  manifestKey,
  manifestsPrefix,
  PUBLIC_INDEX_KEY,
  ringAt,
  verdictKey,
} from '../keys.ts';
import type { Alias, Pair, ReleaseFile, Version } from '../model.ts';
import { type AliasRecord, NO_ALIAS, parseAlias } from './alias.ts';
import { type Manifest, type ManifestFile, parseManifest, unpublished } from './manifest.ts';
import { type RefusedNotes, refusedNotes, type UnprovenMarks, unprovenMarks } from './notes/bucket.ts';
import {
  EMPTY_INDEX,
  EMPTY_PUBLIC_INDEX,
  type PublicIndex,
  parseIndex,
  parsePublicIndex,
  type ReleaseIndex,
} from './release-index.ts';
import { parseVerdict, type Verdict } from './verdict.ts';

/** A verified version.txt of upstream and its signature. */
export interface LastGoodPair {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly lastModified: number | undefined;
  /** When upstream last sent this text: milliseconds since the epoch. */
  readonly checkedAt: number;
}

interface AliasList {
  readonly found: readonly { readonly alias: Alias; readonly record: AliasRecord }[];
  /** `detail` says what is wrong with the record. */
  readonly unreadable: readonly { readonly alias: Alias; readonly detail: string }[];
}

export interface ReleaseStore {
  /** The manifest of a release, for code that changes it; code that only serves it calls `manifest`. */
  manifestDocument(release: Pair & { readonly version: Version }): Document<Manifest>;
  /** The same, but in the place of a malformed one stands that of an unpublished release, which may replace it. */
  replaceableManifest(release: Pair & { readonly version: Version }): Document<Manifest>;
  manifest(release: Pair & { readonly version: Version }): Promise<Result<Manifest | undefined, StoreFault>>;
  /** Lists the versions of a pair that have a manifest, whatever it says. */
  manifestVersions(pair: Pair): Promise<Result<Version[], StoreFault>>;
  /** Opens the object with this key and etag; `undefined` when it is gone or has another etag. */
  open(
    file: Pick<ManifestFile, 'key' | 'etag'>,
    range?: { start: number; end: number },
  ): Promise<Result<ReadableStream<Uint8Array> | undefined, StoreFault>>;
  aliasDocument(pair: Pair, alias: Alias): Document<AliasRecord>;
  /** Reads an alias record; it is `NO_ALIAS` when none is stored yet. */
  alias(pair: Pair, alias: Alias): Promise<Result<AliasRecord, StoreFault>>;
  /** Reads every alias record of a pair. One that cannot be understood is named, and the others are there. */
  aliases(pair: Pair): Promise<Result<AliasList, StoreFault>>;
  /** The names of a pair's aliases and rings, in one call. */
  names(pair: Pair): Promise<Result<Alias[], StoreFault>>;
  /** Reads every record of a pair's rings, also of those that were ended. One that cannot be understood is named. */
  ringRecords(pair: Pair): Promise<Result<AliasList, StoreFault>>;
  /** The names of a pair's rings. */
  rings(pair: Pair): Promise<Result<Alias[], StoreFault>>;
  /** The index of a pair, for code that changes it; code that only shows it calls `index`. */
  indexDocument(pair: Pair): Document<ReleaseIndex>;
  /** Reads the index of a pair; it is empty when nothing has been published. */
  index(pair: Pair): Promise<Result<ReleaseIndex, StoreFault>>;
  /** The same, but a malformed one counts as empty, and may be replaced. */
  replaceableIndex(pair: Pair): Document<ReleaseIndex>;
  /** releases.json for the code that makes it anew: a malformed one counts as empty. */
  publicIndexDocument(): Document<PublicIndex>;
  /** Reads releases.json with its text and its entity tag; `undefined` before the first publication. */
  publicIndex(): Promise<Result<{ index: PublicIndex; text: string; etag: string } | undefined, StoreFault>>;
  verdict(file: ReleaseFile): Promise<Result<Verdict | undefined, StoreFault>>;
  verdictDocument(file: ReleaseFile): Document<Verdict>;
  readonly marks: UnprovenMarks;
  readonly refused: RefusedNotes;
  lastGood(pair: Pair, alias: Alias): Promise<Result<LastGoodPair | undefined, StoreFault>>;
  writeLastGood(pair: Pair, alias: Alias, good: LastGoodPair): Promise<Result<undefined, StoreFault>>;
}

/** An isolate caches an index of at most this many characters, which is enough for hundreds of releases. */
const MOST_CACHED_CHARACTERS = 4 * 1024 * 1024;

/**
 * Returns the release store on an R2 bucket. It is the only adapter of manifests, indexes, alias records and
 * releases.json; the rooms `releases` and `mirror` share it.
 */
export function releaseBucket(bucket: R2Bucket, platform: Platform): ReleaseStore {
  const reach = storeCaller(platform);
  const indexes = new Map<string, { readonly etag: string; readonly index: ReleaseIndex }>();
  const manifestDocument: ReleaseStore['manifestDocument'] = (release) =>
    r2Document(bucket, reach, manifestKey(release), jsonCodec(parseManifest));
  const aliasDocument: ReleaseStore['aliasDocument'] = (pair, name) =>
    r2Document(bucket, reach, aliasKey(pair, name), jsonCodec(parseAlias));
  const recordsOf = async (
    operation: string,
    pair: Pair,
    nameAt: typeof aliasAt,
  ): Promise<Result<AliasList, StoreFault>> => {
    const listed = await reach(operation, () => bucket.list({ prefix: aliasPrefix(pair) }));
    if (!listed.ok) return listed;
    const found: AliasList['found'][number][] = [];
    const unreadable: AliasList['unreadable'][number][] = [];
    for (const { key } of listed.value.objects) {
      const name = nameAt(pair, key);
      if (name === undefined) continue;
      const read = await aliasDocument(pair, name).read();
      if (read.ok && read.value !== undefined) found.push({ alias: name, record: read.value.value });
      if (read.ok) continue;
      if (read.error.reason !== 'stored-malformed') return read;
      unreadable.push({ alias: name, detail: read.error.detail });
    }
    return ok({ found, unreadable });
  };
  return {
    manifestDocument,
    replaceableManifest: (release) => {
      const standIn = () => unpublished(release, new Date(platform.now()).toISOString());
      return r2Document(bucket, reach, manifestKey(release), jsonCodec(orElse(parseManifest, standIn)));
    },
    manifest: async (release) => {
      const read = await manifestDocument(release).read();
      return read.ok ? ok(read.value?.value) : read;
    },
    manifestVersions: async (pair) => {
      const found: Version[] = [];
      let cursor: string | undefined;
      do {
        const from = cursor === undefined ? {} : { cursor };
        const page = await reach('list manifests', () => bucket.list({ prefix: manifestsPrefix(pair), ...from }));
        if (!page.ok) return page;
        for (const { key } of page.value.objects) {
          const version = manifestAt(pair, key);
          if (version !== undefined) found.push(version);
        }
        cursor = page.value.truncated ? page.value.cursor : undefined;
      } while (cursor !== undefined);
      return ok(found);
    },
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
    aliases: (pair) => recordsOf('list aliases', pair, aliasAt),
    ringRecords: (pair) => recordsOf('list rings', pair, ringAt),
    names: (pair) =>
      reach('list names', async () => {
        const listed = await bucket.list({ prefix: aliasPrefix(pair) });
        return listed.objects.flatMap(({ key }) => aliasAt(pair, key) ?? ringAt(pair, key) ?? []);
      }),
    rings: (pair) =>
      reach('list rings', async () => {
        const listed = await bucket.list({ prefix: aliasPrefix(pair) });
        return listed.objects.flatMap(({ key }) => ringAt(pair, key) ?? []);
      }),
    indexDocument: (pair) => r2Document(bucket, reach, indexKey(pair), jsonCodec(parseIndex)),
    index: async (pair) => {
      const key = indexKey(pair);
      const cached = indexes.get(key);
      return settled(
        await reach('read index', async () => {
          // If the index has not changed, R2 answers without its body.
          const object = await bucket.get(key, cached && { onlyIf: { etagDoesNotMatch: cached.etag } });
          if (object === null) return ok(EMPTY_INDEX);
          if (cached !== undefined && !('body' in object)) return ok(cached.index);
          const text = await (object as R2ObjectBody).text();
          const index = understood(key, parseIndex(text));
          if (!index.ok) return index;
          if (text.length <= MOST_CACHED_CHARACTERS) indexes.set(key, { etag: object.etag, index: index.value });
          else indexes.delete(key);
          return index;
        }),
      );
    },
    replaceableIndex: (pair) =>
      r2Document(bucket, reach, indexKey(pair), jsonCodec(orElse(parseIndex, () => EMPTY_INDEX))),
    publicIndexDocument: () =>
      r2Document(bucket, reach, PUBLIC_INDEX_KEY, jsonCodec(orElse(parsePublicIndex, () => EMPTY_PUBLIC_INDEX))),
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
    verdictDocument: (file) => r2Document(bucket, reach, verdictKey(file), jsonCodec(parseVerdict)),
    marks: unprovenMarks(bucket, reach),
    refused: refusedNotes(bucket, reach),
    lastGood: (pair, alias) =>
      reach('read last good version.txt', async () => {
        const object = await bucket.get(lastGoodKey(pair, alias));
        return object === null ? undefined : await readLastGood(object);
      }),
    writeLastGood: (pair, alias, good) =>
      reach('write last good version.txt', async () => {
        const { etag, checkedAt, lastModified, signature } = good;
        // The metadata of the text repeats the signature, so that one read returns two that belong together.
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
