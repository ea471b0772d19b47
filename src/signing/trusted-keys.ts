/**
 * Provides the trusted keyring. It is stored in R2 and cached in memory for a minute. It is fetched from its source
 * when R2 has none, and when a signature names an unknown key. What is kept is what verifies under its own primary (ADR 11);
 * of that, a later fetch takes nothing away.
 */
import { change, type Document, type Patience, type Stored } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { SingleFlight } from '../shared/single-flight.ts';
import type { StoreFault } from '../shared/store.ts';
import { genuinePart } from './genuine-part.ts';
import type { FetchKeyFile, KeySourceFault } from './key-source.ts';
import { type Keyring, type KeyringFault, readKeyring, trustedPart } from './keyring.ts';
import { mergeKeyrings, sameKeyring } from './merge-keyrings.ts';

export type TrustedKeysFault = StoreFault | KeySourceFault | KeyringFault;

const CACHED_MS = 60_000;
/**
 * Flatcar's key has 12 signatures of its own in 2026. A signature of RSA-4096 has some 560 bytes, so this is about what
 * a key file can bring; to verify that many takes less than a second.
 */
const MOST_LOOKED_AT = 1000;
const REFETCH_AFTER_MS = 60_000;
/** Retries at once: two isolates that fetch at the same time write the same keyring, which the next read shows. */
const AT_ONCE: Patience = { attempts: 5, delay: () => 0, readsAgain: false };
/** A failed fetch is not repeated for this time, so that many requests cause one fetch only. */
const PAUSE_AFTER_FAILURE_MS = 5_000;

const EMPTY: Keyring = { keys: [] };
const NOT_WRITTEN: StoreFault = { reason: 'store-unreachable', operation: 'write keyring' };

export class TrustedKeys {
  #cached: { keyring: Keyring; until: number } | undefined;
  /** What is genuine of the stored object of that etag. */
  #genuine: Stored<Keyring> | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #lastFailure: { readonly at: number; readonly fault: TrustedKeysFault } | undefined;
  readonly #flights: SingleFlight<Keyring, TrustedKeysFault>;

  constructor(
    private readonly platform: Platform,
    private readonly document: Document<Keyring>,
    private readonly fetchKeyFile: FetchKeyFile,
    private readonly pins: readonly string[],
  ) {
    this.#flights = new SingleFlight(platform);
  }

  /** Returns the trusted keyring. It is fetched from its source only if the store has none. */
  async current(): Promise<Result<Keyring, TrustedKeysFault>> {
    if (this.#cached !== undefined && this.platform.now() < this.#cached.until) return ok(this.#cached.keyring);
    return await this.#flights.run('load', () => this.#load());
  }

  /**
   * Fetches the keyring again and returns it, for a signature by an unknown key. It fetches at most once a minute and
   * otherwise returns the keyring as it is: whoever can place a signature upstream must not control how often we fetch.
   */
  async refreshed(): Promise<Result<Keyring, TrustedKeysFault>> {
    if (this.platform.now() - this.#fetchedAt < REFETCH_AFTER_MS) return await this.current();
    return await this.#flights.run('fetch', async () => {
      if (this.platform.now() - this.#fetchedAt < REFETCH_AFTER_MS) return await this.#load();
      return await this.#fetchAndMerge();
    });
  }

  async #load(): Promise<Result<Keyring, TrustedKeysFault>> {
    const stored = await this.document.read();
    if (!stored.ok) return stored;
    if (stored.value === undefined) return await this.#fetchAndMerge();
    const trusted = trustedPart(await this.#genuineOf(stored.value), this.pins);
    // A stored keyring without the pinned keys comes from an earlier configuration.
    return trusted.ok ? ok(this.#cache(trusted.value)) : await this.#fetchAndMerge();
  }

  async #fetchAndMerge(): Promise<Result<Keyring, TrustedKeysFault>> {
    const now = this.platform.now();
    if (this.#lastFailure !== undefined && now - this.#lastFailure.at < PAUSE_AFTER_FAILURE_MS)
      return err(this.#lastFailure.fault);
    const outcome = await this.#fetchNow(now);
    this.#lastFailure = outcome.ok ? undefined : { at: now, fault: outcome.error };
    return outcome;
  }

  async #fetchNow(now: number): Promise<Result<Keyring, TrustedKeysFault>> {
    this.#fetchedAt = now;
    const file = await this.fetchKeyFile();
    if (!file.ok) return file;
    const read = await readKeyring(file.value);
    if (!read.ok) return read;
    const pinned = trustedPart(read.value, this.pins);
    if (!pinned.ok) return pinned;
    const fetched = trustedPart(await genuinePart(pinned.value, MOST_LOOKED_AT), this.pins);
    if (!fetched.ok) return fetched;
    const merged = await this.#mergeIn(fetched.value);
    if (!merged.ok) return merged;
    const trusted = trustedPart(merged.value, this.pins);
    return trusted.ok ? ok(this.#cache(trusted.value)) : trusted;
  }

  /** Merges `fetched` into the stored keyring and returns all of it, including keys that are no longer pinned. */
  async #mergeIn(fetched: Keyring): Promise<Result<Keyring, StoreFault>> {
    const stored = await change<Keyring, never>(
      this.platform,
      this.document,
      async (current) => {
        const kept = current === undefined ? EMPTY : await this.#genuineOf(current);
        const merged = await mergeKeyrings(kept, fetched);
        return ok(sameKeyring(current?.value ?? EMPTY, merged) ? undefined : merged);
      },
      AT_ONCE,
    );
    if (stored.ok) return ok(stored.value?.value ?? fetched);
    return stored.error.reason === 'conflict' ? err(NOT_WRITTEN) : err(stored.error);
  }

  /** The stored keyring may be from a version that kept every packet. It is written anew by the next fetch. */
  async #genuineOf(stored: Stored<Keyring>): Promise<Keyring> {
    if (this.#genuine?.etag !== stored.etag)
      this.#genuine = { value: await genuinePart(stored.value), etag: stored.etag };
    return this.#genuine.value;
  }

  #cache(keyring: Keyring): Keyring {
    this.#cached = { keyring, until: this.platform.now() + CACHED_MS };
    return keyring;
  }
}
