/** MIRROR_ON_DEMAND: the download of a release that is not mirrored may start a job. Limits keep this harmless. */

import { type Catalogue, mirroredAliases } from '../releases/catalogue.ts';
import type { Alias } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { VersionFiles } from '../releases/upstream/version-files.ts';
import { isBelow } from '../releases/upstream/version-source.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import type { Jobs } from './jobs.ts';
import type { MirrorStore, Release } from './store/bucket.ts';
import { isActive, isDead } from './store/job.ts';
import { type MirrorNotes, NO_NOTES } from './store/notes.ts';

export interface DemandPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** MIRROR_ON_DEMAND. */
  readonly isOn: boolean;
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly versionFiles: VersionFiles;
  readonly jobs: Jobs;
}

const MOST_JOBS_A_DAY = 20;

/** `started`, or the reason why no job was started; for the log. */
export type DemandOutcome =
  | 'started'
  | 'off'
  | 'not-mirrored-here'
  | 'known'
  | 'below-floor'
  | 'unverified'
  | 'busy'
  | 'failed';

/**
 * Starts a job for a release that a client downloads, and returns what it did. At most one such job runs at a time, and
 * at most 20 start in a day (UTC). MIRROR must name the pair, the release must not be below the floor of `current`, and
 * its version.txt must verify. Such a job never moves an alias.
 */
export async function mirrorOnDemand(ports: DemandPorts, release: Release): Promise<DemandOutcome> {
  const { catalogue, store, releases } = ports;
  if (!ports.isOn) return 'off';
  if (mirroredAliases(catalogue, release).length === 0) return 'not-mirrored-here';
  const earlier = await store.job(release).read();
  if (!earlier.ok) return 'failed';
  if (earlier.value !== undefined) return 'known';
  const current = await releases.alias(release, 'current' as Alias);
  if (!current.ok) return 'failed';
  if (isBelow(release.version, current.value.floor)) return 'below-floor';
  const versionFile = await ports.versionFiles.get(release, release.version, null);
  if (!versionFile.ok || versionFile.value.staleReason !== undefined) return 'unverified';
  if (!(await reserve(ports, release))) return 'busy';
  const started = await ports.jobs.start(release, 'demand');
  return started.ok ? 'started' : 'failed';
}

/** Counts one more job of this day. False if the day has no more left, or if another job of this kind still runs. */
async function reserve({ platform, store }: DemandPorts, { channel, board, version }: Release): Promise<boolean> {
  const notes = await store.notes().read();
  if (!notes.ok) return false;
  const last = notes.value?.value.demand;
  if (last !== undefined) {
    const running = await store.job(last as unknown as Release).read();
    if (!running.ok) return false;
    const job = running.value?.value;
    if (job !== undefined && isActive(job) && !isDead(job, platform.now())) return false;
  }
  const day = new Date(platform.now()).toISOString().slice(0, 10);
  let isReserved = false;
  const changed = await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => {
    const isSameLast = JSON.stringify(current.demand) === JSON.stringify(last);
    const count = current.demand?.day === day ? current.demand.count : 0;
    isReserved = isSameLast && count < MOST_JOBS_A_DAY;
    return isReserved ? { ...current, demand: { day, count: count + 1, channel, board, version } } : undefined;
  });
  return changed.ok && isReserved;
}
