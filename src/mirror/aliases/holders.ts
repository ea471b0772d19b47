/** Finds who holds a release: what an alias names and what a job works on is neither retired nor deleted. */

import { type Catalogue, isMirrored } from '../../releases/catalogue.ts';
import type { Alias, Pair } from '../../releases/model.ts';
import { historyOf } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import { isActive } from '../store/job.ts';

export interface HolderPorts {
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
}

interface HeldVersions {
  readonly versions: ReadonlySet<string>;
  /** False when an alias cannot be read: it may hold any release. */
  readonly isWhole: boolean;
}

/** Returns what the aliases of a pair hold: their pins, and what they name if MIRROR names them. */
export async function heldByAlias(
  { releases, catalogue }: Pick<HolderPorts, 'releases' | 'catalogue'>,
  pair: Pair,
): Promise<Result<HeldVersions, StoreFault>> {
  const aliases = await releases.aliases(pair);
  if (!aliases.ok) return aliases;
  const held = new Set<string>();
  for (const { alias, record } of aliases.value.found) {
    if (record.pin !== null) held.add(record.pin);
    if (record.version !== null && isMirrored(catalogue, pair, alias)) held.add(record.version);
  }
  const rings = await heldByRings({ releases }, pair);
  if (!rings.ok) return rings;
  for (const version of rings.value.versions) held.add(version);
  return ok({ versions: held, isWhole: aliases.value.unreadable.length === 0 && rings.value.isWhole });
}

/** Returns what the rings of a pair hold: their pins, what they name, and what they will name after a while. */
async function heldByRings(
  { releases }: Pick<HolderPorts, 'releases'>,
  pair: Pair,
): Promise<Result<HeldVersions, StoreFault>> {
  const rings = await releases.ringRecords(pair);
  if (!rings.ok) return rings;
  const held = new Set<string>();
  let isWhole = rings.value.unreadable.length === 0;
  for (const { record } of rings.value.found) {
    if (record.pin !== null) held.add(record.pin);
    for (const { stays } of record.holds) if (stays !== undefined) held.add(stays);
    if (record.ring === undefined) continue;
    const followed = await releases.alias(pair, record.ring.follows as Alias);
    if (!followed.ok && followed.error.reason !== 'stored-malformed') return followed;
    isWhole &&= followed.ok;
    for (const { version } of followed.ok ? historyOf(followed.value) : []) held.add(version);
  }
  return ok({ versions: held, isWhole });
}

/**
 * Returns what the aliases and the active jobs of a pair hold, as a question about one version. A job that cannot be read
 * holds its release, and an alias that cannot be read holds every release.
 */
export async function heldByAny(
  ports: HolderPorts,
  pair: Pair,
): Promise<Result<(version: string) => boolean, StoreFault>> {
  const aliases = await heldByAlias(ports, pair);
  if (!aliases.ok) return aliases;
  const jobs = await ports.store.jobs(pair);
  if (!jobs.ok) return jobs;
  const active = jobs.value.found.filter(isActive).map(({ version }) => version);
  const { versions, isWhole } = aliases.value;
  const held = new Set<string>([...versions, ...active, ...jobs.value.unreadable.map(({ version }) => version)]);
  return ok((version) => !isWhole || held.has(version));
}

const QUIET_MS = 3_600_000;

/**
 * True when the job of a release runs, or ran in the last hour: it may be about to publish the release. So it is for a job
 * that cannot be read. `now` is in milliseconds since the epoch.
 */
export async function isWorkedOn(
  store: MirrorStore,
  release: Release,
  now: number,
): Promise<Result<boolean, StoreFault>> {
  const job = await store.job(release).read();
  if (!job.ok) return job.error.reason === 'stored-malformed' ? ok(true) : job;
  if (job.value === undefined) return ok(false);
  const { value } = job.value;
  return ok(isActive(value) || now - Date.parse(value.heartbeatAt) < QUIET_MS);
}
