/** Computes `/api/metrics`. Every number comes from the stores, so every isolate gives the same answer. */

import type { JobView } from '../mirror/api/call-shapes.ts';
import { viewJobs } from '../mirror/api/job-view.ts';
import type { MirrorStore } from '../mirror/store/bucket.ts';
import { NO_NOTES } from '../mirror/store/notes.ts';
import type { Catalogue } from '../releases/catalogue.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { lastingSigningKey } from '../signing/keyring.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { ActivityNotes } from './bucket.ts';
import type { Counters, Counts } from './counters.ts';
import {
  BOOTS,
  BUCKETS_MS,
  REQUEST_MILLISECONDS,
  REQUEST_SECONDS,
  REQUESTS,
  RESPONSE_BYTES,
  VERIFICATION_FAILURES,
} from './observe.ts';
import { expositionText, labelsOf, type Metric } from './prometheus.ts';
import { UPDATES } from './updates.ts';

export interface MetricsPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly trustedKeys: TrustedKeys;
  readonly counters: Counters;
  readonly activity: Document<ActivityNotes>;
  readonly version: string;
}

type Sample = Metric['samples'][number];

const RECENT_MS = 30 * 24 * 3_600_000;

/** Returns the text, or the fault of a store: a text without some of the numbers would look like a drop to zero. */
export async function metricsText(ports: MetricsPorts): Promise<Result<string, StoreFault>> {
  const { store, counters, version } = ports;
  const [jobs, totals, notes] = await Promise.all([viewJobs(ports), counters.totals(), store.notes().read()]);
  if (!jobs.ok) return jobs;
  if (!totals.ok) return totals;
  if (!notes.ok) return notes;
  const published = await publishedSamples(ports);
  if (!published.ok) return published;
  // A failure of long ago that nobody retried must not raise an alarm.
  const recent = jobs.value.items.filter(({ queuedAt }) => ports.platform.now() - Date.parse(queuedAt) < RECENT_MS);
  const { upstream } = notes.value?.value ?? NO_NOTES;
  return ok(
    expositionText([
      gauge('flatcar_edge_info', 'The software that answers.', [{ labels: { version }, value: 1 }]),
      gauge(
        'flatcar_edge_mirror_jobs',
        'Jobs of the last 30 days by the state of their last attempt.',
        tally(recent, ({ state }) => ({ state })),
      ),
      gauge(
        'flatcar_edge_mirror_files',
        'Files of the last attempts by state, and by reason where they failed.',
        tally(
          recent.flatMap(({ files }) => files),
          ({ state, reason }) => (reason === undefined ? { state } : { state, reason }),
        ),
      ),
      gauge('flatcar_edge_mirror_bytes', 'Bytes that running jobs have copied so far.', runningBytes(recent)),
      gauge('flatcar_edge_published_releases', 'Published releases of a channel and board.', published.value),
      gauge(
        'flatcar_edge_upstream_seen_timestamp_seconds',
        'When the poll last had a verified version.txt for an entry of MIRROR.',
        Object.entries(upstream).flatMap(([entry, { seenAt }]) =>
          seenAt === undefined ? [] : [{ labels: { entry }, value: Date.parse(seenAt) / 1000 }],
        ),
      ),
      gauge(
        'flatcar_edge_signing_key_expiry_timestamp_seconds',
        'When the signing key that lasts longest ends.',
        await keySamples(ports),
      ),
      counter(
        VERIFICATION_FAILURES,
        'Files refused because they could not be trusted, by where and why.',
        totals.value,
      ),
      counter(
        BOOTS,
        'Boot requests by what was asked for, how it ended, and the profile of the machine.',
        totals.value,
      ),
      counter(
        UPDATES,
        'What machines asked and told of updates, by the release that they run; a lower bound.',
        totals.value,
      ),
      counter(REQUESTS, 'Requests by route, method and class of status; a lower bound.', totals.value),
      counter(RESPONSE_BYTES, 'Bytes of the bodies of answers by route; a lower bound.', totals.value),
      durations(totals.value),
    ]),
  );
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'gauge',
  help,
  samples,
});

