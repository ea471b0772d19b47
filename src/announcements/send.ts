/** Sends one announcement to one receiver, signed as Standard Webhooks says. */
import { Webhook } from 'standardwebhooks';
import { type Platform, within } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Announcement } from './announcement.ts';

export interface SendPorts {
  readonly platform: Platform;
  /** WEBHOOK_SECRET: the message is signed with each, so that a receiver may change from one to the next. */
  readonly secrets: readonly string[];
}

export interface SendFault {
  readonly reason: 'not-taken';
  /** The status of the answer; absent where none came. */
  readonly status?: number;
  /** What happened, in words. */
  readonly detail: string;
  /** True for 410: the receiver wants no more of it. */
  readonly isFinal: boolean;
  /** Milliseconds after which the receiver wants to be asked again. */
  readonly retryAfterMs?: number;
}

const ANSWER_WITHIN_MS = 15_000;
const MOST_RETRY_AFTER_MS = 3_600_000;

/** Returns the status of an answer that takes the message (2xx). Every other one is an error, and so is a redirect. */
export async function sendAnnouncement(
  { platform, secrets }: SendPorts,
  url: string,
  { id, body }: Announcement,
): Promise<Result<number, SendFault>> {
  const at = new Date(platform.now());
  const signature = secrets.map((secret) => webhookOf(secret).sign(id, at, body)).join(' ');
  const abort = new AbortController();
  const request = new Request(url, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'flatcar-edge',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signature,
    },
    body,
    signal: abort.signal,
  });
  const sent = platform.fetch(request).then(ok, (cause: unknown) => err(cause));
  const answer = await within(platform, ANSWER_WITHIN_MS, sent);
  if (answer === undefined) {
    abort.abort();
    return err(notTaken(`no answer within ${ANSWER_WITHIN_MS / 1000} s`));
  }
  if (!answer.ok) return err(notTaken('no connection'));
  const response = answer.value;
  await response.body?.cancel().catch(() => undefined);
  const { status } = response;
  if (status >= 200 && status < 300) return ok(status);
  const retryAfter = Number(response.headers.get('retry-after') ?? '');
  const retry = retryAfter > 0 ? { retryAfterMs: Math.min(retryAfter * 1000, MOST_RETRY_AFTER_MS) } : {};
  const detail =
    status >= 300 && status < 400 ? `it redirects (${status}), which is not followed` : `answered ${status}`;
  return err({ reason: 'not-taken', status, detail, isFinal: status === 410, ...retry });
}

const notTaken = (detail: string): SendFault => ({ reason: 'not-taken', detail, isFinal: false });

/** After the prefix `whsec_` a secret is base64 (Standard Webhooks). Without that prefix its text is the key. */
const webhookOf = (secret: string): Webhook =>
  secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
