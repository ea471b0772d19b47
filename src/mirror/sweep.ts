/**
 * Deletes what nobody can read any more: releases that left the index, objects that nothing names, and abandoned
 * uploads. It waits 24 hours first, for downloads that still run.
 */

import { filesPrefix, releaseOfFile } from '../releases/keys.ts';
import type { Pair } from '../releases/model.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import { update } from '../shared/document.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { abandonUpload } from './plan.ts';
import { type RemovalPorts, removeRelease } from './removal.ts';
import type { Release } from './store/bucket.ts';

export type SweepPorts = RemovalPorts;

const KEPT_MS = 24 * 3_600_000;

/** Sweeps all pairs and returns how many objects it deleted. */
export async function sweep(ports: SweepPorts): Promise<Result<number, StoreFault>> {
  let deleted = 0;
  for (const pair of ports.catalogue.pairs) {
    for (const remove of [removeUnlisted, removeOrphans]) {
      const swept = await remove(ports, pair);
      if (!swept.ok) return swept;
      deleted += swept.value;
    }
  }
  return ok(deleted);
}

/** Deletes the releases that left the index a day ago, except those that somebody holds. */
async function removeUnlisted(ports: SweepPorts, pair: Pair): Promise<Result<number, StoreFault>> {
  const { platform, releases } = ports;
  const index = await releases.indexDocument(pair).read();
  if (!index.ok) return index;
  const isDue = ({ leftAt }: { leftAt: string }) => platform.now() - Date.parse(leftAt) >= KEPT_MS;
  let deleted = 0;
  const gone = new Set<string>();
  for (const { version } of (index.value?.value ?? EMPTY_INDEX).left.filter(isDue)) {
    const removal = await removeRelease(ports, { ...pair, version });
    if (!removal.ok) return removal;
    if (removal.value.state === 'kept') continue;
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

/** Deletes objects that failed attempts left behind: they are a day old, and no manifest or file status names them. */
async function removeOrphans(ports: SweepPorts, pair: Pair): Promise<Result<number, StoreFault>> {
  const { platform, store } = ports;
  const keysByVersion = new Map<string, ReadonlySet<string>>();
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
      const keep = keysByVersion.get(release.version) ?? (await keysInUse(ports, release));
      if (keep === undefined) continue;
      keysByVersion.set(release.version, keep);
      if (!keep.has(key)) orphans.push(key);
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

/** The keys that a client or the next attempt may still read; `undefined` when a record cannot be read. */
async function keysInUse({ store, releases }: SweepPorts, release: Release): Promise<ReadonlySet<string> | undefined> {
  const [manifest, job] = [await releases.manifestDocument(release).read(), await store.job(release).read()];
  if (!manifest.ok || !job.ok) return undefined;
  const keys = new Set(Object.values(manifest.value?.value.files ?? {}).map(({ key }) => key));
  for (const name of job.value?.value.wanted ?? []) {
    const status = await store.fileStatus(release, name);
    if (!status.ok) return undefined;
    if (job.value?.value.state !== 'running') await abandonUpload(store, release, name);
    for (const { key } of Object.values(status.value?.entries ?? {})) keys.add(key);
  }
  return keys;
}
