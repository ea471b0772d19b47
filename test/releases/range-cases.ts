/** Ranges and preconditions (RFC 9110 sections 13 and 14) as one table: what is asked of a file, and what must come back. */

/** Of the file; odd, so that no boundary falls together with its end. */
export const SIZE = 1_000_003;
const LATER = 'Fri, 01 Jan 2100 00:00:00 GMT';
const EARLIER = 'Mon, 01 Jan 2001 00:00:00 GMT';

/** What the representation is, as far as the cases need to know. */
export interface Known {
  readonly etag: string;
  readonly date: string;
}

export type RangeCase = readonly [
  name: string,
  method: 'GET' | 'HEAD',
  headers: (known: Known) => Record<string, string>,
  expected: Expected,
];
/** A status, and for 206 the first and last byte. */
type Expected = 200 | 304 | 412 | 416 | readonly [206, number, number];

const range = (value: string) => () => ({ range: value });
const last = SIZE - 1;
/** What Flatcar's servers gave until 2025: base36 of the time and of the size. */
const oldTag = (date: string): string => `"${(Date.parse(date) / 1000).toString(36)}${SIZE.toString(36)}"`;

export const RANGE_CASES: readonly RangeCase[] = [
  ['no header', 'GET', () => ({}), 200],
  ['first byte', 'GET', range('bytes=0-0'), [206, 0, 0]],
  ['one byte', 'GET', range('bytes=5-5'), [206, 5, 5]],
  ['open end', 'GET', range('bytes=999000-'), [206, 999_000, last]],
  ['from the start, open', 'GET', range('bytes=0-'), [206, 0, last]],
  ['suffix', 'GET', range('bytes=-100'), [206, SIZE - 100, last]],
  ['suffix of one', 'GET', range('bytes=-1'), [206, last, last]],
  ['suffix past the start', 'GET', range('bytes=-2000000'), [206, 0, last]],
  ['suffix of none', 'GET', range('bytes=-0'), 416],
  ['past the end', 'GET', range('bytes=999990-5000000'), [206, 999_990, last]],
  ['last byte', 'GET', range(`bytes=${last}-${last}`), [206, last, last]],
  ['start = size', 'GET', range(`bytes=${SIZE}-`), 416],
  ['start past size', 'GET', range('bytes=2000000-3000000'), 416],
  ['start past 2^53', 'GET', range('bytes=99999999999999999999-'), 416],
  ['start > end', 'GET', range('bytes=10-5'), 200],
  ['several ranges', 'GET', range('bytes=0-1,5-6'), 200],
  ['empty list members', 'GET', range('bytes=,0-1,'), [206, 0, 1]],
  ['spaces in the list', 'GET', range('bytes= 0-1'), [206, 0, 1]],
  ['bad unit', 'GET', range('lines=0-1'), 200],
  ['unit in capitals', 'GET', range('Bytes=0-1'), [206, 0, 1]],
  ['no digits', 'GET', range('bytes=-'), 200],
  ['not a number', 'GET', range('bytes=a-b'), 200],
  ['negative', 'GET', range('bytes=--5'), 200],
  ['HEAD ignores Range', 'HEAD', range('bytes=0-0'), 200],
  ['HEAD ignores an unsatisfiable Range', 'HEAD', range('bytes=2000000-'), 200],
  ['If-Range strong, same', 'GET', ({ etag }) => ({ range: 'bytes=0-9', 'if-range': etag }), [206, 0, 9]],
  ['If-Range strong, other', 'GET', () => ({ range: 'bytes=0-9', 'if-range': '"other"' }), 200],
  ['If-Range weak', 'GET', ({ etag }) => ({ range: 'bytes=0-9', 'if-range': `W/${etag}` }), 200],
  ['If-Range date, same', 'GET', ({ date }) => ({ range: 'bytes=0-9', 'if-range': date }), [206, 0, 9]],
  ['If-Range date, earlier', 'GET', () => ({ range: 'bytes=0-9', 'if-range': EARLIER }), 200],
  ['If-Range date, later', 'GET', () => ({ range: 'bytes=0-9', 'if-range': LATER }), 200],
  ['If-Range nonsense', 'GET', () => ({ range: 'bytes=0-9', 'if-range': 'yesterday' }), 200],
  [
    'If-Range failing hides an unsatisfiable Range',
    'GET',
    () => ({ range: 'bytes=2000000-', 'if-range': '"other"' }),
    200,
  ],
  ['If-Match same', 'GET', ({ etag }) => ({ 'if-match': etag }), 200],
  ['If-Match any', 'GET', () => ({ 'if-match': '*' }), 200],
  ['If-Match other', 'GET', () => ({ 'if-match': '"other"' }), 412],
  ['If-Match list', 'GET', ({ etag }) => ({ 'if-match': `"a,b", ${etag}` }), 200],
  ['If-Match weak', 'GET', ({ etag }) => ({ 'if-match': `W/${etag}` }), 412],
  ['If-Match other, HEAD', 'HEAD', () => ({ 'if-match': '"other"' }), 412],
  ['If-Match with Range', 'GET', ({ etag }) => ({ 'if-match': etag, range: 'bytes=1-2' }), [206, 1, 2]],
  ['If-Match failing comes before Range', 'GET', () => ({ 'if-match': '"other"', range: 'bytes=2000000-' }), 412],
  ['If-None-Match same', 'GET', ({ etag }) => ({ 'if-none-match': etag }), 304],
  ['If-None-Match weak', 'GET', ({ etag }) => ({ 'if-none-match': `W/${etag}` }), 304],
  ['If-None-Match list', 'GET', ({ etag }) => ({ 'if-none-match': `"a", W/"b" , ${etag}` }), 304],
  ['If-None-Match any', 'GET', () => ({ 'if-none-match': '*' }), 304],
  ['If-None-Match other', 'GET', () => ({ 'if-none-match': '"other"' }), 200],
  ['If-None-Match same, HEAD', 'HEAD', ({ etag }) => ({ 'if-none-match': etag }), 304],
  ['If-None-Match comes before Range', 'GET', ({ etag }) => ({ 'if-none-match': etag, range: 'bytes=0-0' }), 304],
  ["If-None-Match in the old servers' form", 'GET', ({ date }) => ({ 'if-none-match': oldTag(date) }), 304],
  ['If-Modified-Since same', 'GET', ({ date }) => ({ 'if-modified-since': date }), 304],
  ['If-Modified-Since later', 'GET', () => ({ 'if-modified-since': LATER }), 304],
  ['If-Modified-Since earlier', 'GET', () => ({ 'if-modified-since': EARLIER }), 200],
  ['If-Modified-Since nonsense', 'GET', () => ({ 'if-modified-since': 'soon' }), 200],
  ['If-Modified-Since same, HEAD', 'HEAD', ({ date }) => ({ 'if-modified-since': date }), 304],
  [
    'If-None-Match other beats If-Modified-Since same',
    'GET',
    ({ date }) => ({ 'if-none-match': '"x"', 'if-modified-since': date }),
    200,
  ],
  ['If-Unmodified-Since same', 'GET', ({ date }) => ({ 'if-unmodified-since': date }), 200],
  ['If-Unmodified-Since earlier', 'GET', () => ({ 'if-unmodified-since': EARLIER }), 412],
  [
    'If-Match same beats If-Unmodified-Since earlier',
    'GET',
    ({ etag }) => ({ 'if-match': etag, 'if-unmodified-since': EARLIER }),
    200,
  ],
  [
    'If-Unmodified-Since failing beats If-None-Match same',
    'GET',
    ({ etag }) => ({ 'if-unmodified-since': EARLIER, 'if-none-match': etag }),
    412,
  ],
  ['If-Match same, If-None-Match same', 'GET', ({ etag }) => ({ 'if-match': etag, 'if-none-match': etag }), 304],
];
