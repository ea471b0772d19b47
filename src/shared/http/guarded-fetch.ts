/**
 * Sends GET and HEAD to servers that are not ours. It follows redirects to allowed hosts only, limits the wait for
 * headers, and retries a failure that may pass. It does not read the body of an answer.
 */
import { type Platform, within } from '../platform.ts';
import { err, ok, type Result } from '../result.ts';
import { mayRedirect, type RedirectPolicy } from './redirect-policy.ts';

/** `unreachable` means no connection, or a 5xx or 429 in the last attempt. */
type FetchReason = 'unreachable' | 'timeout' | 'foreign-redirect' | 'redirect-loop';

export interface FetchFault<R extends FetchReason = FetchReason> {
  readonly reason: R;
  /** What happened. It does not name the host that was asked, because any client may read it. */
  readonly detail: string;
  /** The host that was asked; for the operator. */
  readonly host: string;
  /** The error of the network; for the log. */
  readonly cause?: unknown;
}

export interface GuardedRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly policy: RedirectPolicy;
}

export interface GuardedResponse {
  readonly response: Response;
  /** The URL that answered, after redirects. */
  readonly url: URL;
}

const ATTEMPTS = 3;
const HEADERS_WITHIN_MS = 6_000;
const FIRST_DELAY_MS = 150;
const MAX_REDIRECTS = 5;
/** No attempt starts after this time. wget and flatcar-install give up after 20 s without a first byte. */
const ALL_WITHIN_MS = 14_000;

/**
 * Returns the first answer that is neither a redirect nor a failure that may pass (5xx, 429). Any other 4xx is an
 * answer. GET and HEAD are safe methods, so a retry does no harm (RFC 9110 section 9.2.2).
 */
export async function guardedFetch(
  platform: Platform,
  request: GuardedRequest,
): Promise<Result<GuardedResponse, FetchFault>> {
  const started = platform.now();
  const { host } = new URL(request.url);
  let lastFault: FetchFault = { reason: 'unreachable', detail: 'not tried', host };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) {
      await platform.timer(FIRST_DELAY_MS * 3 ** (attempt - 1) * (0.5 + platform.random())).elapsed;
      if (platform.now() - started > ALL_WITHIN_MS) break;
    }
    const answer = await followRedirects(platform, request);
    if (!answer.ok) {
      if (answer.error.reason === 'foreign-redirect' || answer.error.reason === 'redirect-loop') return answer;
      lastFault = answer.error;
      continue;
    }
    const { status } = answer.value.response;
    if (status < 500 && status !== 429) return answer;
    await answer.value.response.body?.cancel();
    lastFault = { reason: 'unreachable', detail: `answered ${status}`, host: answer.value.url.host };
  }
  return err(lastFault);
}

async function followRedirects(
  platform: Platform,
  request: GuardedRequest,
): Promise<Result<GuardedResponse, FetchFault>> {
  let url = new URL(request.url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const answer = await fetchOnce(platform, url, request);
    if (!answer.ok) return answer;
    const response = answer.value;
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) {
      return ok({ response, url });
    }
    await response.body?.cancel();
    if (!URL.canParse(location, url.href)) {
      return err({ reason: 'foreign-redirect', detail: 'to something that is no URL', host: url.host });
    }
    const target = new URL(location, url);
    if (!mayRedirect(request.policy, url, target)) {
      return err({ reason: 'foreign-redirect', detail: `to ${target.protocol}//${target.host}`, host: url.host });
    }
    url = target;
  }
  return err({ reason: 'redirect-loop', detail: `more than ${MAX_REDIRECTS} redirects`, host: url.host });
}

async function fetchOnce(platform: Platform, url: URL, request: GuardedRequest): Promise<Result<Response, FetchFault>> {
  const abort = new AbortController();
  const sent = platform
    .fetch(
      new Request(url.href, {
        method: request.method,
        redirect: 'manual',
        headers: { 'user-agent': 'flatcar-edge', 'accept-encoding': 'identity', ...request.headers },
        signal: abort.signal,
      }),
    )
    .then(ok, (cause: unknown) =>
      err<FetchFault>({ reason: 'unreachable', detail: 'no connection', host: url.host, cause }),
    );

  const answer = await within(platform, HEADERS_WITHIN_MS, sent);
  if (answer !== undefined) return answer;
  abort.abort();
  return err({ reason: 'timeout', detail: `no headers in ${HEADERS_WITHIN_MS} ms`, host: url.host });
}
