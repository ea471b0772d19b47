/** Reads the signed webhooks that announce a release. It verifies the signature before it parses the body. */
import { verify } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import * as z from 'zod';
import { type Catalogue, mirroredPairs } from '../releases/catalogue.ts';
import { fitsChannel, isVersion, type Pair, type Version } from '../releases/model.ts';
import { checkShape, shapeProblem } from '../shared/http/api.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** What a webhook announces; `why` says in words why nothing is done. */
export type Announcement =
  | { readonly kind: 'ping' }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'release'; readonly version: Version; readonly pairs: readonly Pair[] };

/** The configuration that announcements are checked against. */
export interface WebhookRules {
  readonly catalogue: Catalogue;
  /** WEBHOOK_SECRET: a webhook may be signed with any of these. */
  readonly webhookSecrets: readonly string[];
}

/** The tag of a published release in flatcar/scripts. Nightlies and developer builds have other tags. */
const TAG = /^(alpha|beta|stable|lts)-(\d+\.\d+\.\d+)$/;

const UNSIGNED: Problem = { code: 'unauthorized', detail: 'the webhook is not signed by a known secret' };

const githubRelease = z.object({ action: z.string(), release: z.object({ tag_name: z.string(), draft: z.boolean() }) });
/** The body of `POST /webhooks/release`. */
export const announcement = z
  .strictObject({ channel: z.string(), version: z.string(), board: z.string().optional() })
  .meta({ id: 'Announcement', example: { channel: 'stable', version: '4593.2.5' } });

/**
 * Reads the body of `POST /webhooks/github`. `X-Hub-Signature-256` must be the HMAC of the body with any of the
 * secrets; otherwise the error is a 401.
 */
export async function readGithub(
  body: string,
  headers: Headers,
  rules: WebhookRules,
): Promise<Result<Announcement, Problem>> {
  const signature = headers.get('x-hub-signature-256') ?? '';
  const secrets = rules.webhookSecrets;
  const isSigned = await anyOf(secrets, async (secret) => signature !== '' && (await verify(secret, body, signature)));
  if (!isSigned) return err(UNSIGNED);
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed;
  const event = headers.get('x-github-event');
  if (event === 'ping') return ok({ kind: 'ping' });
  if (event !== 'release') return ok({ kind: 'ignored', why: 'another event' });
  const release = githubRelease.safeParse(parsed.value);
  if (!release.success || release.data.action !== 'published') return ok({ kind: 'ignored', why: 'not a publication' });
  if (release.data.release.draft) return ok({ kind: 'ignored', why: 'a draft' });
  const [, channel = '', version = ''] = TAG.exec(release.data.release.tag_name) ?? [];
  if (!isVersion(version)) return ok({ kind: 'ignored', why: 'another tag' });
  if (!fitsChannel(channel, version)) return ok({ kind: 'ignored', why: 'a version of another channel' });
  return ok(announced(channel, version, mirroredPairs(rules.catalogue, channel)));
}

/** What another edge tells of itself when it has published a release; so a mirror of a mirror follows at once. */
export const toldByAnother = z
  .object({
    type: z.literal('release.published').meta({ description: 'messages of other types are ignored' }),
    data: z.object({ channel: z.string(), version: z.string(), board: z.string().optional() }),
  })
  .meta({
    id: 'ToldByAnother',
    example: { type: 'release.published', data: { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' } },
  });

/**
 * Reads the body of `POST /webhooks/release`, which is `{channel, version, board?}` or the announcement `release.published` of
 * another edge, signed as Standard Webhooks says. Other announcements are ignored. A signature with none of the secrets is a 401, a malformed body a 400, and a release that is not served here a 422.
 */
export async function readRelease(
  body: string,
  headers: Headers,
  rules: WebhookRules,
): Promise<Result<Announcement, Problem>> {
  const signed = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, headers.get(name) ?? '']),
  );
  const isSigned = await anyOf(rules.webhookSecrets, (secret) => {
    // After the prefix `whsec_` a secret is base64 (Standard Webhooks). Without that prefix its text is the key.
    const hook = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
    hook.verify(body, signed, { jsonParse: false });
    return Promise.resolve(true);
  });
  if (!isSigned) return err(UNSIGNED);
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed;
  const type = typeOf(parsed.value);
  if (type !== undefined && type !== 'release.published') return ok({ kind: 'ignored', why: 'another event' });
  const order = type === undefined ? checkShape(announcement, parsed.value) : checkShape(toldByAnother, parsed.value);
  if (!order.ok) return err(shapeProblem(order.error));
  const { channel, version, board } = 'data' in order.value ? order.value.data : order.value;
  if (!isVersion(version)) return err(fieldProblem([{ field: 'version', message: 'must be MAJOR.CHANNEL.PATCH' }]));
  const misfit = misfitOf(rules.catalogue, { channel, version, board });
  // Another edge tells of all that it serves, and would send what is refused again and again.
  if (misfit !== undefined && type !== undefined) return ok({ kind: 'ignored', why: misfit.message });
  if (misfit !== undefined) return err(fieldProblem([misfit]));
  const pairs = mirroredPairs(rules.catalogue, channel).filter((pair) => board === undefined || pair.board === board);
  return ok(announced(channel, version, pairs));
}

/** Says which field names what is not served here, if one does. */
function misfitOf(
  catalogue: Catalogue,
  {
    channel,
    version,
    board,
  }: { readonly channel: string; readonly version: Version; readonly board: string | undefined },
): { readonly field: string; readonly message: string } | undefined {
  if (!catalogue.channels.includes(channel)) return { field: 'channel', message: `${channel} is not served here` };
  if (!fitsChannel(channel, version)) return { field: 'version', message: `${version} is not of channel ${channel}` };
  if (board !== undefined && !catalogue.boards.includes(board))
    return { field: 'board', message: `${board} is not served here` };
  return undefined;
}

/** The type of an announcement of another edge, which has `data`; `undefined` for any other body. */
const typeOf = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'data' in body && 'type' in body && typeof body.type === 'string'
    ? body.type
    : undefined;

function announced(channel: string, version: Version, pairs: readonly Pair[]): Announcement {
  return pairs.length === 0
    ? { kind: 'ignored', why: `nothing of ${channel} is mirrored` }
    : { kind: 'release', version, pairs };
}

async function anyOf(secrets: readonly string[], check: (secret: string) => Promise<boolean>): Promise<boolean> {
  for (const secret of secrets) {
    try {
      if (await check(secret)) return true;
    } catch {
      // The libraries throw for a bad or malformed signature, even a TypeError for one of an odd length.
    }
  }
  return false;
}

function parseJson(body: string): Result<unknown, Problem> {
  try {
    return ok(JSON.parse(body));
  } catch {
    return err({ code: 'bad-request', detail: 'the body is not JSON' });
  }
}
