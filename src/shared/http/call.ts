/** What every route of the API is handed, and how it refuses. */
import type { Context, Hono } from 'hono';
import { causeFields } from '../cause.ts';
import type { LogEvent, LogValue } from '../log.ts';
import { type Problem, problemJson } from '../problem.ts';

/** What the first middleware puts beside each request. */
export interface CallVariables {
  log: LogEvent;
}

/** A router of any room. */
export type App = Hono<{ Variables: CallVariables }>;

/** One request on its way through a router. */
export type Call = Context<{ Variables: CallVariables }>;

/**
 * The problem as `application/problem+json`. The log gets the problem's code, what stands behind it, and `evidence`; the detail is not logged by itself,
 * because the report on a config may quote a piece of it.
 */
export function refuse(call: Call, problem: Problem, evidence: Readonly<Record<string, LogValue>> = {}): Response {
  call.var.log.set({ problem: problem.code, ...causeFields(problem), ...evidence });
  return problemJson(problem, new URL(call.req.url).pathname);
}
