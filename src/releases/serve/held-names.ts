/**
 * Holds for a second which release an alias names: a download below it says `max-age=60`, so its readers take what is a minute old
 * (docs/adr/0032). What follows upstream is not held here, for its version.txt has a memory of its own; nor is a ring, which moves by
 * the clock and at its second.
 */
import { ok, type Result } from '../../shared/result.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import type { Catalogue } from '../catalogue.ts';
import { type Alias, isRing, type Pair } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { VersionFiles } from '../upstream/version-files.ts';
import type { VersionFault } from '../upstream/version-source.ts';
import { type CurrentRelease, currentRelease } from './current.ts';

const HELD_MS = 1_000;
const MOST_HELD = 200;

export class HeldNames {
  readonly #held: TtlCache<CurrentRelease>;

  constructor(
    now: () => number,
    private readonly store: ReleaseStore,
    private readonly versionFiles: VersionFiles,
    private readonly catalogue: Catalogue,
  ) {
    this.#held = new TtlCache(now, HELD_MS, MOST_HELD);
  }

  /** Returns the release that `alias` names, or has named within the last second. What this isolate has changed counts at once. */
  async get(pair: Pair, alias: Alias): Promise<Result<CurrentRelease, VersionFault>> {
    const key = `${this.store.aliasWrites()} ${pair.channel}/${pair.board}/${alias}`;
    const held = this.#held.get(key);
    if (held !== undefined) return ok(held);
    const current = await currentRelease(this.store, this.versionFiles, this.catalogue, pair, alias);
    if (current.ok && current.value.versionFile === undefined && !isRing(alias)) this.#held.set(key, current.value);
    return current;
  }
}
