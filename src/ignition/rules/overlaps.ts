/** Finds partitions that overlap, as Ignition finds them (config/v3_6/types/disk.go). No I/O. */

interface Dimensions {
  readonly startMiB?: number | undefined;
  readonly sizeMiB?: number | undefined;
}

interface Span {
  readonly start: number;
  /** Before the start when the size is negative, which Ignition does not refuse. */
  readonly end: number;
}

/**
 * Returns the index of the partition that Ignition names in the error: it takes the first partition that overlaps any
 * other, and names the first one that this overlaps. Only partitions with a start and a size count; one of size 0
 * covers its start alone. Sorting keeps the search fast for many partitions.
 */
export function overlappingSpan(partitions: readonly Dimensions[]): number | undefined {
  const spans = partitions.map(spanOf);
  const present = spans.filter((span) => span !== undefined);
  const overlapsAny = overlaps(present);
  const first = spans.findIndex((span) => span !== undefined && overlapsAny(span));
  const span = spans[first];
  if (span === undefined) return undefined;
  return spans.findIndex((other, index) => index !== first && other !== undefined && overlapsOther(span, other));
}

function spanOf({ startMiB, sizeMiB }: Dimensions): Span | undefined {
  if (startMiB === undefined || startMiB === 0 || sizeMiB === undefined) return undefined;
  return { start: startMiB, end: sizeMiB === 0 ? startMiB : startMiB + sizeMiB - 1 };
}

/** The three questions of Ignition: is the start inside, is the end inside, or is the other one in between? */
const overlapsOther = ({ start, end }: Span, other: Span): boolean =>
  (start >= other.start && start <= other.end) ||
  (end >= other.start && end <= other.end) ||
  (start < other.start && end > other.end);

/** Returns a function that tells whether a span of the list overlaps any other of it. */
function overlaps(spans: readonly Span[]): (span: Span) => boolean {
  const whole = spans.filter(({ start, end }) => start <= end);
  const starts = whole.map(({ start }) => start).sort((one, other) => one - other);
  const ends = whole.map(({ end }) => end).sort((one, other) => one - other);
  const covering = (point: number) => countBelow(starts, point + 1) - countBelow(ends, point);
  const byStart = [...spans].sort((one, other) => one.start - other.start);
  // The least end among the spans from here on.
  const leastEnds = byStart.map(({ end }) => end);
  for (let at = leastEnds.length - 2; at >= 0; at -= 1)
    leastEnds[at] = Math.min(leastEnds[at] as number, leastEnds[at + 1] as number);
  const sortedStarts = byStart.map(({ start }) => start);
  return ({ start, end }) => {
    const own = start <= end ? 1 : 0;
    if (covering(start) > own || covering(end) > own) return true;
    const least = leastEnds[countBelow(sortedStarts, start + 1)];
    return least !== undefined && least < end;
  };
}

/** Returns how many of the ascending values are less than `limit`. */
function countBelow(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
