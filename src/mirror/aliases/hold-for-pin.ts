/** Decides whether an operator's pin may pass the gate without being told to. */
import { type Alias, isRing } from '../../releases/model.ts';
import { ringName } from '../../releases/serve/ring.ts';
import { isMade, nameOf } from '../../releases/store/alias.ts';
import type { Hold } from '../../releases/store/hold.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Release } from '../store/bucket.ts';
import { filesOf, type GatePorts, groundsFor, holdRings } from './gate.ts';
import { holdFor, lookOf } from './hold-for.ts';

/**
 * Returns why a name must not be made to name a release. A release that lacks files holds only names by which something boots: whoever
 * pins has decided for a name that is for downloads alone. Rings behind the name are held where they have to be, also where the
 * operator has decided for the name itself (`isForced`).
 */
export async function holdForPin(
  ports: GatePorts,
  release: Release,
  alias: Alias,
  isForced: boolean,
): Promise<Result<Hold | undefined, StoreFault>> {
  const { releases, platform } = ports;
  const record = await releases.alias(release, alias);
  if (!record.ok) return record;
  const ring = isRing(alias) ? await ringName({ store: releases, platform }, release, record.value) : undefined;
  if (ring !== undefined && !ring.ok) return ring;
  const named = ring === undefined ? nameOf(record.value) : ring.value?.version;
  if (named === release.version) return ok(undefined);
  const grounds = await groundsFor(ports, release);
  if (!grounds.ok || grounds.value === undefined) return grounds.ok ? ok(undefined) : grounds;
  const served = await filesOf(ports, release, named);
  if (!served.ok) return served;
  const { looked } = grounds.value;
  const mayHaveFollowers = !isRing(alias) || isMade(record.value);
  const hasFollowers =
    looked.state === 'looking' ? mayHaveFollowers : (lookOf(looked.names, alias)?.followers ?? 0) > 0;
  const hold = hasFollowers && !isForced ? holdFor(alias, record.value, served.value, grounds.value) : undefined;
  if (hold !== undefined || isRing(alias)) return ok(hold);
  const held = await holdRings(ports, release, grounds.value, [alias]);
  return held.ok ? ok(undefined) : held;
}
