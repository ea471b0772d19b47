/**
 * Whole mirrored files by way of Cloudflare's cache. A second entrypoint of the same Worker, which may be cached, hands out the
 * one object that the manifest names, by key and etag: the channel is part of the path, an alias never is, and what is asked for
 * under one address is always the same bytes. Who may have them was decided before.
 */

import { CACHE } from '../../shared/http/cache.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ManifestFile } from '../store/manifest.ts';

/** The entrypoint that may be cached, as this Worker reaches it. */
export type CachedEntrypoint = (request: Request) => Promise<Response>;

interface OpenedFile {
  readonly stream: ReadableStream<Uint8Array>;
  /** What the cache did (`HIT`, `MISS`, …); `none` where there was no cache between. */
  readonly cache: string;
}

/** Opens the object that a manifest names; `undefined` when it is gone or another. */
export type OpenFile = (
  file: ManifestFile,
  range: { readonly start: number; readonly end: number } | undefined,
) => Promise<Result<OpenedFile | undefined, StoreFault>>;

/** Larger answers are never kept ("MISS on every request"): they would only cost a second request. */
const MOST_CACHED_BYTES = 512_000_000;
/** No host of ours: requests between entrypoints never leave the Worker. */
const INNER_ORIGIN = 'https://downloads.invalid';

/** Straight from the store. */
export const openFromStore =
  (store: Pick<ReleaseStore, 'open'>): OpenFile =>
  async (file, range) => {
    const opened = await store.open(file, range);
    if (!opened.ok || opened.value === undefined) return opened.ok ? { ok: true, value: undefined } : opened;
    return { ok: true, value: { stream: opened.value, cache: 'none' } };
  };

/**
 * Whole files through the entrypoint, parts and whatever the entrypoint does not answer straight from the store: whether a
 * cached answer is cut to a range is not proven (docs/adr/0008).
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
      return { ok: true, value: { stream: body, cache: headers.get('cf-cache-status') ?? 'none' } };
    await body?.cancel();
    return await direct(file, range);
  };
}

/** What the entrypoint answers: the object of that key and etag, to be kept for ever; anything else is not to be kept at all. */
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
