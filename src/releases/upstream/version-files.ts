/**
 * version.txt, verified: fetched with its .sig, checked against channel, number and floor, held a minute, refreshed in
 * the background, and kept in R2 so that an upstream that fails or lies does not take `current` down with it.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { type Alias, isAlias, type Pair, type Version } from '../model.ts';
import type { LastGoodPair, ReleaseStore } from '../store/bucket.ts';
import type { UpstreamFile } from './upstream.ts';
import { isBelow, type VersionFault, type VersionFile, type VersionSource } from './version-source.ts';

const FRESH_MS = 60_000;
/** Past this an answer waits for upstream again: a machine that was idle must not hand out yesterday's release. */
const REFRESH_BEHIND_MS = 5 * 60_000;
const LAST_GOOD_MS = 7 * 24 * 3_600_000;
/** How old the stored copy's date may get before it is written again without a change. */
const STORED_AGAIN_MS = 3_600_000;

/** How long a client waits for upstream before an older copy will do. */
const PATIENCE_MS = 5_000;
const SLOW: VersionFault = { reason: 'timeout', host: 'upstream', detail: `no answer in ${PATIENCE_MS} ms` };

interface Held {
  readonly file: VersionFile;
  /** When upstream last gave it, verified. */
  readonly checkedAt: number;
  /** When upstream last failed to. */
  readonly failure?: { readonly at: number; readonly reason: string };
}

export interface ServedVersionFile extends VersionFile {
  /** Why an older copy is served instead of what upstream has; absent when it is upstream's own. */
  readonly staleReason?: string;
  /** When upstream last gave it, verified; where it is stale. */
  readonly staleSince?: number;
}

export class VersionFiles {
  readonly #held = new Map<string, Held>();
  readonly #storedAt = new Map<string, number>();
  readonly #flights: SingleFlight<VersionFile, VersionFault>;

  constructor(
    private readonly platform: Platform,
    private readonly source: VersionSource,
    private readonly store: ReleaseStore,
  ) {
    this.#flights = new SingleFlight(platform);
  }

  /** The verified version.txt of a number or alias; never one below `floor`. */
  async get(
    pair: Pair,
    version: Version | Alias,
    floor: Version | null,
  ): Promise<Result<ServedVersionFile, VersionFault>> {
    const key = `${pair.channel}/${pair.board}/${version}`;
    const held = this.#held.get(key);
    const now = this.platform.now();
    const usable = held !== undefined && !isBelow(held.file.version, floor) ? held : undefined;
    if (usable !== undefined && now - usable.checkedAt < FRESH_MS) return ok(usable.file);
    const lookedAt = Math.max(usable?.checkedAt ?? 0, usable?.failure?.at ?? 0);
    if (usable !== undefined && now - lookedAt < REFRESH_BEHIND_MS && now - usable.checkedAt < LAST_GOOD_MS) {
      const isDue = now - lookedAt >= FRESH_MS / 2 && !this.#flights.has(key);
      if (isDue) this.platform.waitUntil(this.#refresh(key, pair, version, floor));
      return ok(withReason(usable));
    }
    const refresh = this.#refresh(key, pair, version, floor);
    this.platform.waitUntil(refresh);
    const fetched = await within(this.platform, PATIENCE_MS, refresh);
    // A flight that began under a lower floor may bring what is below it by now.
    if (fetched?.ok && !isBelow(fetched.value.version, floor)) return fetched;
    const fault = fetched === undefined || fetched.ok ? SLOW : fetched.error;
    const lastGood = await this.#lastGood(key, pair, version, floor, fault);
    if (lastGood !== undefined) return lastGood;
    const late = fetched ?? (await refresh);
    if (!late.ok || floor === null || !isBelow(late.value.version, floor)) return late;
    return err({ reason: 'below-floor', version: late.value.version, floor });
  }

  #refresh(key: string, pair: Pair, version: Version | Alias, floor: Version | null) {
    return this.#flights.run(key, async () => {
      const fetched = await this.source.follow({ ...pair, version, file: 'version.txt' }, floor);
      const now = this.platform.now();
      if (fetched.ok) {
        this.#held.set(key, { file: fetched.value, checkedAt: now });
        if (isAlias(version)) this.platform.waitUntil(this.#keep(key, pair, version, fetched.value, now));
      } else {
        const held = this.#held.get(key);
        if (held) this.#held.set(key, { ...held, failure: { at: now, reason: fetched.error.reason } });
      }
      return fetched;
    });
  }

  /** What upstream gave before, from memory or R2, while it is not older than a week nor below the floor. */
  async #lastGood(
    key: string,
    pair: Pair,
    version: Version | Alias,
    floor: Version | null,
    fault: VersionFault,
  ): Promise<Result<ServedVersionFile, VersionFault> | undefined> {
    if (!isAlias(version)) return undefined;
    const now = this.platform.now();
    const isUsable = (held: Held | undefined): held is Held =>
      held !== undefined && !isBelow(held.file.version, floor) && now - held.checkedAt < LAST_GOOD_MS;
    const held = this.#held.get(key);
    // Another isolate may have seen a newer one than this one remembers.
    const known = isUsable(held) ? held : await this.#stored(pair, version);
    if (!isUsable(known)) return undefined;
    const failing = { ...known, failure: { at: now, reason: fault.reason } };
    this.#held.set(key, failing);
    return ok(withReason(failing));
  }

  async #stored(pair: Pair, alias: Alias): Promise<Held | undefined> {
    const stored = await this.store.lastGood(pair, alias);
    if (!stored.ok || stored.value === undefined) return undefined;
    const { bytes, signature, etag, lastModified, checkedAt } = stored.value;
    const where: UpstreamFile = { ...pair, version: alias, file: 'version.txt' };
    const file = await this.source.judge(
      where,
      { bytes, signature, facts: { size: bytes.length, etag, lastModified } },
      null,
    );
    return file.ok ? { file: file.value, checkedAt } : undefined;
  }

  async #keep(key: string, pair: Pair, alias: Alias, file: VersionFile, now: number): Promise<void> {
    const storedKey = `${key} ${file.version}`;
    if (now - (this.#storedAt.get(storedKey) ?? 0) < STORED_AGAIN_MS) return;
    const { bytes, signature, facts } = file;
    const good: LastGoodPair = { bytes, signature, etag: facts.etag, lastModified: facts.lastModified, checkedAt: now };
    if ((await this.store.writeLastGood(pair, alias, good)).ok) this.#storedAt.set(storedKey, now);
  }
}

function withReason({ file, failure, checkedAt }: Held): ServedVersionFile {
  return failure === undefined ? file : { ...file, staleReason: failure.reason, staleSince: checkedAt };
}
