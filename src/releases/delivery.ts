/**
 * Decides the status, headers and range of a file's answer (RFC 9110 sections 13 and 14). The decision needs only the
 * request and the file's facts, before any byte is read. Files from R2 and files from upstream share it, so that both
 * answer in the same way. No I/O, no clock.
 */
import { CACHE } from '../shared/http/cache.ts';
import { evaluatePreconditions, rangeApplies } from '../shared/http/conditional.ts';
import { formatHttpDate } from '../shared/http/date.ts';
import { decideRange } from '../shared/http/range.ts';

export interface FileFacts {
  /** In bytes. */
  readonly size: number;
  /** A strong entity tag with its quotes; `undefined` when nothing but the size is known of the file. */
  readonly etag: string | undefined;
  /** Milliseconds since the epoch, rounded to whole seconds as in an HTTP date. */
  readonly lastModified?: number | undefined;
}

/** The headers of an answer that do not depend on the request. */
export interface Presentation {
  readonly contentType: string;
  readonly cacheControl: string;
  /** Cache-Control of a 206 answer, where it differs from that of the whole file. */
  readonly partCacheControl?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Delivery =
  | { readonly kind: 'whole'; readonly status: 200; readonly headers: Headers }
  | {
      readonly kind: 'part';
      readonly status: 206;
      readonly start: number;
      readonly end: number;
      readonly headers: Headers;
    }
  | { readonly kind: 'not-modified'; readonly status: 304; readonly headers: Headers }
  | { readonly kind: 'precondition-failed' }
  | { readonly kind: 'unsatisfiable'; readonly size: number };

/**
 * Returns how to answer a GET or HEAD for the file that `facts` describe. `now` is in milliseconds since the epoch.
 * Range counts for GET only (RFC 9110 section 14.2).
 */
export function decideDelivery(
  request: { readonly method: string; readonly headers: Headers },
  facts: FileFacts,
  presentation: Presentation,
  now: number,
): Delivery {
  const validators = { ...facts, aliases: olderTags(facts) };
  const outcome = evaluatePreconditions(request.headers, validators, now);
  if (outcome === 'failed') return { kind: 'precondition-failed' };
  const headers = commonHeaders(facts, presentation);
  if (outcome === 'not-modified') return { kind: 'not-modified', status: 304, headers };
  headers.set('accept-ranges', 'bytes');
  headers.set('content-type', presentation.contentType);
  const mayBePart = request.method === 'GET' && rangeApplies(request.headers, facts, now);
  const range = decideRange(mayBePart ? request.headers.get('range') : null, facts.size);
  if (range.kind === 'unsatisfiable') return { kind: 'unsatisfiable', size: facts.size };
  if (range.kind === 'whole') {
    headers.set('content-length', String(facts.size));
    return { kind: 'whole', status: 200, headers };
  }
  const { start, end } = range;
  headers.set('content-length', String(end - start + 1));
  headers.set('content-range', `bytes ${start}-${end}/${facts.size}`);
  headers.set('cache-control', presentation.partCacheControl ?? presentation.cacheControl);
  return { kind: 'part', status: 206, start, end, headers };
}

/** The headers that every answer has, a 304 included (RFC 9110 section 15.4.5). */
function commonHeaders(facts: FileFacts, presentation: Presentation): Headers {
  const headers = new Headers(presentation.headers);
  if (facts.etag !== undefined) headers.set('etag', facts.etag);
  headers.set('cache-control', presentation.cacheControl);
  if (facts.lastModified !== undefined) headers.set('last-modified', formatHttpDate(facts.lastModified));
  return headers;
}

/**
 * Returns the entity tag that Flatcar's Caddy servers gave a file until 2025: base36(mtime in seconds) + base36(size).
 * The official mirror script computes it from its local files and sends it as If-None-Match. `lastModified` is in
 * milliseconds.
 */
export function serverTag(lastModified: number, size: number): string {
  return `"${Math.floor(lastModified / 1000).toString(36)}${size.toString(36)}"`;
}

const olderTags = ({ lastModified, size }: FileFacts): string[] =>
  lastModified === undefined ? [] : [serverTag(lastModified, size)];

/** Returns the Cache-Control values of a file that passes through from upstream, below an alias or a version. */
export const passThroughCaching = (isAlias: boolean): Pick<Presentation, 'cacheControl' | 'partCacheControl'> => ({
  cacheControl: isAlias ? CACHE.alias : CACHE.passThrough,
  partCacheControl: CACHE.asItIs,
});
