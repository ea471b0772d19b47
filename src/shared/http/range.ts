/** Byte ranges (RFC 9110 section 14). No I/O. */

export type RangeDecision =
  | { readonly kind: 'whole' }
  /** Both ends are inclusive and inside the representation. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RangeDecision = { kind: 'whole' };

/**
 * Returns what a Range header selects from a representation of `size` bytes. A header with another unit, a malformed
 * set, `last < first` or several ranges is ignored, as section 14.2 allows: the answer is the whole representation.
 * A suffix of zero bytes and a start at or after the end cannot be satisfied.
 */
export function decideRange(header: string | null, size: number): RangeDecision {
  if (header === null) return WHOLE;
  const set = /^bytes=(.*)$/i.exec(header.trim())?.[1];
  if (set === undefined) return WHOLE;
  const specs = set
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  const [only, ...others] = specs;
  if (only === undefined || others.length > 0) return WHOLE;
  const match = /^(\d*)-(\d*)$/.exec(only);
  if (!match) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return WHOLE;
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last);
  if (isBefore(last, first)) return WHOLE;
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: Math.min(end, size - 1) };
}

function suffix(length: number, size: number): RangeDecision {
  if (length === 0) return { kind: 'unsatisfiable' };
  // A suffix of an empty representation is satisfiable, but Content-Range has no way to say so.
  if (size === 0) return WHOLE;
  return { kind: 'part', start: Math.max(0, size - length), end: size - 1 };
}

/** Compares digit strings by value. It needs BigInt, because numbers above 2^53 are not exact. */
function isBefore(last: string, first: string): boolean {
  return last !== '' && BigInt(last) < BigInt(first);
}
