/** The bars of the timeline of keys. */
import { describe, expect, it } from 'vitest';
import { barsOf } from '../../src/console/overview/bars.ts';

const NOW = Date.parse('2026-07-01T00:00:00Z');
const span = (from: string, until: string | null) => ({ from, until, state: 'valid' as const });

describe('the bars of spans', () => {
  it('lie within the line, in the order of time, around the present', () => {
    const { bars, years, today } = barsOf([span('2024-01-01', '2025-01-01'), span('2025-01-01', '2027-01-01')], NOW);
    const [old, young] = bars;
    expect(old?.x).toBeGreaterThan(0);
    expect((old?.x ?? 0) + (old?.width ?? 0)).toBe(young?.x);
    expect((young?.x ?? 0) + (young?.width ?? 0)).toBeLessThan(1000);
    expect(today).toBeGreaterThan(young?.x ?? 0);
    expect(years.map(({ year }) => year)).toEqual([2024, 2025, 2026, 2027]);
    expect(years[1]?.x).toBe(young?.x);
  });

  it('reach the end where a key never ends, and are seen however short', () => {
    const { bars } = barsOf([span('2026-06-30', null), span('2000-01-01', '2000-01-01')], NOW);
    expect((bars[0]?.x ?? 0) + (bars[0]?.width ?? 0)).toBe(1000);
    expect(bars[1]?.width).toBe(2);
  });

  it('are none where there is no key, and no endless years where one lives for ever', () => {
    expect(barsOf([], NOW).bars).toEqual([]);
    expect(barsOf([span('1970-01-01', '9999-01-01')], NOW).years).toHaveLength(60);
    expect(barsOf([span('nonsense', 'nonsense')], NOW).bars).toHaveLength(1);
  });
});
