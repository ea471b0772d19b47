/** Lays spans of time out as bars on a line that is 1,000 wide. No I/O, no clock. */

interface Span<S extends string> {
  readonly from: string;
  /** `null`: it never ends. */
  readonly until: string | null;
  readonly state: S;
}

interface Bars<S extends string> {
  /** One a span, in their order. */
  readonly bars: readonly { readonly x: number; readonly width: number; readonly state: S }[];
  /** Where each year begins. */
  readonly years: readonly { readonly year: number; readonly x: number }[];
  readonly today: number;
}

const WIDE = 1000;
const DAY_MS = 86_400_000;
/** What never ends is drawn to the end, which is so far after the last date that is known. */
const MARGIN_MS = 90 * DAY_MS;
/** More lines than these say nothing any more. */
const MOST_YEARS = 60;

/** Returns where the bars, the years and `now` (in milliseconds) are. A date that is none counts as now. */
export function barsOf<S extends string>(spans: readonly Span<S>[], now: number): Bars<S> {
  const at = (text: string | null): number =>
    text === null || Number.isNaN(Date.parse(text)) ? now : Date.parse(text);
  const first = Math.min(now, ...spans.map(({ from }) => at(from))) - MARGIN_MS;
  const last = Math.max(now, ...spans.map(({ until }) => at(until))) + MARGIN_MS;
  const place = (time: number): number => Math.round(((time - first) / (last - first)) * WIDE);
  const bars = spans.map(({ from, until, state }) => {
    const x = place(at(from));
    const end = until === null ? WIDE : place(at(until));
    return { x, width: Math.max(2, end - x), state };
  });
  const firstYear = new Date(first).getUTCFullYear() + 1;
  const count = Math.min(MOST_YEARS, Math.max(0, new Date(last).getUTCFullYear() - firstYear + 1));
  const years = Array.from({ length: count }, (_, index) => {
    const year = firstYear + index;
    return { year, x: place(Date.UTC(year, 0)) };
  });
  return { bars, years, today: place(now) };
}
