/** Preconditions in their order (RFC 9110 section 13.2.2), and the ranges that count. */
import { describe, expect, it } from 'vitest';
import { evaluatePreconditions, rangeApplies, type Validators } from '../../../src/shared/http/conditional.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const DATE = 'Thu, 13 Aug 2026 15:48:35 GMT';
const EARLIER = 'Thu, 13 Aug 2026 15:48:34 GMT';
const LATER = 'Thu, 13 Aug 2026 15:48:36 GMT';
const current: Validators = { etag: '"a"', lastModified: Date.parse(DATE), aliases: ['"old"'] };

const outcome = (headers: Record<string, string>, of: Validators = current) =>
  evaluatePreconditions(new Headers(headers), of, NOW);

describe('preconditions', () => {
  it.each([
    ['nothing', {}, 'proceed'],
    ['If-Match, ours', { 'if-match': '"a"' }, 'proceed'],
    ['If-Match, any', { 'if-match': '*' }, 'proceed'],
    ['If-Match, one of several', { 'if-match': '"x", "a"' }, 'proceed'],
    ['If-Match, another', { 'if-match': '"x"' }, 'failed'],
    ['If-Match, weak', { 'if-match': 'W/"a"' }, 'failed'],
    ['If-Match, an older form', { 'if-match': '"old"' }, 'failed'],
    ['If-Match, malformed', { 'if-match': 'a' }, 'failed'],
    ['If-Match, empty', { 'if-match': '' }, 'failed'],
    ['If-Unmodified-Since, our date', { 'if-unmodified-since': DATE }, 'proceed'],
    ['If-Unmodified-Since, a second later', { 'if-unmodified-since': LATER }, 'proceed'],
    ['If-Unmodified-Since, a second earlier', { 'if-unmodified-since': EARLIER }, 'failed'],
    ['If-Unmodified-Since, no date', { 'if-unmodified-since': 'soon' }, 'proceed'],
    ['If-Match beside If-Unmodified-Since', { 'if-match': '"a"', 'if-unmodified-since': EARLIER }, 'proceed'],
    ['If-None-Match, ours', { 'if-none-match': '"a"' }, 'not-modified'],
    ['If-None-Match, weak', { 'if-none-match': 'W/"a"' }, 'not-modified'],
    ['If-None-Match, any', { 'if-none-match': '*' }, 'not-modified'],
    ['If-None-Match, an older form', { 'if-none-match': '"old"' }, 'not-modified'],
    ['If-None-Match, another', { 'if-none-match': '"x"' }, 'proceed'],
    ['If-None-Match, malformed', { 'if-none-match': 'a' }, 'proceed'],
    ['If-Modified-Since, our date', { 'if-modified-since': DATE }, 'not-modified'],
    ['If-Modified-Since, a second later', { 'if-modified-since': LATER }, 'not-modified'],
    ['If-Modified-Since, a second earlier', { 'if-modified-since': EARLIER }, 'proceed'],
    ['If-None-Match beside If-Modified-Since', { 'if-none-match': '"x"', 'if-modified-since': DATE }, 'proceed'],
    ['a failing If-Match before If-None-Match', { 'if-match': '"x"', 'if-none-match': '"a"' }, 'failed'],
    ['a holding If-Match before If-None-Match', { 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified'],
  ] as const)('%s: %j gives %s', (_name, headers, expected) => {
    expect(outcome(headers)).toBe(expected);
  });

  it('compare nothing with what has neither tag nor date', () => {
    const none: Validators = { etag: undefined };
    expect(outcome({ 'if-match': '*' }, none)).toBe('proceed');
    expect(outcome({ 'if-match': '"a"' }, none)).toBe('failed');
    expect(outcome({ 'if-none-match': '"a"' }, none)).toBe('proceed');
    expect(outcome({ 'if-modified-since': LATER }, none)).toBe('proceed');
    expect(outcome({ 'if-unmodified-since': EARLIER }, none)).toBe('proceed');
  });
});

describe('a range counts', () => {
  it.each([
    ['without If-Range', {}, true],
    ['with our tag', { 'if-range': '"a"' }, true],
    ['with our date', { 'if-range': DATE }, true],
    ['not with another tag', { 'if-range': '"x"' }, false],
    ['not with our tag made weak', { 'if-range': 'W/"a"' }, false],
    ['not with an older form of our tag', { 'if-range': '"old"' }, false],
    ['not with a date a second later', { 'if-range': LATER }, false],
    ['not with a date a second earlier', { 'if-range': EARLIER }, false],
    ['not with nonsense', { 'if-range': 'yesterday' }, false],
  ] as const)('%s', (_name, headers, expected) => {
    expect(rangeApplies(new Headers(headers as Record<string, string>), current, NOW)).toBe(expected);
  });

  it('with nothing but no If-Range, where the file has neither tag nor date', () => {
    const none: Validators = { etag: undefined };
    expect(rangeApplies(new Headers(), none, NOW)).toBe(true);
    for (const value of ['"a"', DATE, '*'])
      expect(rangeApplies(new Headers({ 'if-range': value }), none, NOW)).toBe(false);
  });
});
