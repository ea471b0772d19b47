/** Finds the release that a ring names now. */
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type Alias, compareVersions, type Pair, type Version } from '../model.ts';
import { type AliasRecord, historyOf } from '../store/alias.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isPublished } from '../store/manifest.ts';
import { type Candidate, candidatesAt, durationMs, type Named } from '../store/ring.ts';

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
  const found = await ringCandidates({ store, platform }, pair, record);
  if (!found.ok) return found;
  const { candidates, backAt } = found.value;
  // Its definition, or a quarantine, may have moved it later than the other alias has.
  const moves = [record.since, ...backAt].filter((at) => at !== undefined);
  for (const { version, since } of candidates) {
    const manifest = await store.manifest({ ...pair, version });
    if (!manifest.ok) return manifest;
    if (manifest.value !== undefined && isPublished(manifest.value))
      return ok({
        version,
        movedAt: [...moves, manifest.value.publishedAt, new Date(since).toISOString()].toSorted().at(-1),
      });
    if (manifest.value?.quarantinedAt !== undefined) moves.push(manifest.value.quarantinedAt);
  }
  return ok(undefined);
}

/** Returns all releases that a ring names or would name if those before them went, the first one first. */
async function ringCandidates(
  { store, platform }: Ports,
  pair: Pair,
  { pin, ring, holds }: Pick<AliasRecord, 'pin' | 'ring' | 'holds'>,
): Promise<Result<{ candidates: Candidate[]; backAt: readonly (string | undefined)[] }, StoreFault>> {
  if (pin !== null) return ok({ candidates: [{ version: pin, since: 0 }], backAt: [] });
  const afterMs = ring === undefined ? undefined : durationMs(ring.after);
  if (ring === undefined || afterMs === undefined) return ok({ candidates: [], backAt: [] });
  const followed = await store.alias(pair, ring.follows as Alias);
  if (!followed.ok) return followed;
  // It does not come to what is held; what it would go back to goes on.
  const isHeld = ({ version }: Named) => holds.some((hold) => hold.version === version);
  const whole = historyOf(followed.value).toReversed();
  const history = whole.filter((name) => !isHeld(name));
  const stays = holds.flatMap(({ version, stays: stay, at }) =>
    stay !== undefined && whole.some((name) => name.version === version)
      ? [{ version: stay, since: Date.parse(at) }]
      : [],
  );
  const candidates = [...candidatesAt(history, afterMs, platform.now()), ...stays];
  return ok({
    candidates: candidates.toSorted((a, b) => compareVersions(b.version, a.version)),
    backAt: whole.map(({ backAt }) => backAt),
  });
}
