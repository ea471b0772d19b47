/**
 * How a file is answered: decided from the request and the file's facts alone, before any byte is asked for, so that the
 * R2 path and the pass-through path cannot differ (RFC 9110 sections 13 and 14). No I/O, no clock.
 */
import { CACHE } from '../shared/http/cache.ts';
import { evaluatePreconditions, rangeApplies } from '../shared/http/conditional.ts';
import { formatHttpDate } from '../shared/http/date.ts';
import { decideRange } from '../shared/http/range.ts';

export interface FileFacts {
  readonly size: number;
  /** Strong, with quotes; absent when nothing tells this file from another one of its size. */
  readonly etag: string | undefined;
  /** Milliseconds since the epoch, whole seconds. */
  readonly lastModified?: number | undefined;
}

/** What is said about the file besides its bytes. */
export interface Presentation {
  readonly contentType: string;
  readonly cacheControl: string;
  /** Some parts must not be kept where the whole may be. */
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

/** The answer to a GET or HEAD; Range counts for GET alone (section 14.2). */
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

/** What a 304 repeats (section 15.4.5), and every other answer as well. */
function commonHeaders(facts: FileFacts, presentation: Presentation): Headers {
  const headers = new Headers(presentation.headers);
  if (facts.etag !== undefined) headers.set('etag', facts.etag);
  headers.set('cache-control', presentation.cacheControl);
  if (facts.lastModified !== undefined) headers.set('last-modified', formatHttpDate(facts.lastModified));
  return headers;
}

/**
 * The entity tag that Flatcar's servers gave until 2025, base36(mtime) + base36(size): the official mirror script makes
 * it up from its local files and sends it as If-None-Match.
 */
export function serverTag(lastModified: number, size: number): string {
  return `"${Math.floor(lastModified / 1000).toString(36)}${size.toString(36)}"`;
}

const olderTags = ({ lastModified, size }: FileFacts): string[] =>
  lastModified === undefined ? [] : [serverTag(lastModified, size)];

/** Cache rules and source of what comes from upstream, for a numbered path or an alias. */
export const passThroughCaching = (isAlias: boolean): Pick<Presentation, 'cacheControl' | 'partCacheControl'> => ({
  cacheControl: isAlias ? CACHE.alias : CACHE.passThrough,
  partCacheControl: CACHE.never,
});
