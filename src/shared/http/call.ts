/** The types that every route of the API works with, and the function by which a route refuses a call. */
import type { Context, Hono } from 'hono';
import { causeFields } from '../cause.ts';
import type { LogEvent, LogValue } from '../log.ts';
import { type Problem, problemJson } from '../problem.ts';

/** The variables that the first middleware adds to each request. */
export interface CallVariables {
  log: LogEvent;
}

/** The router of a room. */
export type App = Hono<{ Variables: CallVariables }>;

/** The Hono context of one request. */
export type Call = Context<{ Variables: CallVariables }>;

/**
 * Returns the problem as `application/problem+json`. The log gets the problem's code, its cause and `evidence`. The log
 * does not get the detail, because the detail of a report on a config may quote the config.
 */
export function refuse(call: Call, problem: Problem, evidence: Readonly<Record<string, LogValue>> = {}): Response {
  call.var.log.set({ problem: problem.code, ...causeFields(problem), ...evidence });
  return problemJson(problem, new URL(call.req.url).pathname);
}
