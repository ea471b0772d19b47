/** What the routes of the mirror share: their ports, how they read a path, and how they answer a problem. */
import { serves } from '../../releases/catalogue.ts';
import { fitsChannel, isAlias, isVersion } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import type { AliasRecord } from '../../releases/store/alias.ts';
import { checkShape } from '../../shared/http/api.ts';
import { type Call, refuse as refuseCall } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StartFault } from '../jobs.ts';
import type { PollPorts } from '../poll.ts';
import type { Release } from '../store/bucket.ts';
import type { WebhookRules } from '../webhook.ts';
import { aliasParams, mirrorParams, releaseParams } from './call-shapes.ts';

/** The ports of the routes: those of the poll without its log, and the rules for webhooks. */
export interface MirrorRoom extends Omit<PollPorts, 'log' | 'retryRefused' | 'proveMirrored'>, WebhookRules {
  /** Drops this isolate's cached manifest of a release, after a route has changed it. */
  readonly forget: (release: Release) => void;
}

export const UNKNOWN: Problem = { code: 'not-found', detail: 'no such channel, board, version or alias' };

/**
 * Returns the release in a path with a version; the error is a 404, or a 422 when the version is of another channel.
 */
export function numbered(room: MirrorRoom, call: Call): Result<Release, Problem> {
  const params = checkShape(releaseParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value) || !isVersion(params.value.version)) return err(UNKNOWN);
  const { channel, board, version } = params.value;
  if (fitsChannel(channel, version)) return ok({ channel, board, version });
  return err({ code: 'invalid', detail: `version: ${version} is not of channel ${channel}` });
}

/** Returns the channel, the board and the alias in a path; the error is a 404. */
export function aliasOf(room: MirrorRoom, call: Call) {
  const params = checkShape(aliasParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value) || !isAlias(params.value.alias)) return err(UNKNOWN);
  const { channel, board, alias } = params.value;
  return ok({ channel, board, alias });
}

/**
 * Returns the release in a path with a version or an alias. An alias means the release that upstream names by it, since
 * that is the one to mirror. `alias` is `undefined` in the result when the path has a version.
 */
export async function resolved(room: MirrorRoom, call: Call) {
  const params = checkShape(mirrorParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value)) return err(UNKNOWN);
  const { channel, board, version: alias } = params.value;
  if (!isAlias(alias)) {
    const release = numbered(room, call);
    return release.ok ? ok({ ...release.value, alias: undefined }) : release;
  }
  const record = await room.releases.alias({ channel, board }, alias);
  if (!record.ok) return err(releaseProblem(record.error));
  const where = { channel, board, version: alias, file: 'version.txt' };
  const versionFile = await room.versions.read(where, record.value.floor);
  if (!versionFile.ok) return err(releaseProblem(versionFile.error));
  return ok({ channel, board, version: versionFile.value.version, alias });
}

/** Returns the public fields of an alias record. It names each field, so that other fields stay private. */
export const aliasFields = ({ version, floor, pin, since }: AliasRecord) => ({
  version,
  floor,
  pin,
  ...(since === undefined ? {} : { since }),
});

/** Returns the problem for a job that could not be started. */
export const startProblem = (fault: StartFault): Problem =>
  fault.reason === 'quarantined' ? { code: 'conflict', detail: 'this release is quarantined' } : releaseProblem(fault);

/** Answers with a problem and logs its detail, since no detail of this room contains a secret. */
export const refuse = (call: Call, problem: Problem): Response => refuseCall(call, problem, { detail: problem.detail });
