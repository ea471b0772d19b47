/** What is made of each request's event besides a line in the log: counters, and a point for Analytics Engine. No I/O. */
import type { LogValue } from '../shared/log.ts';
import { seriesName } from './prometheus.ts';

export const BOOTS = 'flatcar_edge_boots_total';
export const VERIFICATION_FAILURES = 'flatcar_edge_verification_failures_total';

/** Nothing was refused for what it is: it was refused before, was never signed, or upstream broke. */
const NOT_COUNTED = new Set(['refused-before', 'signature-missing', 'unexpected-status', 'encoded', 'no-length']);

type Fields = Readonly<Record<string, LogValue>>;

/** A data point as Analytics Engine takes it: an index, texts, numbers. */
export interface Point {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** What the event counts for: a boot by its outcome, a refused file by its reason. */
export function countedSeries(fields: Fields): string[] {
  const series: string[] = [];
  const { boot, status, reason, outcome, source } = fields;
  // A stranger who makes capabilities up must not make us write; the log has him.
  if (typeof boot === 'string' && fields['method'] !== 'HEAD' && reason !== 'forged' && reason !== 'no-secret') {
    const how = status === 200 ? 'served' : String(reason ?? status);
    series.push(seriesName(BOOTS, { what: boot, outcome: how }));
  }
  const refused = typeof outcome === 'string' && outcome.startsWith('refused: ') ? outcome.slice(9) : undefined;
  const small = reason === 'refused' && typeof fields['verdict'] === 'string' ? fields['verdict'] : undefined;
  const alias = status === 502 && source === undefined && typeof reason === 'string' ? reason : undefined;
  const why = refused ?? small ?? (alias !== undefined && !NOT_COUNTED.has(alias) ? alias : undefined);
  if (why !== undefined) series.push(failureSeries(source === undefined ? 'alias' : 'pass-through', why));
  return series;
}

/** A file that was refused where it came in. */
export const failureSeries = (source: 'mirror' | 'pass-through' | 'alias', reason: string): string =>
  seriesName(VERIFICATION_FAILURES, { source, reason });

/**
 * The point of a request; docs/observability.md names its columns. The index is the route: points are sampled by it, so that
 * a flood of downloads does not hide the boots.
 */
export function pointOf(fields: Fields): Point {
  const text = (name: string) => String(fields[name] ?? '');
  return {
    indexes: [text('route').slice(0, 96)],
    blobs: ['route', 'method', 'status', 'source', 'channel', 'version', 'cache', 'reason', 'boot'].map(text),
    doubles: [Number(fields['milliseconds'] ?? 0), Number(fields['bytes'] ?? 0)],
  };
}
