/** Draws plots with uPlot. It is loaded when a screen first shows one. */
import uPlot from 'uplot';
import type { DrawnPlot, PlotData } from './plot-parts.ts';

const HEIGHT = 190;
/** The page's own colours, for both colour schemes. */
const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Counts have no halves. */
const WHOLE = Array.from({ length: 14 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat();
const DAY_S = 86_400;
/** As the reader's language writes it: days where the marks are days apart, else times. */
const dated = (time: number, step: number): string => {
  const at = new Date(time * 1000);
  return step >= DAY_S
    ? at.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })
    : at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
};

/** Draws bars over time into `host`, the series above one another. */
export function draw(host: HTMLElement, { times, series, shown }: PlotData): DrawnPlot {
  const axis = {
    stroke: colour('faint'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line') },
  };
  const bars = uPlot.paths.bars?.({ size: [0.9, 24], align: 1 });
  const plot = new uPlot(
    {
      ...{ width: Math.max(host.clientWidth, 200), height: HEIGHT },
      cursor: { drag: { x: false, y: false } },
      legend: { live: true },
      scales: {
        x: { range: (_plot, low, high) => [low, Math.max(high, low + 6 * 3600)] },
        y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
      },
      axes: [
        { ...axis, values: (_plot, times, _axis, _space, step) => times.map((time) => dated(time, step)) },
        { ...axis, size: 64, incrs: WHOLE, values: (_plot, values) => values.map(shown) },
      ],
      series: [
        {
          label: 'From',
          value: (_plot: uPlot, time: number | null) => (time === null ? '' : new Date(time * 1000).toLocaleString()),
        },
        ...series.map(({ label, tone }) => ({
          ...{ label, stroke: colour(tone), fill: colour(tone), points: { show: false } },
          ...(bars === undefined ? {} : { paths: bars }),
          value: (_plot: uPlot, value: number | null) => (value === null ? '' : shown(value)),
        })),
      ],
    },
    [times.map((time) => time / 1000), ...series.map(({ values }) => [...values])],
    host,
  );
  return {
    fit: () => plot.setSize({ width: Math.max(host.clientWidth, 200), height: HEIGHT }),
    remove: () => plot.destroy(),
  };
}
