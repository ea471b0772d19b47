/**
 * Reads whole mirrored files through Cloudflare's cache. A second entrypoint of this Worker, which may be cached,
 * answers with the object that has the R2 key and etag of the manifest entry. So one inner URL always means the same
 * bytes, and no alias is part of it. The first entrypoint has decided before that the client may have the file
 * (docs/adr/0008).
 */

import { CACHE } from '../../shared/http/cache.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ManifestFile } from '../store/manifest.ts';

/** How this Worker calls its second entrypoint, the one that may be cached. */
export type CachedEntrypoint = (request: Request) => Promise<Response>;

interface OpenedFile {
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  /** What the cache did (`HIT`, `MISS`, …), `memory` when this isolate had them, or `none` when they came straight from the store. */
  readonly cache: string;
}

/** Opens the object of a manifest entry. The value is `undefined` when the object is gone or has another etag. */
export type OpenFile = (
  file: ManifestFile,
  range: { readonly start: number; readonly end: number } | undefined,
) => Promise<Result<OpenedFile | undefined, StoreFault>>;

/** The cache keeps no larger answers. For them the inner request would only be a cost. */
const MOST_CACHED_BYTES = 512_000_000;
/** A host that does not exist (RFC 6761 section 6.4): requests between entrypoints never leave the Worker. */
const INNER_ORIGIN = 'https://downloads.invalid';

/** Returns an `OpenFile` that reads from the store without the cache. */
export const openFromStore =
  (store: Pick<ReleaseStore, 'open'>): OpenFile =>
  async (file, range) => {
    const opened = await store.open(file, range);
    if (!opened.ok || opened.value === undefined) return opened.ok ? { ok: true, value: undefined } : opened;
    return { ok: true, value: { body: opened.value, cache: 'none' } };
  };

/**
 * Returns an `OpenFile` that reads whole files through the entrypoint. It reads ranges straight from the store, since
 * it is not proven that the cache cuts a stored answer to a range (docs/adr/0008). It also reads from the store when
 * the entrypoint fails.
 */
export function openThroughCache(
  platform: Pick<Platform, 'timer'>,
  store: Pick<ReleaseStore, 'open'>,
  entrypoint: CachedEntrypoint,
): OpenFile {
  const direct = openFromStore(store);
  const reach = storeCaller(platform);
  return async (file, range) => {
    if (range !== undefined || file.size > MOST_CACHED_BYTES) return await direct(file, range);
    const url = `${INNER_ORIGIN}/${file.key}?etag=${encodeURIComponent(file.etag)}&size=${file.size}`;
    const answer = await reach('cached download', () => entrypoint(new Request(url)));
    if (!answer.ok) return await direct(file, range);
    const { status, headers, body } = answer.value;
    if (status === 200 && body !== null && headers.get('content-length') === String(file.size))
      return { ok: true, value: { body, cache: headers.get('cf-cache-status') ?? 'none' } };
    await body?.cancel();
    return await direct(file, range);
  };
}

/**
 * Returns the answer of the second entrypoint: the object with the key and etag of the URL, which the cache may keep
 * for ever. It answers 404 when there is no such object and 503 when the store fails; the cache must keep neither.
 */
export async function answerCached(store: Pick<ReleaseStore, 'open'>, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const key = pathname.slice(1);
  const etag = searchParams.get('etag') ?? '';
  const size = searchParams.get('size') ?? '';
  const [, channel = '', board = '', version = ''] = key.split('/');
  const isOurs = key.startsWith('files/') && etag !== '' && /^\d+$/.test(size);
  const opened = isOurs ? await store.open({ key, etag }) : undefined;
  if (opened === undefined || !opened.ok || opened.value === undefined) {
    const status = opened?.ok === false ? 503 : 404;
    return new Response(null, { status, headers: { 'cache-control': CACHE.never } });
  }
  return new Response(opened.value, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'cache-control': CACHE.immutable,
      'cache-tag': `downloads,${channel}/${board},${channel}/${board}/${version}`,
    },
  });
}
