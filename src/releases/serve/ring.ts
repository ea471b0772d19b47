/** Finds the release that a ring names now. */
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Alias, Pair, Version } from '../model.ts';
import { type AliasRecord, historyOf } from '../store/alias.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isPublished } from '../store/manifest.ts';
import { type Candidate, candidatesAt, durationMs } from '../store/ring.ts';

export interface RingName {
  readonly version: Version;
  /** When it came to that (ISO 8601). */
  readonly movedAt: string | undefined;
}

type Ports = { readonly store: Pick<ReleaseStore, 'alias' | 'manifest'>; readonly platform: Pick<Platform, 'now'> };

/**
 * Returns what a ring names, or `undefined` when it names nothing: there is no such ring, nothing has been named for long enough, or
 * nothing of that is published any more. A pin holds whatever the other alias does.
 */
export async function ringName(
  { store, platform }: Ports,
  pair: Pair,
  record: AliasRecord,
): Promise<Result<RingName | undefined, StoreFault>> {
  const candidates = await ringCandidates({ store, platform }, pair, record);
  if (!candidates.ok) return candidates;
  // Its definition, or a quarantine, may have moved it later than the other alias has.
  const moves = record.since === undefined ? [] : [record.since];
  for (const { version, since } of candidates.value) {
    const manifest = await store.manifest({ ...pair, version });
    if (!manifest.ok) return manifest;
    if (manifest.value !== undefined && isPublished(manifest.value))
      return ok({ version, movedAt: [...moves, new Date(since).toISOString()].toSorted().at(-1) });
    if (manifest.value?.quarantinedAt !== undefined) moves.push(manifest.value.quarantinedAt);
  }
  return ok(undefined);
}

/** Returns all releases that a ring names or would name if those before them went, the first one first. */
async function ringCandidates(
  { store, platform }: Ports,
  pair: Pair,
  { pin, ring }: Pick<AliasRecord, 'pin' | 'ring'>,
): Promise<Result<Candidate[], StoreFault>> {
  if (pin !== null) return ok([{ version: pin, since: 0 }]);
  const afterMs = ring === undefined ? undefined : durationMs(ring.after);
  if (ring === undefined || afterMs === undefined) return ok([]);
  const followed = await store.alias(pair, ring.follows as Alias);
  if (!followed.ok) return followed;
  return ok(candidatesAt(historyOf(followed.value).toReversed(), afterMs, platform.now()));
}
