/** Writes the text format of Prometheus, 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). No I/O. */

type Labels = Readonly<Record<string, string>>;

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** Returns `name{label="value"}`, with the labels in the given order. */
export function seriesName(name: string, labels: Labels): string {
  const labelTexts = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return labelTexts.length === 0 ? name : `${name}{${labelTexts.join(',')}}`;
}

/** Returns HELP, TYPE and the samples of each metric. A metric without samples is left out. */
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

/** Returns the labels of a stored series, or `undefined` when the series belongs to another metric. */
export function labelsOf(series: string, name: string): Labels | undefined {
  if (series === name) return {};
  if (!series.startsWith(`${name}{`)) return undefined;
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
    labels[label] = unescaped(value);
  return labels;
}

const escaped = (value: string): string =>
  value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
const unescaped = (value: string): string =>
  value.replace(/\\(.)/g, (_, found: string) => (found === 'n' ? '\n' : found));
