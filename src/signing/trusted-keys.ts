/**
 * The keyring as the running service uses it: kept in R2, held a minute in memory, fetched when there is none and when a
 * signature names a key that is not in it. It only grows.
 */
import { change, type Document, type Patience } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { SingleFlight } from '../shared/single-flight.ts';
import type { StoreFault } from '../shared/store.ts';
import type { FetchKeyFile, KeySourceFault } from './key-source.ts';
import { type Keyring, type KeyringFault, readKeyring, trustedPart } from './keyring.ts';
import { mergeKeyrings, sameKeyring } from './merge-keyrings.ts';

export type TrustedKeysFault = StoreFault | KeySourceFault | KeyringFault;

const HELD_MS = 60_000;
const REFETCH_AFTER_MS = 60_000;
/** Two isolates that fetch the key at the same time merge the same thing: the next look settles it. */
const AT_ONCE: Patience = { attempts: 5, delay: () => 0, readsAgain: false };
/** After a failed fetch without any keyring: long enough that a crowd asks once. */
const REST_AFTER_FAILURE_MS = 5_000;

const LOST: StoreFault = { reason: 'store-unreachable', operation: 'write keyring' };

export class TrustedKeys {
  #held: { keyring: Keyring; until: number } | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failed: { readonly at: number; readonly fault: TrustedKeysFault } | undefined;
  readonly #flights: SingleFlight<Keyring, TrustedKeysFault>;

  constructor(
    private readonly platform: Platform,
    private readonly document: Document<Keyring>,
    private readonly fetchKeyFile: FetchKeyFile,
    private readonly pins: readonly string[],
  ) {
    this.#flights = new SingleFlight(platform);
  }

  /** The trusted keyring; fetched from its source only when the store has none. */
  async current(): Promise<Result<Keyring, TrustedKeysFault>> {
    if (this.#held !== undefined && this.platform.now() < this.#held.until) return ok(this.#held.keyring);
    return await this.#flights.run('load', () => this.#load());
  }

  /**
   * The keyring after asking its source again, for a signature by an unknown key; at most once a minute, since anyone who
   * can put a strange signature upstream could otherwise make us ask. Within that minute: the keyring as it is.
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
    const trusted = trustedPart(stored.value.value, this.pins);
    // A stored keyring without the pinned keys belongs to an earlier configuration.
    return trusted.ok ? ok(this.#hold(trusted.value)) : await this.#fetchAndMerge();
  }

  async #fetchAndMerge(): Promise<Result<Keyring, TrustedKeysFault>> {
    const now = this.platform.now();
    if (this.#failed !== undefined && now - this.#failed.at < REST_AFTER_FAILURE_MS) return err(this.#failed.fault);
    const outcome = await this.#fetchNow(now);
    this.#failed = outcome.ok ? undefined : { at: now, fault: outcome.error };
    return outcome;
  }

  async #fetchNow(now: number): Promise<Result<Keyring, TrustedKeysFault>> {
    this.#fetchedAt = now;
    const file = await this.fetchKeyFile();
    if (!file.ok) return file;
    const read = await readKeyring(file.value);
    if (!read.ok) return read;
    const fetched = trustedPart(read.value, this.pins);
    if (!fetched.ok) return fetched;
    const merged = await this.#mergeIn(fetched.value);
    if (!merged.ok) return merged;
    const trusted = trustedPart(merged.value, this.pins);
    return trusted.ok ? ok(this.#hold(trusted.value)) : trusted;
  }

  /** The stored keyring with `fetched` in it, keys that are no longer pinned included. */
  async #mergeIn(fetched: Keyring): Promise<Result<Keyring, StoreFault>> {
    const stored = await change<Keyring, never>(
      this.platform,
      this.document,
      async (current) => {
        const kept = current?.value ?? { keys: [] };
        const merged = mergeKeyrings(kept, fetched);
        return ok(sameKeyring(kept, merged) ? undefined : merged);
      },
      AT_ONCE,
    );
    if (stored.ok) return ok(stored.value?.value ?? fetched);
    return stored.error.reason === 'conflict' ? err(LOST) : err(stored.error);
  }

  #hold(keyring: Keyring): Keyring {
    this.#held = { keyring, until: this.platform.now() + HELD_MS };
    return keyring;
  }
}
