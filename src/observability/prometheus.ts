/** The text format that Prometheus scrapes (version 0.0.4, prometheus.io/docs/instrumenting/exposition_formats). No I/O. */

type Labels = Readonly<Record<string, string>>;

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** `name{label="value"}`: labels in the order they are given. */
export function seriesName(name: string, labels: Labels): string {
  const said = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return said.length === 0 ? name : `${name}{${said.join(',')}}`;
}

/** HELP, TYPE and samples of each metric; one without samples is left out. */
export function expositionText(metrics: readonly Metric[]): string {
  const lines = metrics
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ labels, value }) => `${seriesName(name, labels)} ${value}`),
    ]);
  return `${lines.join('\n')}\n`;
}

/** A stored series back into its labels; `undefined` for one of another metric. */
export function labelsOf(series: string, name: string): Labels | undefined {
  if (series === name) return {};
  if (!series.startsWith(`${name}{`)) return undefined;
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[label] = plain(value);
  return labels;
}

const escaped = (value: string): string =>
  value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
const plain = (value: string): string => value.replace(/\\(.)/g, (_, found: string) => (found === 'n' ? '\n' : found));
