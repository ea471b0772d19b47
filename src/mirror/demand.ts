/** MIRROR_ON_DEMAND: a stranger's download may start a job, within bounds that make it harmless. */

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

/** Why nothing was started, or `started`; for the log. */
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
 * At most one such job at a time and 20 a day (UTC), for a pair in MIRROR, at or above the floor of its `current`, with a
 * version.txt that verifies. It never moves an alias.
 */
export async function mirrorOnDemand(ports: DemandPorts, release: Release): Promise<DemandOutcome> {
  const { catalogue, store, releases } = ports;
  if (!ports.isOn) return 'off';
  if (mirroredAliases(catalogue, release).length === 0) return 'not-mirrored-here';
  const known = await store.job(release).read();
  if (!known.ok) return 'failed';
  if (known.value !== undefined) return 'known';
  const current = await releases.alias(release, 'current' as Alias);
  if (!current.ok) return 'failed';
  if (isBelow(release.version, current.value.floor)) return 'below-floor';
  const text = await ports.versionFiles.get(release, release.version, null);
  if (!text.ok || text.value.staleReason !== undefined) return 'unverified';
  if (!(await reserve(ports, release))) return 'busy';
  const started = await ports.jobs.start(release, 'demand');
  return started.ok ? 'started' : 'failed';
}

/** Takes one of the day's places, if no job of this kind is under way. */
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
