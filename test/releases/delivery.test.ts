/** How a file is answered, decided alone: every row of the table, over the facts and the manners of each source. */
import { describe, expect, it } from 'vitest';
import { decideDelivery, type FileFacts, type Presentation, passThroughCaching } from '../../src/releases/delivery.ts';
import { CACHE } from '../../src/shared/http/cache.ts';
import { RANGE_CASES, SIZE } from './range-cases.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const DATE = 'Thu, 13 Aug 2026 15:48:35 GMT';
const last = SIZE - 1;
const facts: FileFacts = { size: SIZE, etag: '"tag"', lastModified: Date.parse(DATE) };
const headers = { 'x-flatcar-version': '4593.2.5' };
const octets = { contentType: 'application/octet-stream', headers };

const UPSTREAM: Presentation = { ...octets, ...passThroughCaching(false) };

const SOURCES: readonly (readonly [name: string, presentation: Presentation, whole: string, part: string])[] = [
  ['upstream by number', UPSTREAM, 'public, max-age=300, no-transform', 'no-store, no-transform'],
  [
    'upstream by alias',
    { ...octets, ...passThroughCaching(true) },
    'public, max-age=60, no-transform',
    'no-store, no-transform',
  ],
  [
    'R2',
    { ...octets, cacheControl: CACHE.immutable },
    'public, max-age=31536000, immutable, no-transform',
    'public, max-age=31536000, immutable, no-transform',
  ],
];

describe.each(SOURCES)('%s', (_source, presentation, whole, part) => {
  it.each(RANGE_CASES)('%s (%s)', (_name, method, ask, expected) => {
    const request = { method, headers: new Headers(ask({ etag: '"tag"', date: DATE })) };
    const delivery = decideDelivery(request, facts, presentation, NOW);
    if (expected === 412) return expect(delivery).toEqual({ kind: 'precondition-failed' });
    if (expected === 416) return expect(delivery).toEqual({ kind: 'unsatisfiable', size: SIZE });
    const [status, start, end] = typeof expected === 'number' ? [expected, 0, last] : expected;
    if (!('headers' in delivery)) throw new Error(delivery.kind);
    expect(delivery.status).toBe(status);
    const isPart = status === 206;
    if (delivery.kind === 'part') expect([delivery.start, delivery.end]).toEqual([start, end]);
    const always = { ...headers, etag: '"tag"', 'last-modified': DATE, 'cache-control': isPart ? part : whole };
    const content = { 'accept-ranges': 'bytes', 'content-type': octets.contentType };
    expect(Object.fromEntries(delivery.headers)).toEqual({
      ...always,
      ...(status === 304 ? {} : { ...content, 'content-length': String(end - start + 1) }),
      ...(isPart ? { 'content-range': `bytes ${start}-${end}/${SIZE}` } : {}),
    });
  });
});

describe('a file that nothing tells from another one', () => {
  const decide = (ask: Record<string, string>) =>
    decideDelivery({ method: 'GET', headers: new Headers(ask) }, { size: SIZE, etag: undefined }, UPSTREAM, NOW);

  it('has no validators', () => {
    const delivery = decide({});
    expect('headers' in delivery && [delivery.headers.get('etag'), delivery.headers.get('last-modified')]).toEqual([
      null,
      null,
    ]);
  });

  it.each([
    ['a plain range', { range: 'bytes=0-9' }, 'part'],
    ['If-Range with a tag', { range: 'bytes=0-9', 'if-range': '"anything"' }, 'whole'],
    ['If-Range with a date', { range: 'bytes=0-9', 'if-range': DATE }, 'whole'],
    ['If-Match any', { 'if-match': '*' }, 'whole'],
    ['If-Match with a tag', { 'if-match': '"anything"' }, 'precondition-failed'],
    ['If-None-Match any', { 'if-none-match': '*' }, 'not-modified'],
    ['If-None-Match with a tag', { 'if-none-match': '"anything"' }, 'whole'],
    ['If-Modified-Since', { 'if-modified-since': DATE }, 'whole'],
    ['If-Unmodified-Since', { 'if-unmodified-since': DATE }, 'whole'],
  ])('%s: %s', (_name, ask, kind) => {
    expect(decide(ask).kind).toBe(kind);
  });
});

it('an empty file is whole, whatever part is asked for from its end', () => {
  const empty = { ...facts, size: 0 };
  const kindOf = (range: string) =>
    decideDelivery({ method: 'GET', headers: new Headers({ range }) }, empty, UPSTREAM, NOW).kind;
  expect([kindOf('bytes=-5'), kindOf('bytes=0-'), kindOf('bytes=0-0')]).toEqual([
    'whole',
    'unsatisfiable',
    'unsatisfiable',
  ]);
});
