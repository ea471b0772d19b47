/** Makes counter series and a point for Analytics Engine from the event of a request. No I/O. */
import type { LogValue } from '../shared/log.ts';
import { seriesName } from './prometheus.ts';

export const BOOTS = 'flatcar_edge_boots_total';
export const VERIFICATION_FAILURES = 'flatcar_edge_verification_failures_total';

/** These reasons do not mean that a file is bad: it was refused before, has no signature, or upstream failed. */
const NOT_COUNTED = new Set(['refused-before', 'signature-missing', 'unexpected-status', 'encoded', 'no-length']);

type Fields = Readonly<Record<string, LogValue>>;

/** A data point in the form that Analytics Engine takes. */
export interface Point {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** Returns the series that count the event: a boot by its outcome, a refused file by its reason. */
export function countedSeries(fields: Fields): string[] {
  const series: string[] = [];
  const { boot, status, reason, outcome, source } = fields;
  // A stranger can invent capabilities. They must not cause writes to R2; the log has them.
  if (typeof boot === 'string' && fields['method'] !== 'HEAD' && reason !== 'forged' && reason !== 'no-secret') {
    const bootOutcome = status === 200 ? 'served' : String(reason ?? status);
    series.push(seriesName(BOOTS, { what: boot, outcome: bootOutcome }));
  }
  const refusedOutcome = typeof outcome === 'string' && outcome.startsWith('refused: ') ? outcome.slice(9) : undefined;
  const refusedVerdict = reason === 'refused' && typeof fields['verdict'] === 'string' ? fields['verdict'] : undefined;
  const aliasReason = status === 502 && source === undefined && typeof reason === 'string' ? reason : undefined;
  const why =
    refusedOutcome ??
    refusedVerdict ??
    (aliasReason !== undefined && !NOT_COUNTED.has(aliasReason) ? aliasReason : undefined);
  if (why !== undefined) series.push(failureSeries(source === undefined ? 'alias' : 'pass-through', why));
  return series;
}

/** Returns the series of a refused file, by the place that refused it and by the reason. */
export const failureSeries = (source: 'mirror' | 'pass-through' | 'alias', reason: string): string =>
  seriesName(VERIFICATION_FAILURES, { source, reason });

/**
 * Returns the point of a request; docs/observability.md names its columns. Analytics Engine samples by the index. It is
 * the route, so that many downloads do not hide the boots.
 */
export function pointOf(fields: Fields): Point {
  const text = (name: string) => String(fields[name] ?? '');
  return {
    indexes: [text('route').slice(0, 96)],
    blobs: ['route', 'method', 'status', 'source', 'channel', 'version', 'cache', 'reason', 'boot'].map(text),
    doubles: [Number(fields['milliseconds'] ?? 0), Number(fields['bytes'] ?? 0)],
  };
}
