/** The types that every route of the API works with, and the function by which a route refuses a call. */
import type { Context, Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import { causeFields } from '../cause.ts';
import type { LogEvent, LogValue } from '../log.ts';
import { type Problem, problemJson } from '../problem.ts';
import { oneSlash } from './one-slash.ts';

/** Who makes a call, as the rooms need to know it. */
interface CallerSeen {
  readonly who: string;
  readonly may: ReadonlySet<string> | 'everything';
  /** Machines and profiles whose names begin otherwise are none of this caller's. */
  readonly prefix?: string | undefined;
}

/** What a write has changed, for the audit trail: a generation, or the version that an alias named. */
interface Change {
  readonly before: string;
  readonly after: string;
}

/** The variables that the middleware adds to each request. */
export interface CallVariables {
  log: LogEvent;
  requestId: string;
  /** Calls of the API only. */
  caller: CallerSeen;
  /** Set by a write that went through. */
  change: Change | undefined;
  /** The route of a call of the API; every other request is known by the route that the outer router matched. */
  route: string | undefined;
}

/** The router of a room. */
export type App = Hono<{ Variables: CallVariables }>;

/** The Hono context of one request. */
export type Call = Context<{ Variables: CallVariables }>;

/**
 * Returns the path of a request as the router has it: decoded once, as Hono does it, and with single slashes. Whoever decides what a
 * request may do has to look at this one, which handlers find as `req.path`.
 */
export const routedPath = (request: Request): string => oneSlash(getPath(request));

/**
 * Returns the problem as `application/problem+json`. The log gets the problem's code, its cause and `evidence`. The log
 * does not get the detail, because the detail of a report on a config may quote the config.
 */
export function refuse(call: Call, problem: Problem, evidence: Readonly<Record<string, LogValue>> = {}): Response {
  call.var.log.set({ problem: problem.code, ...causeFields(problem), ...evidence });
  return problemJson(problem, new URL(call.req.url).pathname);
}
