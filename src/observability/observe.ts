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
  const { boot, status, reason, outcome, source, profile, fleet, waits } = fields;
  // A stranger can invent capabilities. They must not cause writes to R2; the log has them.
  if (typeof boot === 'string' && fields['method'] !== 'HEAD' && reason !== 'forged' && reason !== 'no-secret') {
    // A script that says why there is none is a 200 as well.
    const bootOutcome = String(waits ?? reason ?? (status === 200 ? 'served' : status));
    const of = {
      ...(typeof profile === 'string' ? { profile } : {}),
      ...(typeof fleet === 'string' ? { fleet } : {}),
    };
    series.push(seriesName(BOOTS, { what: boot, outcome: bootOutcome, ...of }));
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

export const REQUESTS = 'flatcar_edge_requests_total';
export const REQUEST_SECONDS = 'flatcar_edge_request_duration_seconds';
/** Milliseconds, because stored counts are whole numbers. */
export const REQUEST_MILLISECONDS = 'flatcar_edge_request_milliseconds';
export const RESPONSE_BYTES = 'flatcar_edge_response_bytes_total';

/** The upper bounds of the histogram, in milliseconds. */
export const BUCKETS_MS: readonly number[] = [5, 25, 100, 250, 1000, 2500, 10_000];

/** Returns what a request adds to its series: how many by route and status, how long it took, how much was sent. */
export function requestAmounts(fields: Fields): (readonly [series: string, amount: number])[] {
  const { method, milliseconds, bytes } = fields;
  const status = Number(fields['status'] ?? 0);
  // A stranger can ask for any path, and each of them has one of these routes.
  const route = String(fields['route'] ?? '');
  const took = Math.max(0, Math.round(Number(milliseconds ?? 0)));
  const bucket = BUCKETS_MS.find((most) => took <= most);
  const le = bucket === undefined ? '+Inf' : String(bucket / 1000);
  const known = KNOWN_METHODS.has(String(method)) ? String(method) : 'other';
  return [
    [seriesName(REQUESTS, { route, method: known, status: `${Math.floor(status / 100)}xx` }), 1],
    [seriesName(`${REQUEST_MILLISECONDS}_bucket`, { route, le }), 1],
    [seriesName(`${REQUEST_MILLISECONDS}_sum`, { route }), took],
    ...(typeof bytes === 'number' && bytes > 0
      ? [[seriesName(RESPONSE_BYTES, { route }), Math.round(bytes)] as const]
      : []),
  ];
}

const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

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
