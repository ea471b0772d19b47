/** The operator's calls about mirror jobs: start, watch, cancel. */
import { Hono } from 'hono';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { answerJson, checkShape, shapeProblem } from '../../shared/http/api.ts';
import type { App, Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { ok } from '../../shared/result.ts';
import type { Release } from '../store/bucket.ts';
import { startUnpack } from '../unpack/run-unpack.ts';
import { type jobPage, jobQuery, type jobView } from './call-shapes.ts';
import { logOfJob } from './job-log.ts';
import { viewJob, viewJobs } from './job-view.ts';
import { type jobLog, logQuery } from './log-shapes.ts';
import { type MirrorRoom, NO_CURSOR, refuse, resolved, startProblem } from './room.ts';

const PAGE = 50;
const NO_JOB: Problem = { code: 'not-found', detail: 'no job for this release' };

/** Returns the routes below `/api/mirrors`. */
export function mirrorRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listJobs(room, call));
  app.put('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    if (!release.ok) return refuse(call, release.error);
    const { alias, ...target } = release.value;
    if (alias !== undefined) {
      // An operator who names an alias may not know which release it means now. Only a call with the version lifts a
      // quarantine.
      const manifest = await room.releases.manifestDocument(target).read();
      if (!manifest.ok) return refuse(call, releaseProblem(manifest.error));
      if (manifest.value?.value.quarantinedAt !== undefined)
        return refuse(call, startProblem({ reason: 'quarantined' }));
    }
    const started = await room.jobs.start(target, 'operator', alias === 'current' ? undefined : alias);
    if (!started.ok) return refuse(call, startProblem(started.error));
    // Of a release that is complete, files for import tools may be lacking.
    const made = started.value.job.state === 'complete' ? await startUnpack(room.unpack, target) : ok(undefined);
    if (!made.ok) return refuse(call, releaseProblem(made.error));
    room.forget(target);
    return await showJob(room, call, target, 202);
  });
  app.get('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    return release.ok ? await showJob(room, call, release.value, 200) : refuse(call, release.error);
  });
  app.get('/:channel/:board/:version/log', async (call) => {
    const release = await resolved(room, call);
    if (!release.ok) return refuse(call, release.error);
    const asked = checkShape(logQuery, call.req.query(), 'the query');
    if (!asked.ok) return refuse(call, shapeProblem(asked.error));
    const log = await logOfJob(room.store, release.value, asked.value.file);
    if (!log.ok) return refuse(call, releaseProblem(log.error));
    return log.value === undefined ? refuse(call, NO_JOB) : answerJson<typeof jobLog>(log.value);
  });
  app.delete('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    if (!release.ok) return refuse(call, release.error);
    const cancelled = await room.jobs.cancel(release.value);
    if (!cancelled.ok) return refuse(call, releaseProblem(cancelled.error));
    return await showJob(room, call, release.value, 200);
  });
  return app;
}

async function listJobs(room: MirrorRoom, call: Call): Promise<Response> {
  const asked = checkShape(jobQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const { cursor, ...filter } = asked.value;
  const list = `mirrors ${JSON.stringify(filter)}`;
  const place = cursor === undefined ? '' : await room.cursors.read(list, cursor);
  if (place === undefined) return refuse(call, NO_CURSOR);
  const page = await viewJobs(room, filter, place, PAGE);
  if (!page.ok) return refuse(call, releaseProblem(page.error));
  const { items, unreadable, place: next } = page.value;
  const bad = unreadable.length === 0 ? {} : { unreadable: [...unreadable] };
  return answerJson<typeof jobPage>({ items, ...bad, cursor: await room.cursors.make(list, next) });
}

async function showJob(room: MirrorRoom, call: Call, release: Release, status: 200 | 202): Promise<Response> {
  const view = await viewJob(room, release);
  if (!view.ok) return refuse(call, releaseProblem(view.error));
  return view.value === undefined
    ? refuse(call, NO_JOB)
    : answerJson<typeof jobView>({ ...view.value, ...(room.isDry ? { dryRun: true } : {}) }, status);
}
