/** The routes of `/healthz` for load balancers and `/api/metrics` for Prometheus. */
import { Hono } from 'hono';
import { releaseProblem } from '../releases/serve/problems.ts';
import { answerJson } from '../shared/http/api.ts';
import { CACHE } from '../shared/http/cache.ts';
import { type App, refuse } from '../shared/http/call.ts';
import type { activityList } from './activity-answer.ts';
import { publicHealth } from './health.ts';
import type { Health, health as healthAnswer } from './health-answer.ts';
import { type MetricsPorts, metricsText } from './metrics.ts';
import { type ActivityPorts, recentActivity } from './note-hour.ts';
import type { updateList } from './update-answer.ts';
import { updateCounts } from './updates.ts';

/**
 * Returns the router of `/healthz`. It answers 200 while every binding answers, else 503 with the same report. Only a
 * caller who `mayRead` gets the report; everybody else learns whether the service works.
 */
export function healthRoutes(health: () => Promise<Health>, mayRead: (request: Request) => Promise<boolean>): App {
  const app: App = new Hono();
  app.on(['GET', 'HEAD'], '/healthz', async (context) => {
    const report = await health();
    const warning = report.signingKey?.warning;
    if (warning !== undefined) context.var.log.set({ warning });
    const shown = (await mayRead(context.req.raw)) ? report : publicHealth(report);
    if (report.status !== 'failing') return answerJson<typeof healthAnswer>(shown, 200);
    return answerJson<typeof healthAnswer>(shown, 503, { 'retry-after': '5' });
  });
  return app;
}

/** Returns the router of `/api/updates`: what machines tell of their updates. */
export function updateRoutes({ counters }: Pick<MetricsPorts, 'counters'>): App {
  const app: App = new Hono();
  app.get('/', async (context) => {
    const counts = await updateCounts(counters);
    if (!counts.ok) return refuse(context, releaseProblem(counts.error));
    return answerJson<typeof updateList>({ items: counts.value, cursor: null });
  });
  return app;
}

/** Returns the router of `/api/activity`: what the service did, by hour. */
export function activityRoutes(ports: ActivityPorts): App {
  const app: App = new Hono();
  app.get('/', async (context) => {
    const spans = await recentActivity(ports);
    if (!spans.ok) return refuse(context, releaseProblem(spans.error));
    return answerJson<typeof activityList>({ items: spans.value, cursor: null });
  });
  return app;
}

/** Returns the router of `/api/metrics`, which answers in the Prometheus text format 0.0.4. */
export function metricsRoutes(metrics: MetricsPorts): App {
  const app: App = new Hono();
  app.get('/', async (context) => {
    const text = await metricsText(metrics);
    if (!text.ok) return refuse(context, releaseProblem(text.error));
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': CACHE.never };
    return context.body(text.value, 200, headers);
  });
  return app;
}
