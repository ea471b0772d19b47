/** Publishes releases, which alone makes their files readable, and removes releases from the lists. */

import { type Alias, isRing, type Pair, type Version } from '../releases/model.ts';
import type { Hold } from '../releases/store/hold.ts';
import { isPublished, isWithdrawn, type Manifest, type ManifestFile } from '../releases/store/manifest.ts';
import {
  EMPTY_INDEX,
  indexOf,
  pastRetention,
  publicIndex,
  type ReleaseIndex,
  withoutReleases,
  withRelease,
} from '../releases/store/release-index.ts';
import type { Announce, HappenedEvent } from '../shared/announcement.ts';
import { change, type Patience, update } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { isStoreFault, type StoreFault } from '../shared/store.ts';
import { withdrawFromAlias } from './aliases/alias-moves.ts';
import { liftHold } from './aliases/gate.ts';
import { type MovePorts, moveGated } from './aliases/gated-moves.ts';
import { holdForPin } from './aliases/hold-for-pin.ts';
import { heldByAny } from './aliases/holders.ts';
import { lookAhead } from './aliases/look-ahead.ts';
import type { MirrorStore, Release } from './store/bucket.ts';
import type { Job } from './store/job.ts';
import { releasePublished } from './told/events.ts';
import { tellMoves } from './told/moves.ts';
import { readableOf, type Tell } from './unreadable.ts';

export interface PublishPorts extends MovePorts {
  readonly store: MirrorStore;
  /** KEEP_RELEASES: how many published releases are kept for each pair. */
  readonly keepReleases: number;
  /** Absent where nobody is told of anything. */
  readonly announce: Announce | undefined;
}

/** Several jobs may publish at the same time, and R2 takes one write to a key in a second. */
const PUBLIC_PATIENCE: Patience = {
  attempts: 8,
  delay: (attempt, random) => 100 * 2 ** attempt * (0.5 + random()),
  readsAgain: true,
};

export class Publisher {
  constructor(private readonly ports: PublishPorts) {}

