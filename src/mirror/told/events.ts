/** The events of releases, jobs and keys that the world is told of. No I/O. */
import type { Pair, Version } from '../../releases/model.ts';
import { isPublished, type Manifest } from '../../releases/store/manifest.ts';
import type { HappenedEvent } from '../../shared/announcement.ts';

type Release = Pair & { readonly version: Version };

/**
 * Returns the event that a release is published. It is another one when files have been added later; `added` names those that came
 * last. `undefined` for a release that is not published.
 */
export function releasePublished(manifest: Manifest): HappenedEvent | undefined {
  if (!isPublished(manifest)) return undefined;
  const { channel, board, version, publishedAt, files } = manifest;
  const entries = Object.entries(files);
  const at =
    entries
      .map(([, { addedAt }]) => addedAt ?? publishedAt)
      .toSorted()
      .at(-1) ?? publishedAt;
  const shown = entries.map(([name, { size, sha512, sha256 }]) => [
    name,
    { size, sha512, ...(sha256 === undefined ? {} : { sha256 }) },
  ]);
  const added = entries.filter(([, { addedAt }]) => (addedAt ?? publishedAt) === at).map(([name]) => name);
  return {
    type: 'release.published',
    what: `${channel}/${board}/${version} ${at}`,
    at,
    data: { channel, board, version, publishedAt, files: Object.fromEntries(shown), added },
  };
}

/** Returns the event that an attempt to mirror a release has failed. `at` is ISO 8601. */
export const releaseFailed = (
  { channel, board, version }: Release,
  attempt: number,
  { reason, detail }: { readonly reason: string; readonly detail: string },
  at: string,
): HappenedEvent => ({
  type: 'release.failed',
  what: `${channel}/${board}/${version} attempt ${attempt}`,
  at,
  data: { channel, board, version, attempt, reason, detail },
});

/** Returns the event that a release was taken back, by an operator or because its key is no longer trusted; `undefined` for one that stands. */
export function releaseWithdrawn({
  channel,
  board,
  version,
  quarantinedAt,
  quarantine,
  distrusted,
}: Manifest): HappenedEvent | undefined {
  const at = quarantinedAt ?? distrusted?.at;
  if (at === undefined) return undefined;
  const why =
    quarantinedAt === undefined
      ? { by: 'revoked key', reason: distrusted?.fingerprint }
      : { by: quarantine?.by, reason: quarantine?.reason };
  return {
    type: 'release.quarantined',
    what: `${channel}/${board}/${version} ${at}`,
    at,
    data: { channel, board, version, by: why.by ?? null, reason: why.reason ?? null },
  };
}

const DAY_MS = 24 * 3_600_000;
/** Days before the end at which operators are told again. */
const STAGES = [60, 30, 14, 7, 3, 1, 0];

/** An announcement is remembered for 30 days. What is told after that would be told anew every day. */
const TOLD_AFTER_MS = 7 * DAY_MS;

/**
 * Returns the event that a key ends soon, one for each stage of the way; `undefined` while there is time, and a week after the end. Times
 * are milliseconds.
 */
export function keyExpiring(
  { fingerprint, expires }: { readonly fingerprint: string; readonly expires?: number | undefined },
  now: number,
): HappenedEvent | undefined {
  if (expires === undefined || now > expires + TOLD_AFTER_MS) return undefined;
  const stage = STAGES.findLast((days) => now >= expires - days * DAY_MS);
  if (stage === undefined) return undefined;
  const end = new Date(expires).toISOString();
  return {
    type: 'key.expiring',
    what: `${fingerprint} ${end} ${stage}`,
    at: new Date(expires - stage * DAY_MS).toISOString(),
    data: { fingerprint, expires: end, daysLeft: Math.max(0, Math.floor((expires - now) / DAY_MS)) },
  };
}
