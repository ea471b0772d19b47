/**
 * A problem is what a client learns of an error: RFC 9457 for programs, one line of text for file and boot clients.
 * Each room turns its own errors into a `Problem` where it answers.
 */
import { CACHE } from './http/cache.ts';

const PROBLEMS = {
  'bad-request': { status: 400, title: 'Malformed request' },
  unauthorized: { status: 401, title: 'Not authorized' },
  forbidden: { status: 403, title: 'Not allowed for this token' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Lost against a concurrent change' },
  'identity-taken': { status: 409, title: 'Another machine has this identity' },
  contradiction: { status: 409, title: 'What it says of itself contradicts itself' },
  exists: { status: 409, title: 'This machine exists' },
  'in-use': { status: 409, title: 'Machines use this profile' },
  'in-fleets': { status: 409, title: 'Fleets name this profile' },
  'being-looked-at': { status: 409, title: 'The machines are being looked at' },
  'would-break': { status: 409, title: 'Machines would not boot any more' },
  quarantined: { status: 409, title: 'The release is quarantined' },
  'being-removed': { status: 409, title: 'The release is being taken away' },
  gone: { status: 410, title: 'Gone' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'too-large': { status: 413, title: 'Body too large' },
  'range-not-satisfiable': { status: 416, title: 'Range not satisfiable' },
  invalid: { status: 422, title: 'A field has a wrong value' },
  'unknown-name': { status: 422, title: 'A name that this call does not take' },
  'invalid-config': { status: 422, title: 'The config is not valid' },
  'precondition-required': { status: 428, title: 'Precondition required' },
  internal: { status: 500, title: 'Internal error' },
  'upstream-untrusted': { status: 502, title: 'Upstream answered what cannot be trusted' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  'upstream-timeout': { status: 504, title: 'Upstream too slow' },
} as const satisfies Record<string, { status: number; title: string }>;

type ProblemCode = keyof typeof PROBLEMS;

/** One field that is wrong: its path, such as `version` or `body.a`, and what is wrong with it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface Problem {
  readonly code: ProblemCode;
  /** One sentence for a person. It never contains a secret or a stack. */
  readonly detail: string;
  /** Every field that is wrong, where the problem is about fields. */
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The error behind the problem. Only the log gets it, never the client. */
  readonly cause?: unknown;
  /** More members of the JSON form, such as a validation report. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/**
 * iPXE takes a 5xx without `Retry-After` as final (net/tcp/httpcore.c), and asks again after it. So every 5xx carries one, also
 * that of a fault of our own.
 */
const RETRY_AFTER_SECONDS = '5';

function headersOf({ headers }: Problem, status: number): Readonly<Record<string, string>> {
  return status >= 500 ? { 'retry-after': RETRY_AFTER_SECONDS, ...headers } : { ...headers };
}

const problemStatus = (problem: Problem): number => PROBLEMS[problem.code].status;

/** Returns the problem as `application/problem+json` (RFC 9457) for API clients. */
export function problemJson(problem: Problem, instance: string): Response {
  const { status, title } = PROBLEMS[problem.code];
  const type = `urn:flatcar-edge:problem:${problem.code}`;
  const errors = problem.errors === undefined ? {} : { errors: problem.errors };
  const body = { type, title, status, detail: problem.detail, ...errors, instance, ...problem.members };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...headersOf(problem, status),
      'content-type': 'application/problem+json',
      'cache-control': CACHE.never,
    },
  });
}

/** Returns the problem as one line of text for curl, wget, iPXE and booting machines. HEAD gets no body. */
export function problemLine(problem: Problem, method = 'GET'): Response {
  const line = `${problem.detail.replace(/[\r\n]+/g, ' ')}\n`;
  const status = problemStatus(problem);
  return new Response(method === 'HEAD' ? null : line, {
    status,
    headers: {
      ...headersOf(problem, status),
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': CACHE.never,
    },
  });
}

/** Returns a 422 that names each of the fields; the first one gives the sentence. */
export function fieldProblem(
  errors: readonly [FieldError, ...FieldError[]],
  code: 'invalid' | 'unknown-name' = 'invalid',
): Problem {
  const [{ field, message }] = errors;
  return { code, detail: `${field}: ${message}`, errors };
}

/** Returns a 405 with the `Allow` header that RFC 9110 section 15.5.6 requires. */
export const methodNotAllowed = (allow: string): Problem => ({
  code: 'method-not-allowed',
  detail: `only ${allow}`,
  headers: { allow },
});
