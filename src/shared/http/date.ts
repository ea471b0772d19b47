/** Parses and formats HTTP dates (RFC 9110 section 5.6.7). No I/O, no clock: the caller passes `now`. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const day = `(${DAYS.join('|')})`;
const month = `(${MONTHS.join('|')})`;
const time = '(\\d{2}):(\\d{2}):(\\d{2})';
const IMF_FIXDATE = new RegExp(`^${day}, (\\d{2}) ${month} (\\d{4}) ${time} GMT$`);
const RFC_850 = new RegExp(`^(${LONG_DAYS.join('|')}), (\\d{2})-${month}-(\\d{2}) ${time} GMT$`);
const ASCTIME = new RegExp(`^${day} ${month} ([ \\d]\\d) ${time} (\\d{4})$`);

/**
 * Returns milliseconds since the epoch, or `undefined` for a text in none of the three legal forms.
 * A two-digit year more than 50 years ahead of `now` means the past century (RFC 9110 section 5.6.7).
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed) {
    const [, name, date, monthName, year, hour, minute, second] = fixed;
    return assemble(Number(year), monthName, date, hour, minute, second, DAYS, name);
  }
  const rfc850 = RFC_850.exec(text);
  if (rfc850) {
    const [, name, date, monthName, shortYear, hour, minute, second] = rfc850;
    const thisYear = new Date(now).getUTCFullYear();
    let year = thisYear - (thisYear % 100) + Number(shortYear);
    if (year > thisYear + 50) year -= 100;
    return assemble(year, monthName, date, hour, minute, second, LONG_DAYS, name);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime) {
    const [, name, monthName, date, hour, minute, second, year] = asctime;
    return assemble(Number(year), monthName, date, hour, minute, second, DAYS, name);
  }
  return undefined;
}

/** Returns IMF-fixdate, the only form that this service sends. It drops fractions of a second. */
export function formatHttpDate(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toUTCString();
}

function assemble(
  year: number,
  monthName: string | undefined,
  date: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  dayNames: readonly string[],
  dayName: string | undefined,
): number | undefined {
  const monthIndex = MONTHS.indexOf(monthName ?? '');
  // A header may name a leap second (60), but a `Date` cannot.
  const seconds = Math.min(Number(second), 59);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const value = Date.UTC(year, monthIndex, Number(date), Number(hour), Number(minute), seconds);
  const result = new Date(value);
  if (result.getUTCMonth() !== monthIndex || result.getUTCDate() !== Number(date)) return undefined;
  return dayNames[result.getUTCDay()] === dayName ? value : undefined;
}
