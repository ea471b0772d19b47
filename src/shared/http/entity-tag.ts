/** Entity tags and their two comparisons (RFC 9110 sections 8.8.3 and 8.8.3.2). No I/O. */

export interface EntityTag {
  readonly weak: boolean;
  /** The opaque-tag with its quotes, as a header carries it. */
  readonly opaque: string;
}

// RFC 9110: etagc = %x21 / %x23-7E / obs-text. A tag contains no space and no quote.
const ETAG = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/;

/** Returns the entity tag, or `undefined` when `text` is not exactly one entity tag. */
export function parseEntityTag(text: string): EntityTag | undefined {
  const match = ETAG.exec(text.trim());
  if (match?.[2] === undefined || match[0].length !== text.trim().length) return undefined;
  return { weak: match[1] !== undefined, opaque: match[2] };
}

/** Returns a strong tag with its quotes, or `undefined` when the header is missing, weak or malformed. */
export function strongTag(header: string | null): string | undefined {
  const tag = header === null ? undefined : parseEntityTag(header);
  return tag && !tag.weak ? tag.opaque : undefined;
}

/**
 * Returns the members of an If-Match or If-None-Match list, `'*'`, or `undefined` for a malformed list.
 * A comma inside quotes belongs to the tag (RFC 9110 section 5.6.1).
 */
export function parseEntityTagList(header: string): readonly EntityTag[] | '*' | undefined {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  let rest = header.replace(/^[\s,]+/, '');
  while (rest !== '') {
    const match = ETAG.exec(rest);
    if (match?.[2] === undefined) return undefined;
    tags.push({ weak: match[1] !== undefined, opaque: match[2] });
    const after = rest.slice(match[0].length).replace(/^[ \t]+/, '');
    if (after !== '' && !after.startsWith(',')) return undefined;
    rest = after.replace(/^[\s,]+/, '');
  }
  return tags.length === 0 ? undefined : tags;
}

/** The strong comparison of RFC 9110 section 8.8.3.2. */
export const strongMatch = (a: EntityTag, b: EntityTag): boolean => !a.weak && !b.weak && a.opaque === b.opaque;

/** The weak comparison of RFC 9110 section 8.8.3.2. */
export const weakMatch = (a: EntityTag, b: EntityTag): boolean => a.opaque === b.opaque;
