/** What the routes of the mirror share: their ports, how they read a path, and how they answer a problem. */
import { type Catalogue, serves } from '../../releases/catalogue.ts';
import { type Alias, fitsChannel, isAlias, isAliasName, isVersion } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import type { VersionFiles } from '../../releases/upstream/version-files.ts';
import { checkShape } from '../../shared/http/api.ts';
import { type Call, refuse as refuseCall } from '../../shared/http/call.ts';
import type { Cursors } from '../../shared/http/cursor.ts';
import { fieldProblem, type Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StartFault } from '../jobs.ts';
import type { PollPorts } from '../poll.ts';
import type { Release } from '../store/bucket.ts';
import type { WebhookRules } from '../webhook.ts';
import { aliasParams, mirrorParams, releaseParams } from './call-shapes.ts';
import type { ViewPorts } from './job-view.ts';

/** The ports of the routes: those of the poll without its log, and the rules for webhooks. */
export interface MirrorRoom
  extends Omit<PollPorts, 'log' | 'retryRefused' | 'proveMirrored' | 'forgetOld' | 'errands'>,
    WebhookRules {
  /** Drops this isolate's cached manifest of a release, after a route has changed it. */
  readonly forget: (release: Release) => void;
  readonly versionFiles: VersionFiles;
  readonly oemsOf: ViewPorts['oemsOf'];
  readonly cursors: Cursors;
  /** True where nothing that is written stays. */
  readonly isDry: boolean;
}

export const NO_CURSOR: Problem = fieldProblem([
  { field: 'cursor', message: 'is not one that this call gave: take the cursor of the page before' },
]);
export const NOT_MIRRORED: Problem = { code: 'not-found', detail: 'nothing is known of this release here' };

/** Returns the 404 that names the part of a path which this service does not have. */
function unknownPlace({ channels, boards }: Catalogue, params: Readonly<Record<string, string>>): Problem {
  const { channel = '', board = '', version = params['alias'] ?? '' } = params;
  const given = (text: string) => text.slice(0, 100);
  const field = (name: string, message: string): Problem => ({
    code: 'not-found',
    detail: `${name}: ${message}`,
    errors: [{ field: name, message }],
  });
  if (!channels.includes(channel)) return field('channel', `${given(channel)} is not one of ${channels.join(', ')}`);
  if (!boards.includes(board)) return field('board', `${given(board)} is not one of ${boards.join(', ')}`);
  if (params['alias'] !== undefined)
    return field(
      'alias',
      `${given(version)} is not current, current-YYYY or the name of a ring (a letter, then lower-case letters, digits and -, at most 32, not beginning with current)`,
    );
  return field('version', `${given(version)} is not MAJOR.CHANNEL.PATCH${isAlias(version) ? '' : ' or an alias'}`);
}

/**
 * Returns the release in a path with a version; the error is a 404, or a 422 when the version is of another channel.
 */
export function numbered(room: MirrorRoom, call: Call): Result<Release, Problem> {
  const params = checkShape(releaseParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value) || !isVersion(params.value.version))
    return err(unknownPlace(room.catalogue, call.req.param()));
  const { channel, board, version } = params.value;
  if (fitsChannel(channel, version)) return ok({ channel, board, version });
  return err(fieldProblem([{ field: 'version', message: `${version} is not of channel ${channel}` }]));
}

/** Returns the channel, the board and the alias in a path; the error is a 404. */
export function aliasOf(room: MirrorRoom, call: Call) {
  const params = checkShape(aliasParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value) || !isAliasName(params.value.alias))
    return err(unknownPlace(room.catalogue, call.req.param()));
  const { channel, board, alias } = params.value;
  return ok({ channel, board, alias: alias as Alias });
}

/**
 * Returns the release in a path with a version or an alias. An alias means the release that upstream names by it, since
 * that is the one to mirror. `alias` is `undefined` in the result when the path has a version.
 */
export async function resolved(room: MirrorRoom, call: Call) {
  const params = checkShape(mirrorParams, call.req.param());
  if (!params.ok || !serves(room.catalogue, params.value)) return err(unknownPlace(room.catalogue, call.req.param()));
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

/** Returns the problem for a job that could not be started. */
export const startProblem = (fault: StartFault): Problem =>
  fault.reason === 'quarantined'
    ? { code: 'quarantined', detail: 'this release is quarantined; lift it first, or name its version' }
    : releaseProblem(fault);

/** Answers with a problem and logs its detail, since no detail of this room contains a secret. */
export const refuse = (call: Call, problem: Problem): Response => refuseCall(call, problem, { detail: problem.detail });
