/**
 * Records which machine booted what, and when. An event is written after the answer, and the operator sees the last
 * ones. An event never contains a config or a capability.
 */
import type { LogEvent } from '../../shared/log.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MachineStore } from '../records/bucket.ts';
import { randomText } from './capability.ts';

interface BootEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  readonly status: number;
  /** Why the status is not 200. */
  readonly reason?: string;
  readonly generation?: number;
  /** The SHA-512 of the body that was served. */
  readonly sha512?: string;
  /** The client's version, from its User-Agent. */
  readonly ignition?: string;
  /** How often the same event happened within a second; absent for once. */
  readonly times?: number;
}

const MOST_SHOWN = 20;
/** One write in this many also deletes the events that are no longer shown. */
const PRUNED_EVERY = 8;
/** Names count down from this time in milliseconds, so that R2 lists the newest event first. */
const LATEST = 10 ** 15;
/** Equal requests within this time become one event with a count. */
const GATHERED_MS = 1_000;

type Occurrence = Omit<BootEvent, 'at' | 'times'>;

/** Writes events after the answers. An event that cannot be written is lost: a boot never waits for it. */
export class BootLog {
  /** How often each event was repeated since it was written, less than a second ago. */
  readonly #repeats = new Map<string, number>();

  constructor(
    private readonly platform: Platform,
    private readonly store: MachineStore,
  ) {}

  record(id: string, event: Occurrence, { log }: { readonly log: LogEvent }): void {
    const key = JSON.stringify([id, event]);
    const repeats = this.#repeats.get(key);
    if (repeats !== undefined) {
      this.#repeats.set(key, repeats + 1);
      if (repeats === 0) this.platform.waitUntil(this.#gather(id, event, key));
      return;
    }
    this.#repeats.set(key, 0);
    this.platform.waitUntil(this.#begin(id, event, key, log));
  }

  async #begin(id: string, event: Occurrence, key: string, log: LogEvent): Promise<void> {
    const isWritten = await this.#write(id, event);
    if (!isWritten) log.set({ bootEvent: 'lost' });
    // No client has repeated the request, so the next request is a new event.
    if (this.#repeats.get(key) === 0) this.#repeats.delete(key);
  }

  async #gather(id: string, event: Occurrence, key: string): Promise<void> {
    await this.platform.timer(GATHERED_MS).elapsed;
    const times = this.#repeats.get(key) ?? 0;
    this.#repeats.delete(key);
    if (times > 0) await this.#write(id, event, times);
  }

  async #write(id: string, event: Occurrence, times = 1): Promise<boolean> {
    const now = this.platform.now();
    const name = `${String(LATEST - now).padStart(15, '0')}-${randomText().slice(0, 6)}`;
    const fields = { ...event, at: new Date(now).toISOString(), ...(times > 1 ? { times } : {}) };
    const summary = Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, String(value)]));
    const written = await this.store.writeBoot(id, name, summary);
    if (this.platform.random() * PRUNED_EVERY >= 1) return written.ok;
    const listed = await this.store.boots(id, 1000);
    const old = listed.ok ? listed.value.items.slice(MOST_SHOWN).map((item) => item.name) : [];
    if (old.length > 0) await this.store.deleteBoots(id, old);
    return written.ok;
  }
}

/** Returns the last 20 events of a machine, newest first. */
export async function lastBoots(store: MachineStore, id: string): Promise<Result<BootEvent[], StoreFault>> {
  const listed = await store.boots(id, MOST_SHOWN);
  if (!listed.ok) return listed;
  return { ok: true, value: listed.value.items.map(({ summary }) => eventOf(summary)) };
}

function eventOf(summary: Readonly<Record<string, string>>): BootEvent {
  const { at = '', what = '', status = '0', reason, generation, sha512, ignition, times } = summary;
  return {
    at,
    what,
    status: Number(status),
    ...(reason === undefined ? {} : { reason }),
    ...(generation === undefined ? {} : { generation: Number(generation) }),
    ...(sha512 === undefined ? {} : { sha512 }),
    ...(ignition === undefined ? {} : { ignition }),
    ...(times === undefined ? {} : { times: Number(times) }),
  };
}

/** Returns `2.26.0` for `Ignition/2.26.0`, and `undefined` for a client that is not Ignition. */
export const ignitionVersion = (userAgent: string | null): string | undefined =>
  /^Ignition\/(\S{1,40})/.exec(userAgent ?? '')?.[1];
