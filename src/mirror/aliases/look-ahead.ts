/**
 * Looks ahead for the names of a pair: what a ring comes to before long is looked at once more, for machines and configs have
 * changed since it was published; and what is held is looked at again, for somebody may have mended it.
 */

import { type Alias, isRing, type Pair, type Version } from '../../releases/model.ts';
import { type AliasRecord, historyOf } from '../../releases/store/alias.ts';
import { durationMs } from '../../releases/store/ring.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Release } from '../store/bucket.ts';
import { type GatePorts, groundsFor, holdRings } from './gate.ts';

/** The poll comes round every quarter of an hour. */
const SOON_MS = 35 * 60_000;

/** Decides again about every release of a pair that a name is held back from, or comes to soon. `settle` moves the aliases. */
export async function lookAhead(
  ports: GatePorts,
  pair: Pair,
  settle: (release: Release) => Promise<Result<undefined, StoreFault>>,
): Promise<Result<undefined, StoreFault>> {
  const { releases, platform } = ports;
  const names = await releases.names(pair);
  if (!names.ok) return names;
  const records = new Map<Alias, AliasRecord>();
  for (const name of names.value) {
    const record = await releases.alias(pair, name);
    if (!record.ok && record.error.reason !== 'stored-malformed') return record;
    if (record.ok) records.set(name, record.value);
  }
  const held = [...records].filter(([name]) => !isRing(name)).flatMap(([, { holds }]) => holds);
  for (const version of new Set(held.map((hold) => hold.version))) {
    const moved = await settle({ ...pair, version });
    if (!moved.ok) return moved;
  }
  const soon = new Set<Version>();
  for (const { ring, holds } of records.values()) {
    if (ring === undefined) continue;
    for (const { version } of holds) soon.add(version);
    const followed = records.get(ring.follows as Alias);
    const afterMs = durationMs(ring.after) ?? 0;
    for (const { version, at } of followed === undefined ? [] : historyOf(followed)) {
      const due = Date.parse(at) + afterMs - platform.now();
      if (due > 0 && due < SOON_MS) soon.add(version);
    }
  }
  for (const version of soon) {
    const grounds = await groundsFor(ports, { ...pair, version });
    if (!grounds.ok) return grounds;
    const isLooked = grounds.value?.looked.state === 'looked';
    const written =
      grounds.value !== undefined && isLooked
        ? await holdRings(ports, { ...pair, version }, grounds.value, [])
        : ok(undefined);
    if (!written.ok) return written;
  }
  return ok(undefined);
}