const counter = (name: string, help: string, totals: Counts): Metric => ({
  name,
  type: 'counter',
  help,
  samples: Object.entries(totals)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([series, value]) => {
      const labels = labelsOf(series, name);
      return labels === undefined ? [] : [{ labels, value }];
    }),
});

/** Returns the histogram of durations. Stored buckets count each request once; those of Prometheus add up. */
function durations(totals: Counts): Metric {
  const routes = new Map<string, { readonly counts: Map<string, number>; sum: number }>();
  const of = (route: string) => {
    const known = routes.get(route) ?? { counts: new Map<string, number>(), sum: 0 };
    routes.set(route, known);
    return known;
  };
  for (const [series, value] of Object.entries(totals)) {
    const bucket = labelsOf(series, `${REQUEST_MILLISECONDS}_bucket`);
    const sum = labelsOf(series, `${REQUEST_MILLISECONDS}_sum`);
    if (bucket !== undefined) of(bucket['route'] ?? '').counts.set(bucket['le'] ?? '', value);
    if (sum !== undefined) of(sum['route'] ?? '').sum = value;
  }
  const bounds = [...BUCKETS_MS.map((most) => String(most / 1000)), '+Inf'];
  const samples = [...routes].toSorted(byName).flatMap(([route, { counts, sum }]) => {
    let count = 0;
    const buckets = bounds.map((le) => {
      count += counts.get(le) ?? 0;
      return { suffix: '_bucket', labels: { route, le }, value: count };
    });
    const labels = { route };
    return [...buckets, { suffix: '_sum', labels, value: sum / 1000 }, { suffix: '_count', labels, value: count }];
  });
  const help = 'Time until the answer was sent, by route; a lower bound.';
  return { name: REQUEST_SECONDS, type: 'histogram', help, samples };
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** Returns one sample for each set of labels; its value is the number of items. */
function tally<T>(items: readonly T[], labelsFor: (item: T) => Record<string, string>): Sample[] {
  const samples = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const item of items) {
    const labels = labelsFor(item);
    const key = JSON.stringify(labels);
    samples.set(key, { labels, value: (samples.get(key)?.value ?? 0) + 1 });
  }
  return [...samples.values()];
}

const runningBytes = (jobs: readonly JobView[]): Sample[] =>
  jobs
    .filter(({ state }) => state === 'running')
    .map(({ channel, board, version, files }) => ({
      labels: { channel, board, version },
      value: files.reduce((sum, { bytes }) => sum + bytes, 0),
    }));

async function publishedSamples({ catalogue, releases }: MetricsPorts): Promise<Result<Sample[], StoreFault>> {
  const indexes = await Promise.all(
    catalogue.pairs.map(async ({ channel, board }) => ({
      channel,
      board,
      index: await releases.index({ channel, board }),
    })),
  );
  const samples: Sample[] = [];
  for (const { channel, board, index } of indexes) {
    // The others are told all the same; a pair that is missing is no drop to zero.
    if (!index.ok && index.error.reason === 'stored-malformed') continue;
    if (!index.ok) return index;
    samples.push({ labels: { channel, board }, value: index.value.releases.length });
  }
  return ok(samples);
}

/** Returns no sample when there is no signing key, or when it never expires. */
async function keySamples({ trustedKeys, platform }: MetricsPorts): Promise<Sample[]> {
  const keyring = await trustedKeys.current();
  const lasting = keyring.ok ? await lastingSigningKey(keyring.value, platform.now()) : undefined;
  return lasting?.expires === undefined
    ? []
    : [{ labels: { fingerprint: lasting.fingerprint }, value: Math.floor(lasting.expires / 1000) }];
}

/** Returns how the requests for configs of a profile's machines have ended, by outcome. */
export async function bootsOf(
  counters: Counters,
  profile: string,
): Promise<Result<Readonly<Record<string, number>>, StoreFault>> {
  const totals = await counters.totals();
  if (!totals.ok) return totals;
  const outcomes: Record<string, number> = {};
  for (const [series, value] of Object.entries(totals.value)) {
    const labels = labelsOf(series, BOOTS);
    const isConfig = labels?.['what'] === 'ignition' || labels?.['what'] === 'frozen';
    if (labels?.['profile'] !== profile || !isConfig) continue;
    const outcome = labels['outcome'] ?? '';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + value;
  }
  return ok(outcomes);
}
