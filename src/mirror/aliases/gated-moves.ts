/** Moves the aliases of a pair onto a release that was published, as far as the gate lets them. */
import { type Catalogue, mirroredAliases } from '../../releases/catalogue.ts';
import type { Alias } from '../../releases/model.ts';
import { nameOf } from '../../releases/store/alias.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Job } from '../store/job.ts';
import { moveAlias, movedRecord } from './alias-moves.ts';
import { filesOf, type GatePorts, groundsFor, holdRings, writeHold } from './gate.ts';
import { holdFor } from './hold-for.ts';

export interface MovePorts extends GatePorts {
  readonly catalogue: Catalogue;
}

type Published = Pick<Job, 'channel' | 'board' | 'version' | 'alias'>;

/**
 * Moves every mirrored alias of the pair to this release, unless it names a higher one, is of another stream, or is held. What
 * holds it is written into its record. An alias that names nothing yet has nothing that it could stay at, so it moves.
 */
export async function moveGated(ports: MovePorts, release: Published): Promise<Result<undefined, StoreFault>> {
  const { platform, releases, catalogue } = ports;
  const moving: { alias: Alias; namesNothing: boolean }[] = [];
  const now = new Date(platform.now()).toISOString();
  for (const alias of mirroredAliases(catalogue, release)) {
    const record = await releases.alias(release, alias);
    if (!record.ok && record.error.reason !== 'stored-malformed') return record;
    // A malformed record is told of by the write.
    const moves = !record.ok || movedRecord(record.value, alias, release, now) !== record.value;
    if (moves) moving.push({ alias, namesNothing: record.ok && record.value.version === null });
  }
  if (moving.length === 0) return ok(undefined);
  const grounds = await groundsFor(ports, release);
  if (!grounds.ok) return grounds;
  if (grounds.value === undefined) return ok(undefined);
  // While the machines are looked at, no alias moves, and so no ring comes to the release.
  const isLooked = grounds.value.looked.state === 'looked';
  const names = moving.map(({ alias }) => alias);
  const held = isLooked ? await holdRings(ports, release, grounds.value, names) : ok(undefined);
  if (!held.ok) return held;
  let fault: StoreFault | undefined;
  for (const { alias, namesNothing } of moving) {
    const record = await releases.alias(release, alias);
    const served = await filesOf(ports, release, record.ok ? nameOf(record.value) : null);
    if (!served.ok) return served;
    const hold = record.ok && !namesNothing ? holdFor(alias, record.value, served.value, grounds.value) : undefined;
    const moved =
      hold === undefined
        ? await moveAlias(platform, releases, release, alias, release)
        : await writeHold(ports, release, alias, release.version, hold);
    if (!moved.ok) fault ??= moved.error;
  }
  return fault === undefined ? ok(undefined) : err(fault);
}
