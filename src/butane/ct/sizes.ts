/**
 * Reads partition sizes such as `1GiB500MiB` (Go's alecthomas/units). `GB` and `GiB` are both powers of 1024. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';

const PREFIXES = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const MIB = 1024 ** 2;

/** Go's limit for the digits of a number that it has read so far. */
const MOST_DIGITS_VALUE = (2n ** 63n - 10n) / 10n;

/** Returns a size in MiB, or `undefined` for an empty text. The error is a message about the text. */
export function mebibytes(text: string): Result<number | undefined, string> {
  if (text === '') return ok(undefined);
  const long = bytesOf(text, 'iB');
  const bytes = long.ok ? long : bytesOf(text, 'B');
  if (!bytes.ok) return bytes;
  // At 2^63 Go's conversion to an integer overflows to a negative one.
  if (bytes.value < 0 || bytes.value >= 2 ** 63) return err(`invalid dimension (negative): "${text}"`);
  const whole = Math.trunc(bytes.value);
  return whole % MIB === 0 ? ok(whole / MIB) : err('invalid dimension (finest granularity is 1MiB)');
}

function bytesOf(text: string, suffix: 'iB' | 'B'): Result<number, string> {
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return ok(0);
  if (rest === '') return err(`units: invalid ${text}`);
  let sum = 0;
  while (rest !== '') {
    const number = /^(\d+(\.\d*)?|\.\d+)/.exec(rest)?.[0];
    if (number === undefined || !number.split('.').every(isReadable)) return err(`units: invalid ${text}`);
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    rest = rest.slice(unit.length);
    const power = PREFIXES.findIndex((prefix) => unit === (prefix === '' ? 'B' : `${prefix}${suffix}`));
    if (power === -1) return err(`units: unknown unit ${unit} in ${text}`);
    sum += Number(number) * 1024 ** power;
  }
  if (sum > 2 ** 63) return err('units: overflow parsing unit');
  return ok(sign * sum);
}

/** True for digits that Go reads into 64 bits. */
function isReadable(digits: string): boolean {
  const before = digits.slice(0, -1).replace(/^0+/, '');
  return before.length < 20 && BigInt(before || '0') < MOST_DIGITS_VALUE;
}
