/** The times of a Container Linux Config, read as Go's `fmt` and `time` packages read them. No I/O. */

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const TIME = /^([01]?\d|2[0-3]):[0-5]\d$/;
/** One number with its unit. A number has a digit on at least one side of its point. */
const DURATION_PART = /(\d+|(?=\.\d))(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MOST_INT64 = 2n ** 63n - 1n;

/**
 * Returns why a text is no start of a reboot window, or `undefined`. It is a time, with a day before it or not; the
 * transpiler scans the two words and does not look at what follows them.
 */
export function windowStartFault(text: string): string | undefined {
  const [line = ''] = text.split('\n', 1);
  const [first = '', second] = line.split(/\s+/).filter((word) => word !== '');
  if (second !== undefined && !DAYS.includes(first.toLowerCase())) return 'unknown day in window start';
  return TIME.test(second ?? first) ? undefined : "couldn't parse window start";
}

/** True for a text that Go's `time.ParseDuration` reads: `1h30m`, `-1.5s`, `0`. It must fit 64 bits of nanoseconds. */
export function isGoDuration(text: string): boolean {
  const from = /^[-+]/.test(text) ? 1 : 0;
  if (text.slice(from) === '0') return true;
  let sum = 0n;
  let at = from;
  while (at < text.length) {
    DURATION_PART.lastIndex = at;
    const part = DURATION_PART.exec(text);
    if (part === null) return false;
    const [whole, digits = '', fraction = '', unit = ''] = part;
    const nanoseconds = NANOSECONDS[unit] ?? 0n;
    // More digits than these are over the limit by themselves.
    sum += BigInt(digits.slice(0, 40) || '0') * nanoseconds;
    sum += BigInt(Math.floor(Number(`0.${fraction.slice(0, 40) || '0'}`) * Number(nanoseconds)));
    at += whole.length;
  }
  return at > from && sum <= (text.startsWith('-') ? MOST_INT64 + 1n : MOST_INT64);
}
