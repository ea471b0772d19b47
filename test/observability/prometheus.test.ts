/** The text that Prometheus scrapes, and series read back into their labels. */
import { describe, expect, it } from 'vitest';
import { expositionText, labelsOf, seriesName } from '../../src/observability/prometheus.ts';

describe('a series', () => {
  it.each([
    ['without labels', {}, 'a_total'],
    ['with labels in their order', { b: '1', a: '2' }, 'a_total{b="1",a="2"}'],
    ['with quotes', { a: 'x"y' }, String.raw`a_total{a="x\"y"}`],
    ['with backslashes', { a: 'x\\n' }, String.raw`a_total{a="x\\n"}`],
    ['with a line break', { a: 'x\ny' }, String.raw`a_total{a="x\ny"}`],
    ['with what could end it', { a: '"} 1\nb 2' }, String.raw`a_total{a="\"} 1\nb 2"}`],
  ])('%s is named, and read back', (_name, labels, series) => {
    expect(seriesName('a_total', labels)).toBe(series);
    expect(labelsOf(series, 'a_total')).toEqual(labels);
  });
  it('of another metric has no labels of ours', () => {
    for (const series of ['b_total', 'a_total_more', 'a_total_more{a="1"}', 'a{a="1"}'])
      expect(labelsOf(series, 'a_total')).toBeUndefined();
  });
});

describe('the text', () => {
  it('has help, type and samples of each metric, and ends with a line break', () => {
    const text = expositionText([
      {
        name: 'boots_total',
        type: 'counter',
        help: 'Boots.',
        samples: [
          { labels: { what: 'ignition' }, value: 3 },
          { labels: { what: 'ipxe' }, value: 1 },
        ],
      },
      { name: 'age_seconds', type: 'gauge', help: 'Age.', samples: [{ labels: {}, value: 0.5 }] },
    ]);
    expect(text.split('\n')).toEqual([
      '# HELP boots_total Boots.',
      '# TYPE boots_total counter',
      'boots_total{what="ignition"} 3',
      'boots_total{what="ipxe"} 1',
      '# HELP age_seconds Age.',
      '# TYPE age_seconds gauge',
      'age_seconds 0.5',
      '',
    ]);
  });
  it('leaves out a metric without samples: a zero that nobody counted would be a claim', () => {
    expect(expositionText([{ name: 'a', type: 'gauge', help: 'A.', samples: [] }])).toBe('\n');
  });
});
