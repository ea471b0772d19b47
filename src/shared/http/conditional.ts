/** Evaluates preconditions in the order of RFC 9110 section 13.2.2. No I/O, no clock. */
import { parseHttpDate } from './date.ts';
import { parseEntityTag, parseEntityTagList, strongMatch, weakMatch } from './entity-tag.ts';

export interface Validators {
  /** The strong entity tag with its quotes; absent when the representation has none. */
  readonly etag: string | undefined;
  /** Milliseconds since the epoch, whole seconds; absent when the representation has no date. */
  readonly lastModified?: number | undefined;
  /** More entity tags that match in If-None-Match. Older servers sent them for the same bytes. */
  readonly aliases?: readonly string[];
}

export type PreconditionOutcome = 'proceed' | 'not-modified' | 'failed';

/** Returns what the conditional headers of a GET or HEAD mean for a representation that exists. */
export function evaluatePreconditions(headers: Headers, current: Validators, now: number): PreconditionOutcome {
  const ifMatch = headers.get('if-match');
  if (ifMatch !== null) {
    if (!matchesAny(ifMatch, tagsOf(current), 'strong')) return 'failed';
  } else if (isModifiedSince(headers.get('if-unmodified-since'), current, now) === true) {
    return 'failed';
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== null) {
    return matchesAny(ifNoneMatch, [...tagsOf(current), ...(current.aliases ?? [])], 'weak')
      ? 'not-modified'
      : 'proceed';
  }
  return isModifiedSince(headers.get('if-modified-since'), current, now) === false ? 'not-modified' : 'proceed';
}

/**
 * Returns true when a Range header counts (RFC 9110 section 13.1.5): there is no If-Range, or it names exactly this
 * representation. A weak tag never matches; a date must equal Last-Modified to the second.
 */
export function rangeApplies(headers: Headers, current: Validators, now: number): boolean {
  const ifRange = headers.get('if-range');
  if (ifRange === null) return true;
  const tag = parseEntityTag(ifRange);
  if (tag) return current.etag !== undefined && strongMatch(tag, { weak: false, opaque: current.etag });
  const date = parseHttpDate(ifRange.trim(), now);
  return date !== undefined && date === current.lastModified;
}

const tagsOf = ({ etag }: Validators): string[] => (etag === undefined ? [] : [etag]);

function matchesAny(header: string, tags: readonly string[], comparison: 'strong' | 'weak'): boolean {
  const listed = parseEntityTagList(header);
  if (listed === '*') return true;
  const match = comparison === 'strong' ? strongMatch : weakMatch;
  return (listed ?? []).some((tag) => tags.some((opaque) => match(tag, { weak: false, opaque })));
}

/** Returns `undefined` when a date is missing: no header, an invalid header, or a representation without a date. */
function isModifiedSince(header: string | null, current: Validators, now: number): boolean | undefined {
  if (header === null || current.lastModified === undefined) return undefined;
  const since = parseHttpDate(header.trim(), now);
  return since === undefined ? undefined : current.lastModified > since;
}
