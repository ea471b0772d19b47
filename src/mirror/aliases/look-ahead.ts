/**
 * Looks ahead for the names of a pair: what a ring comes to before long is looked at once more, for machines and configs have
 * changed since it was published; and what is held is looked at again, for somebody may have mended it.
 */
import type { Alias, Pair, Version } from '../../releases/model.ts';
import { historyOf } from '../../releases/store/alias.ts';
import { durationMs } from '../../releases/store/ring.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Release } from '../store/bucket.ts';
import { groundsFor, holdRings, ringsOf } from './gate.ts';
import { type MovePorts, moveGated } from './gated-moves.ts';

/** The poll comes round every quarter of an hour. */
const SOON_MS = 35 * 60_000;

/** Decides again about every release of a pair that a name is held back from, or comes to soon. */
export async function lookAhead(
  ports: MovePorts,
  pair: Pair,
  streamOf: (release: Release) => Promise<Result<Alias | undefined, StoreFault>>,
): Promise<Result<undefined, StoreFault>> {
  const { releases, platform } = ports;
  const aliases = await releases.aliases(pair);
  if (!aliases.ok) return aliases;
  const held = aliases.value.found.flatMap(({ record }) => record.holds.map(({ version }) => version));
  for (const version of new Set(held)) {
    const alias = await streamOf({ ...pair, version });
    if (!alias.ok) return alias;
    const moved = await moveGated(ports, { ...pair, version, alias: alias.value });
    if (!moved.ok) return moved;
  }
  const rings = await ringsOf(ports, pair);
  if (!rings.ok) return rings;
  const soon = new Set<Version>();
  for (const { record } of rings.value) {
    for (const { version } of record.holds) soon.add(version);
    const followed = await releases.alias(pair, (record.ring?.follows ?? 'current') as Alias);
    if (!followed.ok && followed.error.reason !== 'stored-malformed') return followed;
    const afterMs = durationMs(record.ring?.after ?? '') ?? 0;
    for (const { version, at } of followed.ok ? historyOf(followed.value) : []) {
      const due = Date.parse(at) + afterMs - platform.now();
      if (due > 0 && due < SOON_MS) soon.add(version);
    }
  }
  for (const version of soon) {
    const grounds = await groundsFor(ports, { ...pair, version });
    if (!grounds.ok) return grounds;
    const written =
      grounds.value === undefined ? ok(undefined) : await holdRings(ports, { ...pair, version }, grounds.value);
    if (!written.ok) return written;
  }
  return ok(undefined);
}
