/** Writes the text format of Prometheus, 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). No I/O. */

type Labels = Readonly<Record<string, string>>;

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** `suffix` follows the name, as `_bucket` does in a histogram. */
  readonly samples: readonly { readonly suffix?: string; readonly labels: Labels; readonly value: number }[];
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
      ...samples.map(({ suffix = '', labels, value }) => `${seriesName(`${name}${suffix}`, labels)} ${value}`),
    ]);
  return `${lines.join('\n')}\n`;
}

/** Returns the labels of a stored series, or `undefined` when the series belongs to another metric. */
export function labelsOf(series: string, name: string): Labels | undefined {
  if (series === name) return {};
  if (!series.startsWith(`${name}{`)) return undefined;
  const labels: Record<string, string> = {};
  let at = name.length + 1;
  for (;;) {
    const quote = series.indexOf('="', at);
    if (quote === -1) return labels;
    const end = endOfValue(series, quote + 2);
    if (end === -1) return labels;
    labels[series.slice(at, quote)] = unescaped(series.slice(quote + 2, end));
    // A comma follows, or the brace that ends the labels.
    at = end + 2;
  }
}

/** Returns where the quote stands that ends a value, or -1. */
function endOfValue(series: string, from: number): number {
  for (let at = from; at < series.length; at += 1) {
    if (series[at] === '"') return at;
    if (series[at] === '\\') at += 1;
  }
  return -1;
}

const escaped = (value: string): string =>
  value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
const unescaped = (value: string): string =>
  value.replace(/\\(.)/g, (_, found: string) => (found === 'n' ? '\n' : found));
