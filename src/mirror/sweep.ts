/**
 * Deletes what nobody can read any more: releases that left the index, objects that nothing names, abandoned uploads, and
 * marks of downloads. It waits 24 hours first, for downloads that still run.
 */

import { filesPrefix, releaseOfFile, unprovenOfPair } from '../releases/keys.ts';
import type { Pair } from '../releases/model.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import { update } from '../shared/document.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { abandonUpload } from './plan.ts';
import { type RemovalPorts, removeRelease } from './removal.ts';
import type { Release } from './store/bucket.ts';
import { readableOf, type Tell } from './unreadable.ts';

export type SweepPorts = RemovalPorts;

const KEPT_MS = 24 * 3_600_000;

/**
 * Sweeps all pairs and returns how many objects it deleted. It tells of records that cannot be read, and leaves alone what
 * belongs to them.
 */
export async function sweep(ports: SweepPorts, tell: Tell): Promise<Result<number, StoreFault>> {
  let deleted = 0;
  for (const pair of ports.catalogue.pairs) {
    for (const remove of [removeUnlisted, removeOrphans, removeOldMarks]) {
      const swept = await remove(ports, pair, tell);
      if (!swept.ok) return swept;
      deleted += swept.value;
    }
  }
  return ok(deleted);
}

/** Deletes the releases that left the index a day ago, except those that somebody holds. */
async function removeUnlisted(ports: SweepPorts, pair: Pair, tell: Tell): Promise<Result<number, StoreFault>> {
  const { platform, releases } = ports;
  const index = readableOf(await releases.indexDocument(pair).read(), tell);
  if (!index.ok) return index;
  const isDue = ({ leftAt }: { leftAt: string }) => platform.now() - Date.parse(leftAt) >= KEPT_MS;
  let deleted = 0;
  const gone = new Set<string>();
  for (const { version } of (index.value?.value ?? EMPTY_INDEX).left.filter(isDue)) {
    const removal = readableOf(await removeRelease(ports, { ...pair, version }), tell);
    if (!removal.ok) return removal;
    if (removal.value?.state !== 'removed') continue;
    deleted += removal.value.deleted;
    gone.add(version);
  }
  if (gone.size === 0) return ok(0);
  const noted = await update(platform, releases.indexDocument(pair), (current = EMPTY_INDEX) => ({
    ...current,
    left: current.left.filter((entry) => !gone.has(entry.version) || !isDue(entry)),
  }));
  return noted.ok ? ok(deleted) : noted;
}

/** Deletes the marks of downloads that nobody resumes any more: they count for a day (`releases/pass-through/unproven`). */
async function removeOldMarks({ platform, store }: SweepPorts, pair: Pair): Promise<Result<number, StoreFault>> {
  let deleted = 0;
  let cursor: string | undefined;
  do {
    const page = await store.list(unprovenOfPair(pair), cursor);
    if (!page.ok) return page;
    const old = page.value.objects.filter(({ uploadedAt }) => platform.now() - uploadedAt >= KEPT_MS);
    if (old.length > 0) {
      const removed = await store.delete(old.map(({ key }) => key));
      if (!removed.ok) return removed;
      deleted += old.length;
    }
    cursor = page.value.cursor;
  } while (cursor !== undefined);
  return ok(deleted);
}

/** Deletes objects that failed attempts left behind: they are a day old, and no manifest or file status names them. */
async function removeOrphans(ports: SweepPorts, pair: Pair, tell: Tell): Promise<Result<number, StoreFault>> {
  const { platform, store } = ports;
  const keysByVersion = new Map<string, ReadonlySet<string> | 'unknown'>();
  let deleted = 0;
  let cursor: string | undefined;
  do {
    const page = await store.list(filesPrefix(pair), cursor);
    if (!page.ok) return page;
    const orphans: string[] = [];
    for (const { key, uploadedAt } of page.value.objects) {
      if (platform.now() - uploadedAt < KEPT_MS) continue;
      const release = releaseOfFile(key);
      if (release === undefined) continue;
      const keep = keysByVersion.get(release.version) ?? (await keysInUse(ports, release, tell));
      keysByVersion.set(release.version, keep);
      if (keep !== 'unknown' && !keep.has(key)) orphans.push(key);
    }
    if (orphans.length > 0) {
      const removed = await store.delete(orphans);
      if (!removed.ok) return removed;
      deleted += orphans.length;
    }
    cursor = page.value.cursor;
  } while (cursor !== undefined);
  return ok(deleted);
}

/** The keys that a client or the next attempt may still read; `unknown` when a record cannot be read. */
async function keysInUse(
  { store, releases }: SweepPorts,
  release: Release,
  tell: Tell,
): Promise<ReadonlySet<string> | 'unknown'> {
  const [manifest, job] = [await releases.manifestDocument(release).read(), await store.job(release).read()];
  for (const read of [manifest, job]) if (!read.ok) tell(read.error);
  if (!manifest.ok || !job.ok) return 'unknown';
  const keys = new Set(Object.values(manifest.value?.value.files ?? {}).map(({ key }) => key));
  for (const name of job.value?.value.wanted ?? []) {
    const status = await store.fileStatus(release, name);
    if (!status.ok) tell(status.error);
    if (!status.ok) return 'unknown';
    if (job.value?.value.state !== 'running') await abandonUpload(store, release, name);
    for (const { key } of Object.values(status.value?.entries ?? {})) keys.add(key);
  }
  return keys;
}
