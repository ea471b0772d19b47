/** What each request counts for, and the point that is made of it. */
import { describe, expect, it } from 'vitest';
import {
  BOOTS,
  countedSeries,
  failureSeries,
  pointOf,
  VERIFICATION_FAILURES,
} from '../../src/observability/observe.ts';

describe('a boot is counted by its outcome', () => {
  it.each([
    ['served', { boot: 'ignition', status: 200 }, 'served'],
    ['revoked', { boot: 'ignition', status: 410, reason: 'revoked' }, 'revoked'],
    [
      'a store that does not answer',
      { boot: 'cloud-config', status: 503, reason: 'store-unreachable' },
      'store-unreachable',
    ],
    ['a method that is not allowed', { boot: 'ipxe', status: 405 }, '405'],
  ])('%s', (_name, fields, outcome) => {
    expect(countedSeries({ method: 'GET', ...fields })).toEqual([
      `${BOOTS}{what="${fields.boot}",outcome="${outcome}"}`,
    ]);
  });

  it.each([
    ['a HEAD', { method: 'HEAD', boot: 'ignition', status: 200 }],
    ['a capability that somebody made up', { method: 'GET', boot: 'ignition', status: 404, reason: 'forged' }],
    ['a service without its secret', { method: 'GET', boot: 'ignition', status: 503, reason: 'no-secret' }],
    ['a download', { method: 'GET', status: 200 }],
  ])('%s is not counted', (_name, fields) => {
    expect(countedSeries(fields)).toEqual([]);
  });
});

describe('a refused file is counted by its reason', () => {
  const failure = (source: string, reason: string) => [
    `${VERIFICATION_FAILURES}{source="${source}",reason="${reason}"}`,
  ];
  it.each([
    [
      'a stream that was cut',
      { source: 'upstream', status: 200, outcome: 'refused: bad-signature' },
      failure('pass-through', 'bad-signature'),
    ],
    [
      'a small file that was refused before a byte went out',
      { source: 'upstream', status: 502, reason: 'refused', verdict: 'unknown-key' },
      failure('pass-through', 'unknown-key'),
    ],
    ['an alias', { status: 502, reason: 'below-floor' }, failure('alias', 'below-floor')],
  ])('%s', (_name, fields, expected) => {
    expect(countedSeries(fields)).toEqual(expected);
  });

  it.each([
    ['a file that was refused before', { source: 'upstream', status: 502, reason: 'refused-before' }],
    ['an alias without a signature', { status: 502, reason: 'signature-missing' }],
    ['an upstream that broke', { status: 502, reason: 'unexpected-status' }],
    ['an encoded answer', { status: 502, reason: 'encoded' }],
    ['an answer without a length', { status: 502, reason: 'no-length' }],
    ['a stream that arrived', { source: 'upstream', status: 200, outcome: 'good' }],
    ['a store that does not answer', { status: 503, reason: 'store-unreachable' }],
  ])('%s is not counted', (_name, fields) => {
    expect(countedSeries(fields)).toEqual([]);
  });

  it('has the name of where it came in', () => {
    expect(failureSeries('mirror', 'wrong-digest')).toBe(
      `${VERIFICATION_FAILURES}{source="mirror",reason="wrong-digest"}`,
    );
  });
});

describe('a point', () => {
  it('has its columns in the order of the document, empty where nothing is known', () => {
    const fields = { route: '/boot/*', method: 'GET', status: 200, boot: 'ignition', milliseconds: 12, bytes: 345 };
    expect(pointOf(fields)).toEqual({
      indexes: ['/boot/*'],
      blobs: ['/boot/*', 'GET', '200', '', '', '', '', '', 'ignition'],
      doubles: [12, 345],
    });
    expect(pointOf({})).toEqual({ indexes: [''], blobs: Array(9).fill(''), doubles: [0, 0] });
  });
  it('has an index that Analytics Engine takes', () => {
    expect(pointOf({ route: 'x'.repeat(500) }).indexes[0]).toHaveLength(96);
  });
});
