/** The two webhooks that announce a release. */
import { Hono } from 'hono';
import { answerJson, apiBody } from '../../shared/http/api.ts';
import type { App, Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { type Announcement, readGithub, readRelease } from '../webhook.ts';
import type { AnnouncedJob, announcedJobs, pong } from './call-shapes.ts';
import { jobFields } from './job-view.ts';
import { type MirrorRoom, refuse, startProblem } from './room.ts';

const WEBHOOK_LIMIT = 64 * 1024;

/**
 * Returns the routes `/webhooks/github` and `/webhooks/release`. They answer 202 with the jobs that the announcement
 * started or joined.
 */
export function webhookRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  for (const [path, read] of [
    ['/github', readGithub],
    ['/release', readRelease],
  ] as const) {
    app.post(path, async (call) => {
      const body = await apiBody(room.platform, call.req.raw, WEBHOOK_LIMIT);
      if (!body.ok) return refuse(call, body.error);
      const announcement = await read(new TextDecoder().decode(body.value), call.req.raw.headers, room);
      return announcement.ok ? await announce(room, call, announcement.value) : refuse(call, announcement.error);
    });
  }
  return app;
}

async function announce(room: MirrorRoom, call: Call, announcement: Announcement): Promise<Response> {
  if (announcement.kind === 'ping') return answerJson<typeof pong>({ pong: true });
  if (announcement.kind === 'ignored') return answerJson<typeof announcedJobs>({ ignored: announcement.why }, 202);
  const jobs: AnnouncedJob[] = [];
  let fault: Problem | undefined;
  for (const pair of announcement.pairs) {
    const started = await room.jobs.start({ ...pair, version: announcement.version }, 'webhook');
    if (started.ok) jobs.push(jobFields(started.value.job));
    else if (started.error.reason !== 'quarantined') fault ??= startProblem(started.error);
  }
  if (fault !== undefined) return refuse(call, fault);
  return answerJson<typeof announcedJobs>({ jobs, ...(room.isDry ? { dryRun: true } : {}) }, 202);
}
