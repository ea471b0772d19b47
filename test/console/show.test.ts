/** How the console writes numbers and dates. */
import { expect, it } from 'vitest';
import { bytes, duration, moment, relative } from '../../src/console/widgets/show.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');

it.each([
  ['2026-11-27T11:59:30Z', 'just now'],
  ['2026-11-27T12:00:30Z', 'in seconds'],
  ['2026-11-27T11:58:59Z', '1 minute ago'],
  ['2026-11-27T09:00:00Z', '3 hours ago'],
  ['2026-11-27T14:30:00Z', 'in 2 hours'],
  ['2026-11-26T11:00:00Z', 'yesterday'],
  ['2026-11-20T12:00:00Z', '7 days ago'],
  ['2025-11-20T12:00:00Z', '2025-11-20'],
])('%s is %s', (at, text) => {
  expect(relative(at, NOW)).toBe(text);
});

it('sizes, durations and moments have their units', () => {
  expect([bytes(0), bytes(1023), bytes(1024), bytes(5 * 1024 ** 3)]).toEqual(['0 B', '1023 B', '1.0 KiB', '5.0 GiB']);
  expect([duration(12), duration(125), duration(3780), duration(-1)]).toEqual([
    '12 s',
    '2 min 5 s',
    '1 h 3 min',
    '0 s',
  ]);
  expect([moment('2026-11-27T12:00:00.123Z'), moment(null)]).toEqual(['2026-11-27 12:00:00 UTC', '']);
});
