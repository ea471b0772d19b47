/**
 * What goes wrong, as clients see it: RFC 9457 for programs, one line of text for file and boot clients.
 * Rooms map their own errors to a `Problem` once, at the edge.
 */
import { CACHE } from './http/cache.ts';

const PROBLEMS = {
  'bad-request': { status: 400, title: 'Malformed request' },
  unauthorized: { status: 401, title: 'Not authorized' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Lost against a concurrent change' },
  gone: { status: 410, title: 'Gone' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'too-large': { status: 413, title: 'Body too large' },
  'range-not-satisfiable': { status: 416, title: 'Range not satisfiable' },
  invalid: { status: 422, title: 'Well-formed but invalid' },
  internal: { status: 500, title: 'Internal error' },
  'upstream-untrusted': { status: 502, title: 'Upstream answered what cannot be trusted' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  'upstream-timeout': { status: 504, title: 'Upstream too slow' },
} as const satisfies Record<string, { status: number; title: string }>;

type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  readonly code: ProblemCode;
  /** One sentence for the person who reads it; never a secret, never a stack. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What stands behind it: for the log alone, never in an answer. */
  readonly cause?: unknown;
  /** Further members of the JSON form, such as a validation report. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** The status a problem is answered with. */
const problemStatus = (problem: Problem): number => PROBLEMS[problem.code].status;

/** `application/problem+json` (RFC 9457) for API clients. */
export function problemJson(problem: Problem, instance: string): Response {
  const { status, title } = PROBLEMS[problem.code];
  const type = `urn:flatcar-edge:problem:${problem.code}`;
  const body = { type, title, status, detail: problem.detail, instance, ...problem.members };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...problem.headers, 'content-type': 'application/problem+json', 'cache-control': CACHE.never },
  });
}

/** One line of `text/plain` for curl, wget, iPXE and machines at boot; no body for HEAD. */
export function problemLine(problem: Problem, method = 'GET'): Response {
  const line = `${problem.detail.replace(/[\r\n]+/g, ' ')}\n`;
  return new Response(method === 'HEAD' ? null : line, {
    status: problemStatus(problem),
    headers: {
      ...problem.headers,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': CACHE.never,
    },
  });
}

/** 405 with the `Allow` header that RFC 9110 section 15.5.6 demands. */
export const methodNotAllowed = (allow: string): Problem => ({
  code: 'method-not-allowed',
  detail: `only ${allow}`,
  headers: { allow },
});
