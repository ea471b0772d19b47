/**
 * Tells of aliases that have moved: by a publication, a pin, a quarantine, or a ring by itself. What was told last is stored, so a
 * move that nobody has told of, because a call broke off after it, is told by the next round of the poll.
 */

import { type Catalogue, isMirrored } from '../../releases/catalogue.ts';
import type { Alias, Pair, Version } from '../../releases/model.ts';
import { ringName } from '../../releases/serve/ring.ts';
import { type AliasRecord, aliasMeaning, historyOf } from '../../releases/store/alias.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { Announce } from '../../shared/announcement.ts';
import { update } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore } from '../store/bucket.ts';
import type { ToldNames } from '../store/told.ts';

export interface TellPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  readonly releases: ReleaseStore;
  readonly store: Pick<MirrorStore, 'toldNames'>;
  /** Absent where nobody is told of anything. */
  readonly announce: Announce | undefined;
}

interface Name {
  readonly version: Version;
  readonly at: string;
}

/** Tells of every alias and ring of a pair that names another release than was told last. It may be called at any time. */
export async function tellMoves(ports: TellPorts, pair: Pair): Promise<Result<undefined, StoreFault>> {
  const { platform, store, announce } = ports;
  if (announce === undefined) return ok(undefined);
  const names = await namesNow(ports, pair);
  if (!names.ok) return names;
  const document = store.toldNames(pair);
  const stored = await document.read();
  if (!stored.ok) return stored;
  const told: ToldNames = stored.value?.value ?? {};
  const moved = [...names.value].filter(([alias, { version }]) => told[alias]?.version !== version);
  if (moved.length === 0) return ok(undefined);
  for (const [alias, { version, at }] of moved) {
    const before = told[alias]?.version ?? null;
    const { channel, board } = pair;
    const announced = await announce({
      type: 'alias.moved',
      what: `${channel}/${board}/${alias} ${version} ${at}`,
      at,
      data: { channel, board, alias, version, before },
    });
    if (!announced.ok) return announced;
  }
  const written = await update(platform, document, (current = {}) => ({ ...current, ...Object.fromEntries(moved) }));
  return written.ok ? ok(undefined) : written;
}

/** Returns what the aliases and rings of a pair name, as far as their records tell. Upstream is not asked. */
async function namesNow(ports: TellPorts, pair: Pair): Promise<Result<ReadonlyMap<Alias, Name>, StoreFault>> {
  const { releases, catalogue, platform } = ports;
  const names = new Map<Alias, Name>();
  const aliases = await releases.aliases(pair);
  if (!aliases.ok) return aliases;
  for (const { alias, record } of aliases.value.found) {
    const meaning = aliasMeaning(record, isMirrored(catalogue, pair, alias));
    const version = meaning.kind === 'release' ? meaning.version : meaning.floor;
    if (version !== null) names.set(alias, { version, at: namedAt(record, version) });
  }
  // What cannot be read names nothing that could be told.
  const rings = await releases.ringRecords(pair);
  if (!rings.ok) return rings;
  for (const { alias: ring, record } of rings.value.found) {
    const name = await ringName({ store: releases, platform }, pair, record);
    if (!name.ok) return name;
    const { version, movedAt } = name.value ?? {};
    if (version !== undefined) names.set(ring, { version, at: movedAt ?? namedAt(record, version) });
  }
  return ok(names);
}

const EPOCH = new Date(0).toISOString();

/** Returns since when a record names a version: the same each time, or else a move would be told twice. */
const namedAt = (record: AliasRecord, version: Version): string => {
  const named = historyOf(record).find((one) => one.version === version);
  return named?.backAt ?? named?.at ?? record.movedAt ?? record.since ?? EPOCH;
};
