/** Formats numbers and dates for people. */

/** Returns a size with a binary unit: 1 MiB is 1,048,576 bytes. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Returns a duration such as `1 h 3 min`, `2 min 5 s` or `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole} s`;
}

/** Returns an ISO 8601 date as a date and a time in UTC; empty when there is no date. */
export const moment = (iso: string | null | undefined): string =>
  iso === null || iso === undefined || iso === '' ? '' : `${iso.slice(0, 19).replace('T', ' ')} UTC`;

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;
const AGO = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** Returns how far a moment is from now, such as `3 minutes ago` or `in 2 hours`; a date when it is more than a month. */
export function relative(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Math.abs(seconds) > 31 * 86_400) return iso.slice(0, 10);
  const [unit, length] = UNITS.find(([, of]) => Math.abs(seconds) >= of) ?? ['second', 1];
  return unit === 'second' ? (seconds > 0 ? 'in seconds' : 'just now') : AGO.format(Math.trunc(seconds / length), unit);
}

/** Returns a config as indented JSON; empty where there is none. */
export const jsonText = (config: unknown): string =>
  config === null || config === undefined ? '' : JSON.stringify(config, null, 2);
