/** Measures the CPU time of judging and composing configs of 2,000 files, and of translating Butane of 1,000. */
import { transpile } from '../../src/configs/formats.ts';
import { validate } from '../../src/configs/inspect.ts';
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

const BUTANE_FILES = 1000;
const butane = (): string => {
  const files = Array.from(
    { length: BUTANE_FILES },
    (_, index) =>
      `    - path: /a/${index}\n      mode: 0644\n      contents:\n        inline: |\n          hello ${index}\n`,
  );
  return `variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n${files.join('')}`;
};

/**
 * Returns `ignition_merge_2000_ms`, which is the time to merge, validate and render two parsed configs, half of whose files
 * have the same path, `ignition_compose_2000_ms`, which includes parsing both texts and writing the result,
 * `ignition_validate_2000_ms` for one of them, and `butane_1000_ms`.
 */
export function ignitionFigures(): Record<string, Figure> {
  const [base, user] = [config(0, '3.3.0'), config(FILES / 2, '3.4.0')];
  const [parent, child] = [parseConfig(base), parseConfig(user)];
  if (!parent.ok || !child.ok) throw new Error('the configs of the benchmark are not valid');
  const merge = cpuOf(() => combine([parent.value, child.value], 'ignition'));
  const whole = cpuOf(() => compose({ base, user }, 'ignition'));
  const judged = cpuOf(() => validate(base, 'ignition'));
  const source = butane();
  const translated = cpuOf(() => transpile(source, 'butane', { strict: false, platform: '' }));
  return {
    ignition_validate_2000_ms: beside(judged, 'ms CPU', 'the merge of two such configs, parsed'),
    butane_1000_ms: beside(translated, 'ms CPU', 'the merge of 2,000 and 2,000 files: a fifth of it is gzip'),
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
