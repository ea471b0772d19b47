/**
 * The preconditions of a write (RFC 9110 sections 13.1.1 and 13.1.2): `If-Match` against a lost update, and
 * `If-None-Match: *` against taking what exists for something new. Without either, a write goes through. No I/O.
 */
import { parseEntityTagList, strongMatch, weakMatch } from './entity-tag.ts';

/**
 * What a write demands of the resource. Given the strong entity tag of what is there (with its quotes), or `undefined`
 * for nothing, it returns why the write must not happen, or `undefined` when it may.
 */
export type Precondition = (current: string | undefined) => string | undefined;

/** Demands nothing. */
export const ANYTHING: Precondition = () => undefined;

/** Returns the entity tag of a text that stands for a version of something, such as the etag of its object. */
export const entityTag = (text: string): string => `"${text}"`;

/** Returns the precondition that a request carries. With a malformed list, nothing may be written. */
export function preconditionOf(headers: Headers): Precondition {
  const ifMatch = headers.get('if-match');
  const ifNoneMatch = headers.get('if-none-match');
  if (ifMatch === null && ifNoneMatch === null) return ANYTHING;
  return (current) => {
    for (const [name, value] of Object.entries({ 'If-Match': ifMatch, 'If-None-Match': ifNoneMatch }))
      if (value !== null && parseEntityTagList(value) === undefined)
        return `${name} holds no ETag: an ETag is written with its quotes, such as ${current ?? '"055abd5b"'}`;
    if (ifMatch !== null && !matches(ifMatch, current, 'strong'))
      return current === undefined
        ? 'there is nothing to match'
        : `somebody has changed it since that ETag was read: its ETag is ${current} now`;
    if (ifNoneMatch !== null && matches(ifNoneMatch, current, 'weak'))
      return `it exists already: its ETag is ${current ?? ''}`;
    return undefined;
  };
}

/** Returns true when a GET with these headers has the representation already (RFC 9110 section 15.4.5). */
export function isNotModified(headers: Headers, current: string): boolean {
  const ifNoneMatch = headers.get('if-none-match');
  return ifNoneMatch !== null && matches(ifNoneMatch, current, 'weak');
}

function matches(header: string, current: string | undefined, comparison: 'strong' | 'weak'): boolean {
  if (current === undefined) return false;
  const listed = parseEntityTagList(header);
  if (listed === '*') return true;
  const match = comparison === 'strong' ? strongMatch : weakMatch;
  return (listed ?? []).some((tag) => match(tag, { weak: false, opaque: current }));
}
