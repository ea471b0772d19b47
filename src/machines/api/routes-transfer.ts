/** The routes of the operator's calls about all machines at once: export, import, reseal. */
import { Hono } from 'hono';
import { answerJson, apiBody } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { machineProblem } from '../problems.ts';
import { reseal } from '../reseal.ts';
import type { importResult, resealed } from './call-answers.ts';
import { importQuery, pageQuery, resealQuery } from './call-requests.ts';
import { readShape } from './machine-request.ts';
import { type MachineRoom, placeIn, refuse } from './room.ts';
import { exportMachines, importMachines } from './transfer.ts';

const IMPORT_LIMIT = 32 * 1024 * 1024;

/** Adds `/export` and `/import`. */
export function addTransferRoutes(app: App, room: MachineRoom): void {
  app.get('/export', async (call) => {
    const asked = readShape(pageQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const place = await placeIn(room, 'export', asked.value.cursor);
    if (!place.ok) return refuse(call, place.error);
    const page = await exportMachines(room, place.value);
    if (!page.ok) return refuse(call, page.error);
    const { text, unreadable, place: next } = page.value;
    const cursor = await room.cursors.make('export', next);
    const link = cursor === null ? {} : { 'x-next-cursor': cursor, link: nextLink(call, cursor) };
    const bad = unreadable === 0 ? {} : { 'x-unreadable': String(unreadable) };
    const headers = { 'content-type': 'application/x-ndjson', 'cache-control': CACHE.never, ...bad, ...link };
    return new Response(text, { headers });
  });
  app.post('/import', async (call) => {
    const asked = readShape(importQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const body = await apiBody(room.platform, call.req.raw, IMPORT_LIMIT);
    if (!body.ok) return answerProblem(call, body.error);
    const freshEpochs = asked.value.fresh_epochs ?? false;
    const done = await importMachines(room, new TextDecoder().decode(body.value), { freshEpochs });
    const { stopped, imported } = done;
    if (stopped === undefined || imported > 0) call.set('change', { before: '', after: `${imported} machines` });
    if (stopped === undefined) return answerJson<typeof importResult>({ ...done, dryRun: room.isDry });
    const { fault, ...where } = stopped;
    const problem: Problem = fault === undefined ? { code: 'invalid', detail: '' } : machineProblem(fault);
    const detail = `line ${where.line}: ${where.detail}`;
    return answerProblem(call, { ...problem, detail, members: { ...problem.members, imported, stopped: where } });
  });
}

/** Returns the router of `POST /api/storage/reseal?cursor=`, which reseals a page of records. */
export function storageRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.post('/reseal', async (call) => {
    const asked = readShape(resealQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const { cursor, adopt = false } = asked.value;
    const done = await reseal(room, { cursor, adopt });
    if (!done.ok) return refuse(call, done.error);
    const answer = { ...done.value, unreadable: [...done.value.unreadable], dryRun: room.isDry };
    return answerJson<typeof resealed>(answer);
  });
  return app;
}

function nextLink(call: Call, cursor: string): string {
  const { pathname } = new URL(call.req.url);
  return `<${pathname}?cursor=${encodeURIComponent(cursor)}>; rel="next"`;
}
