/**
 * Serves verified version.txt files. A file is kept in memory for a minute and refreshed in the background. R2 keeps
 * the last good version.txt of each alias, so that `current` still answers when upstream fails or sends a bad
 * signature.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { type Alias, isAlias, type Pair, type Version } from '../model.ts';
import type { LastGoodPair, ReleaseStore } from '../store/bucket.ts';
import type { UpstreamFile } from './upstream.ts';
import { isBelow, type VersionFault, type VersionFile, type VersionSource } from './version-source.ts';

const FRESH_MS = 60_000;
/**
 * A copy that was checked longer ago than this is not served while the refresh runs: the request waits for upstream. An
 * isolate that had no requests for hours must not answer with the release of yesterday.
 */
const REFRESH_BEHIND_MS = 5 * 60_000;
/** A copy that upstream last confirmed longer ago than this is not served at all. */
const LAST_GOOD_MS = 7 * 24 * 3_600_000;
/** An unchanged copy in R2 is written again after this time, so that its date stays recent. */
const STORED_AGAIN_MS = 3_600_000;

/** A client waits this long for upstream before it gets an older copy. */
const PATIENCE_MS = 5_000;
const SLOW: VersionFault = { reason: 'timeout', host: 'upstream', detail: `no answer in ${PATIENCE_MS} ms` };

/** Faults after which a copy in memory is judged again. */
const KEY_FAULTS: readonly string[] = ['revoked-key', 'unknown-key', 'unfit-key'];

interface CachedFile {
  readonly file: VersionFile;
  /** When upstream last sent this text with a good signature (milliseconds since the epoch). */
  readonly checkedAt: number;
  /** The last failed refresh, if upstream has not answered well since. */
  readonly failure?: { readonly at: number; readonly reason: string };
}

export interface ServedVersionFile extends VersionFile {
  /** Set when the last refresh failed and this is an older copy: the reason code of that failure. */
  readonly staleReason?: string;
  /** Set together with `staleReason`: when upstream last sent this copy (milliseconds since the epoch). */
  readonly staleSince?: number;
}

export class VersionFiles {
  readonly #cache = new Map<string, CachedFile>();
  readonly #storedAt = new Map<string, number>();
  readonly #flights: SingleFlight<VersionFile, VersionFault>;

  constructor(
    readonly platform: Platform,
    private readonly source: VersionSource,
    private readonly store: ReleaseStore,
  ) {
    this.#flights = new SingleFlight(platform);
  }

  /** Returns the verified version.txt of a version or an alias; a version below `floor` is never returned. */
  async get(
    pair: Pair,
    version: Version | Alias,
    floor: Version | null,
  ): Promise<Result<ServedVersionFile, VersionFault>> {
    const key = `${pair.channel}/${pair.board}/${version}`;
    const cached = this.#cache.get(key);
    const now = this.platform.now();
    const usable = cached !== undefined && !isBelow(cached.file.version, floor) ? cached : undefined;
    if (usable !== undefined && now - usable.checkedAt < FRESH_MS) return ok(usable.file);
    const askedAt = Math.max(usable?.checkedAt ?? 0, usable?.failure?.at ?? 0);
    if (usable !== undefined && now - askedAt < REFRESH_BEHIND_MS && now - usable.checkedAt < LAST_GOOD_MS) {
      const isDue = now - askedAt >= FRESH_MS / 2 && !this.#flights.has(key);
      if (isDue) this.platform.waitUntil(this.#refresh(key, pair, version, floor));
      return ok(withReason(usable));
    }
    const refresh = this.#refresh(key, pair, version, floor);
    this.platform.waitUntil(refresh);
    const fetched = await within(this.platform, PATIENCE_MS, refresh);
    // A refresh that another request started with a lower floor may return a version below this floor.
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
        this.#cache.set(key, { file: fetched.value, checkedAt: now });
        if (isAlias(version)) this.platform.waitUntil(this.#keep(key, pair, version, fetched.value, now));
      } else {
        const cached = this.#cache.get(key);
        const isTrusted = cached && (await this.#isTrusted(pair, version, cached.file, fetched.error));
        if (cached && isTrusted)
          this.#cache.set(key, { ...cached, failure: { at: now, reason: fetched.error.reason } });
        else this.#cache.delete(key);
      }
      return fetched;
    });
  }

  /** False for a copy that the keys of today do not sign: a subkey that is compromised signs nothing any more. */
  async #isTrusted(
    pair: Pair,
    version: Version | Alias,
    { bytes, signature, facts }: VersionFile,
    fault: VersionFault,
  ): Promise<boolean> {
    if (!KEY_FAULTS.includes(fault.reason)) return true;
    const where: UpstreamFile = { ...pair, version, file: 'version.txt' };
    return (await this.source.judge(where, { bytes, signature, facts }, null)).ok;
  }

  /** The last good copy of an alias, from memory or R2, if it is younger than a week and not below the floor. */
  async #lastGood(
    key: string,
    pair: Pair,
    version: Version | Alias,
    floor: Version | null,
    fault: VersionFault,
  ): Promise<Result<ServedVersionFile, VersionFault> | undefined> {
    if (!isAlias(version)) return undefined;
    const now = this.platform.now();
    const isUsable = (copy: CachedFile | undefined): copy is CachedFile =>
      copy !== undefined && !isBelow(copy.file.version, floor) && now - copy.checkedAt < LAST_GOOD_MS;
    const cached = this.#cache.get(key);
    // If this isolate has no usable copy, another isolate may have stored one in R2.
    const copy = isUsable(cached) ? cached : await this.#stored(pair, version);
    if (!isUsable(copy)) return undefined;
    const failing = { ...copy, failure: { at: now, reason: fault.reason } };
    this.#cache.set(key, failing);
    return ok(withReason(failing));
  }

  /** Reads the last good copy in R2 and verifies its signature again, with the keys that are trusted now. */
  async #stored(pair: Pair, alias: Alias): Promise<CachedFile | undefined> {
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

function withReason({ file, failure, checkedAt }: CachedFile): ServedVersionFile {
  return failure === undefined ? file : { ...file, staleReason: failure.reason, staleSince: checkedAt };
}
