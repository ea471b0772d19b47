/** Measures the CPU time of composing two configs of 2,000 files each, half of which have the same path. */
import { combine } from '../../src/ignition/combine.ts';
import { compose } from '../../src/ignition/compose.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { atMost, beside, type Figure, median } from './figure.ts';

const FILES = 2000;
const RUNS = 21;

const config = (from: number, version: string): string => {
  const files = Array.from({ length: FILES }, (_, index) => ({
    path: `/etc/conf.d/${from + index}.conf`,
    mode: 420,
    overwrite: true,
    user: { id: 500 },
    contents: { source: `data:,setting%20${index}%3D${'x'.repeat(80)}%0A` },
  }));
  return JSON.stringify({ ignition: { version }, storage: { files } });
};

/**
 * Returns `ignition_merge_2000_ms`, which is the time to merge, validate and render two parsed configs, and
 * `ignition_compose_2000_ms`, which includes parsing both texts and writing the result.
 */
export function ignitionFigures(): Record<string, Figure> {
  const [base, user] = [config(0, '3.3.0'), config(FILES / 2, '3.4.0')];
  const [parent, child] = [parseConfig(base), parseConfig(user)];
  if (!parent.ok || !child.ok) throw new Error('the configs of the benchmark are not valid');
  const merge = cpuOf(() => combine(parent.value, child.value, 'ignition'));
  const whole = cpuOf(() => compose({ base, user }, 'ignition'));
  return {
    ignition_merge_2000_ms: atMost(merge, 'ms CPU', 50),
    ignition_compose_2000_ms: beside(whole, 'ms CPU', 'the merge alone: parsing both texts and writing one'),
  };
}

function cpuOf(work: () => unknown): number {
  const runs = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return median(runs);
}
