/**
 * Deletes a release that left the index. R2 cannot delete under a condition, so a mark on the manifest comes first, and then
 * a second look at who holds the release. Whoever takes hold of one writes first and looks at the manifest then, so that one
 * of the two sees the other (ADR 13). The manifest itself is never deleted: it stays without files.
 */

import { mirroredPrefixes, passedPrefixes } from '../releases/keys.ts';
import { type Manifest, unpublished } from '../releases/store/manifest.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { type HolderPorts, heldByAlias, isWorkedOn } from './aliases/holders.ts';
import type { Publisher } from './publish.ts';
import type { MirrorStore, Release } from './store/bucket.ts';

export interface RemovalPorts extends HolderPorts {
  readonly platform: Platform;
  readonly publisher: Pick<Publisher, 'relist'>;
}

export type Removal =
  | { readonly state: 'removed'; readonly deleted: number }
  /** Somebody holds the release, or another sweep is at it. */
  | { readonly state: 'kept' };

const KEPT: Removal = { state: 'kept' };

/** A mark that is older is of a sweep that broke off: none takes that long. */
const SWEEPS_WITHIN_MS = 3_600_000;
/** What pass-through writes counts for so long (`releases/pass-through/unproven`). */
const DAY_MS = 24 * 3_600_000;

/**
 * Deletes the files, file statuses and verdicts of a release and empties its manifest, unless somebody holds it. A published
 * release that an alias holds comes back into the index.
 */
export async function removeRelease(ports: RemovalPorts, release: Release): Promise<Result<Removal, StoreFault>> {
  const { platform, store, releases, publisher } = ports;
  const manifest = releases.manifestDocument(release);
  const held = await holder(ports, release);
  if (!held.ok) return held;
  if (held.value !== undefined) {
    if (held.value === 'job' || held.value === 'unknown') return ok(KEPT);
    const mended = await finishedMark(ports, release);
    if (!mended.ok) return mended;
    const listed = await publisher.relist(release);
    return listed.ok ? ok(KEPT) : listed;
  }
  const goingAt = new Date(platform.now()).toISOString();
  let isOurs = false;
  let wasMarked = false;
  const marked = await update<Manifest>(platform, manifest, (current = unpublished(release, goingAt)) => {
    wasMarked = current.goingAt !== undefined;
    isOurs = current.goingAt === undefined || isOld(current.goingAt, platform.now());
    return isOurs ? { ...current, goingAt } : undefined;
  });
  if (!marked.ok) return marked;
  if (!isOurs) return ok(KEPT);
  // What is written from here on is of an attempt that has seen the mark, and stays.
  const keys = await keysOf(store, release, platform.now());
  if (!keys.ok) return keys;
  const after = await holder(ports, release);
  if (!after.ok) return after;
  if (after.value !== undefined) {
    // The sweep that broke off may have deleted something, so its mark stays until the release is copied anew.
    const kept = wasMarked ? ok(undefined) : await update(platform, manifest, withoutMark(goingAt));
    return kept.ok ? ok(KEPT) : kept;
  }
  const deleted = await store.delete(keys.value);
  if (!deleted.ok) return deleted;
  const emptied = await update<Manifest>(platform, manifest, (current) => {
    const unmarked = withoutMark(goingAt)(current);
    return unmarked && { ...unmarked, files: {} };
  });
  return emptied.ok ? ok({ state: 'removed', deleted: keys.value.length }) : emptied;
}

const isOld = (goingAt: string, now: number): boolean => now - Date.parse(goingAt) >= SWEEPS_WITHIN_MS;

/** Takes this very mark off a manifest; a publication may have replaced it since. */
const withoutMark = (mark: string) => (current: Manifest | undefined) => {
  if (current?.goingAt !== mark) return undefined;
  const { goingAt: _mark, ...rest } = current;
  return rest;
};

/** Who holds the release: an alias, the index, a job, or perhaps an alias that cannot be read. */
async function holder(
  ports: RemovalPorts,
  release: Release,
): Promise<Result<'alias' | 'index' | 'job' | 'unknown' | undefined, StoreFault>> {
  const byAlias = await heldByAlias(ports, release);
  if (!byAlias.ok) return byAlias;
  if (byAlias.value.versions.has(release.version)) return ok('alias');
  if (!byAlias.value.isWhole) return ok('unknown');
  const index = await ports.releases.indexDocument(release).read();
  if (!index.ok) return index;
  if (index.value?.value.releases.some(({ version }) => version === release.version)) return ok('index');
  const job = await isWorkedOn(ports.store, release, ports.platform.now());
  return job.ok ? ok(job.value ? 'job' : undefined) : job;
}

/**
 * The keys of everything of a release except its manifest and its job record. What pass-through has written within a day
 * stays: clients may still resume the downloads that it is about.
 */
async function keysOf(store: MirrorStore, release: Release, now: number): Promise<Result<string[], StoreFault>> {
  const keys: string[] = [];
  const passed = passedPrefixes(release);
  for (const prefix of [...mirroredPrefixes(release), ...passed]) {
    let cursor: string | undefined;
    do {
      const page = await store.list(prefix, cursor);
      if (!page.ok) return page;
      const due = page.value.objects.filter(({ uploadedAt }) => !passed.includes(prefix) || now - uploadedAt >= DAY_MS);
      keys.push(...due.map(({ key }) => key));
      cursor = page.value.cursor;
    } while (cursor !== undefined);
  }
  return ok(keys);
}

/** Takes the mark of a sweep that broke off from a release that is held, if every file is still there. */
async function finishedMark(
  { platform, store, releases }: RemovalPorts,
  release: Release,
): Promise<Result<undefined, StoreFault>> {
  const stored = await releases.manifestDocument(release).read();
  if (!stored.ok) return stored;
  const { goingAt, files = {} } = stored.value?.value ?? {};
  if (goingAt === undefined || !isOld(goingAt, platform.now())) return ok(undefined);
  for (const { key, etag } of Object.values(files)) {
    const object = await store.head(key);
    if (!object.ok) return object;
    if (object.value?.etag !== etag) return ok(undefined);
  }
  const unmarked = await update(platform, releases.manifestDocument(release), withoutMark(goingAt));
  return unmarked.ok ? ok(undefined) : unmarked;
}
