/** The small parsers of RFC 9110, by table and by property. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from '../../../src/shared/http/date.ts';
import { parseEntityTag, parseEntityTagList, strongTag } from '../../../src/shared/http/entity-tag.ts';
import { decideRange } from '../../../src/shared/http/range.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const SUNDAY = Date.parse('1994-11-06T08:49:37Z');

describe('HTTP dates', () => {
  it.each([
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', SUNDAY],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', SUNDAY],
    ['asctime', 'Sun Nov  6 08:49:37 1994', SUNDAY],
    ['RFC 850 of this century', 'Saturday, 06-Nov-27 08:49:37 GMT', Date.parse('2027-11-06T08:49:37Z')],
    ['a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.parse('2016-12-31T23:59:59Z')],
    ['a leap day', 'Thu, 29 Feb 2024 00:00:00 GMT', Date.parse('2024-02-29T00:00:00Z')],
    ['no such day', 'Thu, 30 Feb 2023 00:00:00 GMT', undefined],
    ['the wrong weekday', 'Mon, 06 Nov 1994 08:49:37 GMT', undefined],
    ['another zone', 'Sun, 06 Nov 1994 08:49:37 CET', undefined],
    ['no weekday', '06 Nov 1994 08:49:37 GMT', undefined],
    ['ISO 8601', '1994-11-06T08:49:37Z', undefined],
    ['hour 24', 'Sun, 06 Nov 1994 24:00:00 GMT', undefined],
    ['nothing', '', undefined],
  ])('%s', (_name, text, expected) => {
    expect(parseHttpDate(text, NOW)).toBe(expected);
  });

  it('what is formatted is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        expect(parseHttpDate(formatHttpDate(seconds * 1000), NOW)).toBe(seconds * 1000);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('entity tags', () => {
  it.each([
    ['"a"', false],
    ['W/"a"', true],
    ['""', false],
  ])('%s is one', (text, weak) => {
    expect(parseEntityTag(text)).toEqual({ weak, opaque: text.replace('W/', '') });
  });

  it.each(['a', '"a', 'a"', 'w/"a"', '"a""b"', '"a" ,', '"a b"'])('%s is none', (text) => {
    expect(parseEntityTag(text)).toBeUndefined();
  });

  it('a list may hold commas inside quotes and empty members', () => {
    expect(parseEntityTagList(' ,"a,b" , W/"c",,')).toEqual([
      { weak: false, opaque: '"a,b"' },
      { weak: true, opaque: '"c"' },
    ]);
    expect(parseEntityTagList('"a" "b"')).toBeUndefined();
    expect(parseEntityTagList('*')).toBe('*');
    expect(parseEntityTagList('')).toBeUndefined();
  });

  it('only a strong tag of upstream is one to rely on', () => {
    expect([strongTag('"a"'), strongTag('W/"a"'), strongTag('a'), strongTag(null)]).toEqual([
      '"a"',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('ranges', () => {
  it('any Range header gives bytes inside the representation, or none', () => {
    const spec = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat(300).map((a) => `bytes=${a}-`),
      fc.nat(300).map((a) => `bytes=-${a}`),
    );
    fc.assert(
      fc.property(spec, fc.nat(200), (header, size) => {
        const range = decideRange(header, size);
        if (range.kind !== 'part') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(size);
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with slicing', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 50 }), (first, last, size) => {
        const whole = Array.from({ length: size }, (_, index) => index);
        const range = decideRange(`bytes=${first}-${last}`, size);
        if (last < first) expect(range.kind).toBe('whole');
        else if (first >= size) expect(range.kind).toBe('unsatisfiable');
        else
          expect(range.kind === 'part' && whole.slice(range.start, range.end + 1)).toEqual(
            whole.slice(first, last + 1),
          );
      }),
      { numRuns: 1000 },
    );
  });

  it('of an empty representation: nothing to start at, but a suffix is the whole', () => {
    expect(decideRange('bytes=0-', 0).kind).toBe('unsatisfiable');
    expect(decideRange('bytes=-5', 0).kind).toBe('whole');
  });
});