  /**
   * Publishes a release and returns when it was first published (ISO 8601). It writes the manifest first, then the
   * lists, then the aliases, so that `current` names a release only when all its files can be read. Every step can be
   * repeated without harm.
   */
  async publish(
    job: Release & Pick<Job, 'movesAlias' | 'alias'>,
    entries: Readonly<Record<string, ManifestFile>>,
  ): Promise<Result<string, StoreFault>> {
    const { channel, board, version } = job;
    const { platform, releases } = this.ports;
    const manifest = await update(platform, releases.manifestDocument(job), (current) => {
      // The operator may have quarantined the release while the job ran. A quarantine stays in force.
      if (current?.quarantinedAt !== undefined) return undefined;
      // A published entry never changes, since clients may be downloading its object. A manifest that publishes nothing
      // is replaced as a whole.
      const kept = current !== undefined && isPublished(current) ? current : undefined;
      // What a compromised subkey has signed stays distrusted, also while an isolate does not know of it yet.
      const { distrusted } = current ?? {};
      const isDistrusted = Object.values(entries).some(({ signedBy }) => signedBy === distrusted?.fingerprint);
      if (distrusted !== undefined && isDistrusted) return undefined;
      const now = this.#now();
      const added = Object.entries(entries).map(([name, entry]) => [name, { ...entry, addedAt: now }] as const);
      const files = { ...Object.fromEntries(added), ...kept?.files };
      return { ...kept, channel, board, version, publishedAt: kept?.publishedAt ?? now, files };
    });
    if (!manifest.ok) return manifest;
    const published = manifest.value;
    if (published === undefined || isWithdrawn(published)) return ok(this.#now());
    const listed = await this.list(job, published);
    if (!listed.ok) return listed;
    const told = await this.tell(releasePublished(published));
    if (!told.ok) return told;
    if (job.movesAlias) {
      const moved = await this.moveAliases(job);
      if (!moved.ok) return moved;
    }
    // A withdrawal between the two writes has cleaned lists that did not contain the release yet. So look again.
    const after = await releases.manifestDocument(job).read();
    if (!after.ok) return after;
    if (after.value !== undefined && isWithdrawn(after.value.value)) {
      const unlisted = await this.unlist(job);
      return unlisted.ok ? ok(published.publishedAt) : unlisted;
    }
    const retained = await this.retain(job);
    return retained.ok ? ok(published.publishedAt) : retained;
  }

  /**
   * Returns the index of a pair. One that cannot be read is told of and made anew from the manifests; retention takes out
   * again what has left it before.
   */
  async mendIndex(pair: Pair, tell: Tell = () => undefined): Promise<Result<ReleaseIndex, StoreFault>> {
    const { platform, releases } = this.ports;
    const index = await releases.indexDocument(pair).read();
    if (index.ok) return ok(index.value?.value ?? EMPTY_INDEX);
    if (index.error.reason !== 'stored-malformed') return index;
    tell(index.error);
    const versions = await releases.manifestVersions(pair);
    if (!versions.ok) return versions;
    let made = EMPTY_INDEX;
    for (const version of versions.value) {
      const manifest = readableOf(await releases.manifest({ ...pair, version }), tell);
      if (!manifest.ok) return manifest;
      if (manifest.value === undefined || Object.keys(manifest.value.files).length === 0) continue;
      const isListed = isPublished(manifest.value);
      made = isListed ? withRelease(made, manifest.value) : withoutReleases(made, [version], this.#now());
    }
    const mended = await update(platform, releases.replaceableIndex(pair), (current = EMPTY_INDEX) =>
      // Another call may have mended it in the meantime, and published something since.
      current === EMPTY_INDEX ? made : undefined,
    );
    return mended.ok ? ok(mended.value ?? EMPTY_INDEX) : mended;
  }

  /** Removes a release from every list and alias; a floor that it made falls to what was followed before. */
  async unlist(release: Pair & { readonly version: Version }): Promise<Result<undefined, StoreFault>> {
    const { releases } = this.ports;
    const index = await this.#changeIndex(release, (current) =>
      withoutReleases(current, [release.version], this.#now()),
    );
    if (!index.ok) return index;
    const aliases = await releases.aliases(release);
    if (!aliases.ok) return aliases;
    const rings = await releases.rings(release);
    if (!rings.ok) return rings;
    for (const alias of [...aliases.value.found.map((one) => one.alias), ...rings.value]) {
      const changed = await withdrawFromAlias(this.ports, release, alias, index.value);
      if (!changed.ok) return changed;
    }
    const rebuilt = await this.rebuildPublicIndex();
    return rebuilt.ok ? await tellMoves(this.ports, release) : rebuilt;
  }

  /** Tells of what has happened, if anything has. It may be told again. */
  async tell(event: HappenedEvent | undefined): Promise<Result<undefined, StoreFault>> {
    const { announce } = this.ports;
    return announce === undefined || event === undefined ? ok(undefined) : await announce(event);
  }

  /** Tells of the aliases and rings of a pair that have moved since it was told last. */
  tellMoves = (pair: Pair): Promise<Result<undefined, StoreFault>> => tellMoves(this.ports, pair);

  /** Puts a manifest into the index of its pair and into releases.json. */
  async list(pair: Pair, manifest: Manifest): Promise<Result<undefined, StoreFault>> {
    const index = await this.#changeIndex(pair, (current) => withRelease(current, manifest));
    return index.ok ? await this.rebuildPublicIndex() : index;
  }

  /** Moves the mirrored aliases of the pair to this release, as far as the gate lets them, and tells of what has moved. */
  async moveAliases(job: Pick<Job, 'channel' | 'board' | 'version' | 'alias'>): Promise<Result<undefined, StoreFault>> {
    const moved = await moveGated(this.ports, job);
    return moved.ok ? await tellMoves(this.ports, job) : moved;
  }

  /** Decides again about a published release, now that its machines were looked at. A job that may move no alias moves none. */
  async settle(release: Release): Promise<Result<undefined, StoreFault>> {
    const job = await this.ports.store.job(release).read();
    if (!job.ok) return job;
    return job.value?.value.movesAlias === true ? await this.#moveAgain(job.value.value) : ok(undefined);
  }

  /** Moves aliases to a release that was published a while ago. */
  async #moveAgain(release: Release & Pick<Job, 'alias'>): Promise<Result<undefined, StoreFault>> {
    const moved = await this.moveAliases(release);
    if (!moved.ok) return moved;
    // It may have been taken back, or removed, since the gate has looked at it. Then no name may go on naming it.
    const after = await this.ports.releases.manifest(release);
    if (!after.ok) return after;
    return after.value === undefined || isPublished(after.value) ? ok(undefined) : await this.unlist(release);
  }

  /** Returns why a name must not be made to name a release; with `isForced`, only the rings behind it are looked after. */
  async holdForPin(release: Release, alias: Alias, isForced = false): Promise<Result<Hold | undefined, StoreFault>> {
    return await holdForPin(this.ports, release, alias, isForced);
  }

  /** Lifts the hold of a release for a name, and moves what may move now. Returns false where nothing holds it back. */
  async lift(release: Release, alias: Alias): Promise<Result<boolean, StoreFault>> {
    const lifted = await liftHold(this.ports, release, alias, release.version);
    if (!lifted.ok || !lifted.value) return lifted;
    const moved = isRing(alias) ? ok(undefined) : await this.settle(release);
    return moved.ok ? ok(true) : moved;
  }

  /** Decides again about what names of a pair are held back from, or come to soon. */
  async lookAhead(pair: Pair): Promise<Result<undefined, StoreFault>> {
    return await lookAhead(this.ports, pair, async (release) => {
      const job = await this.ports.store.job(release).read();
      return job.ok ? await this.#moveAgain({ ...release, alias: job.value?.value.alias }) : job;
    });
  }

  /** Removes releases past KEEP_RELEASES from the index, except those that an alias names or an active job copies. */
  async retain(pair: Pair): Promise<Result<undefined, StoreFault>> {
    const { platform, releases, keepReleases } = this.ports;
    const index = await releases.indexDocument(pair).read();
    if (!index.ok) return index;
    const current = index.value?.value ?? EMPTY_INDEX;
    if (pastRetention(current, keepReleases, () => false).length === 0) return ok(undefined);
    const held = await heldByAny(this.ports, pair);
    if (!held.ok) return held;
    const leaving = pastRetention(current, keepReleases, held.value);
    if (leaving.length === 0) return ok(undefined);
    const changed = await update(platform, releases.indexDocument(pair), (now) =>
      withoutReleases(now ?? EMPTY_INDEX, leaving, this.#now()),
    );
    if (!changed.ok) return changed;
    // Somebody may have taken hold of one between the look and the write, and has found it listed. So look again.
    const heldNow = await heldByAny(this.ports, pair);
    if (!heldNow.ok) return heldNow;
    for (const version of leaving.filter(heldNow.value)) {
      const relisted = await this.relist({ ...pair, version });
      if (!relisted.ok) return relisted;
    }
    return await this.rebuildPublicIndex();
  }

  /**
   * Puts a release back into the lists if it is published and not in them. True when it is published. The caller has taken
   * hold of the release before, so that no sweep begins to delete it.
   */
  async relist(release: Pair & { readonly version: Version }): Promise<Result<boolean, StoreFault>> {
    const { platform, releases } = this.ports;
    const before = await releases.manifest(release);
    if (!before.ok) return before;
    if (before.value === undefined || !isPublished(before.value)) return ok(false);
    const index = await releases.indexDocument(release).read();
    if (!index.ok) return index;
    if (index.value?.value.releases.some(({ version }) => version === release.version)) return ok(true);
    const listed = await this.list(release, before.value);
    if (!listed.ok) return listed;
    const after = await releases.manifest(release);
    if (!after.ok) return after;
    if (after.value !== undefined && isPublished(after.value)) return ok(true);
    if (after.value !== undefined && isWithdrawn(after.value)) {
      const unlisted = await this.unlist(release);
      return unlisted.ok ? ok(false) : unlisted;
    }
    const changed = await update(platform, releases.indexDocument(release), (now) =>
      withoutReleases(now ?? EMPTY_INDEX, [release.version], this.#now()),
    );
    if (!changed.ok) return changed;
    const rebuilt = await this.rebuildPublicIndex();
    return rebuilt.ok ? ok(false) : rebuilt;
  }

  /** Makes releases.json anew from all indexes. Compare-and-set ensures that the last writer has the newest indexes. */
  async rebuildPublicIndex(): Promise<Result<undefined, StoreFault>> {
    const { releases, catalogue, platform } = this.ports;
    const rebuilt = await change(
      platform,
      releases.publicIndexDocument(),
      async (stored) => {
        const pairs = [];
        for (const pair of catalogue.pairs) {
          const index = await releases.indexDocument(pair).read();
          if (index.ok && index.value !== undefined) pairs.push({ ...pair, index: index.value.value });
          if (index.ok) continue;
          if (index.error.reason !== 'stored-malformed') return index;
          // What was told of the pair stays, until its own index is mended.
          pairs.push({ ...pair, index: indexOf(stored?.value, pair) });
        }
        return ok(publicIndex(pairs, this.#now()));
      },
      PUBLIC_PATIENCE,
    );
    if (rebuilt.ok) return ok(undefined);
    return err(
      isStoreFault(rebuilt.error) ? rebuilt.error : { reason: 'store-unreachable', operation: 'write releases.json' },
    );
  }

  async #changeIndex(
    pair: Pair,
    next: (index: ReleaseIndex) => ReleaseIndex,
  ): Promise<Result<ReleaseIndex, StoreFault>> {
    const { platform, releases } = this.ports;
    const change = () => update(platform, releases.indexDocument(pair), (current) => next(current ?? EMPTY_INDEX));
    let changed = await change();
    if (!changed.ok && changed.error.reason === 'stored-malformed') {
      const mended = await this.mendIndex(pair);
      changed = mended.ok ? await change() : mended;
    }
    return changed.ok ? ok(changed.value ?? EMPTY_INDEX) : changed;
  }

  #now(): string {
    return new Date(this.ports.platform.now()).toISOString();
  }
}
