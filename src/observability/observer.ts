/** Writes the events of requests, polls and mirror runs to the log, the counters and Analytics Engine. */
import type { RunEvent } from '../mirror/run-job.ts';
import type { Release } from '../mirror/store/bucket.ts';
import { causeFields } from '../shared/cause.ts';
import type { LogSink, WideEvent } from '../shared/log.ts';
import type { Platform } from '../shared/platform.ts';
import { counterDocument } from './bucket.ts';
import { COUNTER_SHARDS, Counters } from './counters.ts';
import { countedSeries, failureSeries, pointOf, requestAmounts } from './observe.ts';

export interface ObserverPorts {
  readonly platform: Platform;
  readonly logSink: LogSink;
  /** Milliseconds for which counts are gathered before they are stored. The default is 10 s. */
  readonly gatherCountsMs?: number;
}

export interface Observer {
  readonly counters: Counters;
  /** Writes the event once everything it waits for has settled. */
  readonly request: (event: WideEvent, started: number) => Promise<void>;
  readonly run: (release: Release, attempt: number, event: RunEvent) => void;
}

/** Returns the observer over this environment's stores. It uses METRICS if that is bound. */
export function observer(env: Env, { platform, logSink, gatherCountsMs }: ObserverPorts): Observer {
  const documents = Array.from({ length: COUNTER_SHARDS }, (_, shard) =>
    counterDocument(env.RELEASES, platform, shard),
  );
  const counters = new Counters(platform, documents, gatherCountsMs);
  const dataset = env.METRICS;
  return {
    counters,
    request: async (event, started) => {
      const fields = await event.finish(platform.now, started);
      logSink(JSON.stringify(fields));
      if (fields['event'] !== 'request') return;
      for (const series of countedSeries(fields)) counters.count(series);
      for (const [series, amount] of requestAmounts(fields)) counters.add(series, amount);
      dataset?.writeDataPoint(pointOf(fields));
    },
    run: ({ channel, board, version }, attempt, event) => {
      const { fault, ...loggedFields } = event;
      const cause = fault === undefined ? {} : causeFields(fault);
      logSink(JSON.stringify({ event: 'mirror', channel, board, version, attempt, ...loggedFields, ...cause }));
      const { file, state, reason } = event;
      if (file !== undefined && state === 'failed' && reason !== undefined && reason !== 'absent')
        counters.count(failureSeries('mirror', reason));
    },
  };
}
