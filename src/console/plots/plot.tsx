/** A plot of what happened by hour, and the same by day as a table for everybody who cannot see it. */
import { useEffect, useRef } from 'preact/hooks';
import { ScrollBox } from '../widgets/widgets.tsx';
import { type DrawnPlot, loadPlots, type PlotData } from './plot-parts.ts';

interface PlotProps extends PlotData {
  readonly title: string;
}

/** Shows the plot, its sums, and the table. Where the plot cannot be loaded, the table says all of it. */
export function Plot({ title, times, series, shown }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const key = JSON.stringify([times, series]);
  useEffect(() => {
    let drawn: DrawnPlot | undefined;
    let isOver = false;
    const drawAgain = async () => {
      const { draw } = await loadPlots();
      if (isOver || host.current === null) return;
      drawn?.remove();
      drawn = draw(host.current, { times, series, shown });
    };
    const start = () => void drawAgain().catch(() => undefined);
    start();
    const fit = () => drawn?.fit();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    addEventListener('resize', fit);
    scheme.addEventListener('change', start);
    return () => {
      isOver = true;
      removeEventListener('resize', fit);
      scheme.removeEventListener('change', start);
      drawn?.remove();
    };
  }, [key]);
  const sums = series.map(({ label, values }) => `${label} ${shown(sum(values))}`).join(', ');
  return (
    <figure class="plot">
      <figcaption>
        <b>{title}</b> <span class="faint">{sums}</span>
      </figcaption>
      <div ref={host} aria-hidden="true" />
      <details>
        <summary>
          As a table<span class="seen-not">: {title}</span>
        </summary>
        <ScrollBox label={`${title}, by day`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Day (UTC)</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {byDay(times, series).map(({ day, sums: ofDay }) => (
                <tr key={day}>
                  <th scope="row">{day}</th>
                  {ofDay.map((value, index) => (
                    <td key={series[index]?.label}>{shown(value)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      </details>
    </figure>
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Sums up each series by the day of its bars, newest first. */
function byDay(times: readonly number[], series: PlotData['series']) {
  const days = [...new Set(times.map((time) => new Date(time).toISOString().slice(0, 10)))].reverse();
  return days.map((day) => ({
    day,
    sums: series.map(({ values }) =>
      sum(values.filter((_, index) => new Date(times[index] ?? 0).toISOString().startsWith(day))),
    ),
  }));
}
