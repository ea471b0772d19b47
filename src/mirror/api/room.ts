/** What the mirror's routes need, and what they have in common: how a path names a release or an alias, and how they refuse. */
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

/** What the routes need: all that the poll has, without a request's own things, and the serving side's memory. */
export interface MirrorRoom extends Omit<PollPorts, 'log'>, WebhookRules {
  /** This isolate's memory of a manifest, after a change made here. */
  readonly forget: (release: Release) => void;
}

export const UNKNOWN: Problem = { code: 'not-found', detail: 'no such channel, board, version or alias' };

/** The release that a path with a number names. */
export function numbered(room: MirrorRoom, call: Call): Result<Release, Problem> {
  const named = checkShape(releaseParams, call.req.param());
  if (!named.ok || !serves(room.catalogue, named.value) || !isVersion(named.value.version)) return err(UNKNOWN);
  const { channel, board, version } = named.value;
  if (fitsChannel(channel, version)) return ok({ channel, board, version });
  return err({ code: 'invalid', detail: `version: ${version} is not of channel ${channel}` });
}

/** The alias that a path names. */
export function aliasOf(room: MirrorRoom, call: Call) {
  const named = checkShape(aliasParams, call.req.param());
  if (!named.ok || !serves(room.catalogue, named.value) || !isAlias(named.value.alias)) return err(UNKNOWN);
  const { channel, board, alias } = named.value;
  return ok({ channel, board, alias });
}

/** A number as it stands; an alias by upstream's verified word, which is what one mirrors. */
export async function resolved(room: MirrorRoom, call: Call) {
  const asked = checkShape(mirrorParams, call.req.param());
  if (!asked.ok || !serves(room.catalogue, asked.value)) return err(UNKNOWN);
  const { channel, board, version: alias } = asked.value;
  if (!isAlias(alias)) {
    const release = numbered(room, call);
    return release.ok ? ok({ ...release.value, alias: undefined }) : release;
  }
  const record = await room.releases.alias({ channel, board }, alias);
  if (!record.ok) return err(releaseProblem(record.error));
  const where = { channel, board, version: alias, file: 'version.txt' };
  const text = await room.versions.read(where, record.value.floor);
  return text.ok ? ok({ channel, board, version: text.value.version, alias }) : err(releaseProblem(text.error));
}

/** What the API shows of an alias: an allow-list, so that a later field of the record is not shown by accident. */
export const aliasFields = ({ version, floor, pin, since }: AliasRecord) => ({
  version,
  floor,
  pin,
  ...(since === undefined ? {} : { since }),
});

/** The problem that a start is refused with. */
export const startProblem = (fault: StartFault): Problem =>
  fault.reason === 'quarantined' ? { code: 'conflict', detail: 'this release is quarantined' } : releaseProblem(fault);

/** A refusal whose detail is logged as well: nothing in this room's details is secret. */
export const refuse = (call: Call, problem: Problem): Response => refuseCall(call, problem, { detail: problem.detail });
