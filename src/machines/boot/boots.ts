/**
 * Records which machine booted what, and when. An event is written after the answer, and the operator sees the last
 * ones. An event never contains a config or a capability. What a client says of itself decides neither how many events
 * are written nor which ones stay.
 */
import type { LogEvent } from '../../shared/log.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MachineStore, Summary } from '../records/bucket.ts';
import { randomText } from './capability.ts';
import { oneOrMore } from './state.ts';

export interface BootEvent {
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
  /** The profiles whose texts went in, and their generations, each by comma. */
  readonly profile?: string;
  readonly profileGeneration?: number | string;
  /** Why the status is not 200, in words. */
  readonly detail?: string;
  /** How often the same kind of event happened since the one before; absent for once. */
  readonly times?: number;
}

const MOST_SHOWN = 20;
/** One write in this many also deletes the events that are no longer shown. */
const PRUNED_EVERY = 8;
/** Names count down from this time in milliseconds, so that R2 lists the newest event first. */
const LATEST = 10 ** 15;
/** Boots of one kind within this time become one event with a count. The time doubles while they go on. */
const GATHERED_MS = 1_000;
/** The longest such time. `waitUntil` gives work 30 s after the answer, and the event must still be written. */
const MOST_GATHERED_MS = 16_000;
/** Refusals of one kind within this time are one event. */
const REFUSED_MS = 60_000;
/** The most kinds of events that an isolate gathers at once. */
const MOST_GATHERED = 1_000;
/**
 * Whoever holds a dead URL can ask for it without end. So each kind of refusal has one object under this name, and
 * refusals never push boots out.
 */
const REFUSED = 'refused';

type Occurrence = Omit<BootEvent, 'at' | 'times'>;

/** A time in which events of one kind are counted and not written. */
interface Gathering {
  readonly until: number;
  readonly milliseconds: number;
  /** Events since the last write. */
  repeats: number;
  latest: Occurrence;
}

/** Writes events after the answers. An event that cannot be written is lost: a boot never waits for it. */
export class BootLog {
  readonly #gatherings = new Map<string, Gathering>();

  constructor(
    private readonly platform: Platform,
    private readonly store: MachineStore,
  ) {}

  /** Writes the event, or counts it when one of its kind (machine, what, status and reason) was written just now. */
  record(id: string, event: Occurrence, { log }: { readonly log: LogEvent }): void {
    const key = JSON.stringify([id, event.what, event.status, event.reason]);
    const gathering = this.#gatherings.get(key);
    const now = this.platform.now();
    if (gathering === undefined || now >= gathering.until) {
      const times = 1 + (gathering === undefined ? 0 : taken(gathering));
      const isSoon = gathering !== undefined && now < gathering.until + gathering.milliseconds;
      this.#open(key, isRefusal(event) ? REFUSED_MS : isSoon ? doubled(gathering) : GATHERED_MS, event);
      this.platform.waitUntil(this.#writeOrTell(id, event, times, log));
      return;
    }
    gathering.repeats += 1;
    gathering.latest = event;
    // A refusal that is not repeated after the minute stays uncounted: no work may wait that long.
    if (gathering.repeats === 1 && !isRefusal(event)) this.platform.waitUntil(this.#close(id, key, gathering));
  }

  #open(key: string, milliseconds: number, latest: Occurrence): void {
    this.#gatherings.delete(key);
    this.#gatherings.set(key, { until: this.platform.now() + milliseconds, milliseconds, repeats: 0, latest });
    const [oldest] = this.#gatherings.keys();
    if (this.#gatherings.size > MOST_GATHERED && oldest !== undefined) this.#gatherings.delete(oldest);
  }

  async #close(id: string, key: string, gathering: Gathering): Promise<void> {
    await this.platform.timer(gathering.until - this.platform.now()).elapsed;
    const times = taken(gathering);
    // A request after the end was faster than this timer, and has written them.
    if (times === 0) return;
    this.#open(key, doubled(gathering), gathering.latest);
    await this.#write(id, gathering.latest, times);
  }

  async #writeOrTell(id: string, event: Occurrence, times: number, log: LogEvent): Promise<void> {
    const isWritten = await this.#write(id, event, times);
    if (!isWritten) log.set({ bootEvent: 'lost' });
  }

  /** A state that cannot be written stays behind until the next boot. It decides nothing. */
  async #writeState(id: string, { times: _times, detail: _detail, ...summary }: Summary): Promise<void> {
    await this.store.writeState(id, summary);
  }

  async #write(id: string, event: Occurrence, times: number): Promise<boolean> {
    const now = this.platform.now();
    const fields = { ...event, at: new Date(now).toISOString(), ...(times > 1 ? { times } : {}) };
    const summary = Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, String(value)]));
    if (tellsState(event)) this.platform.waitUntil(this.#writeState(id, summary));
    if (isRefusal(event)) return (await this.store.writeBoot(refusalsOf(id), refusalName(event), summary)).ok;
    const name = `${String(LATEST - now).padStart(15, '0')}-${randomText().slice(0, 6)}`;
    const written = await this.store.writeBoot(id, name, summary);
    if (this.platform.random() * PRUNED_EVERY >= 1) return written.ok;
    const listed = await this.store.boots(id, 1000);
    const names = listed.ok ? listed.value.items.map((item) => item.name).filter(isBoot) : [];
    const old = names.slice(MOST_SHOWN);
    if (old.length > 0) await this.store.deleteBoots(id, old);
    return written.ok;
  }
}

/** Returns the last 20 boots of a machine and the last refusal of each kind, newest first. */
export async function lastBoots(store: MachineStore, id: string): Promise<Result<BootEvent[], StoreFault>> {
  const [booted, refused] = await Promise.all([
    store.boots(id, MOST_SHOWN),
    store.boots(refusalsOf(id), 2 * MOST_SHOWN),
  ]);
  if (!booted.ok) return booted;
  if (!refused.ok) return refused;
  const items = [...booted.value.items.filter(({ name }) => isBoot(name)), ...refused.value.items];
  const events = items.map(({ summary }) => eventOf(summary));
  // The sort is stable, so boots of one millisecond stay in the order in which R2 lists them.
  return { ok: true, value: events.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)) };
}

function taken(gathering: Gathering): number {
  const { repeats } = gathering;
  gathering.repeats = 0;
  return repeats;
}

const doubled = ({ milliseconds }: Gathering): number => Math.min(2 * milliseconds, MOST_GATHERED_MS);

/**
 * A config that was served, and a config or a script that could not be made. A dead URL says nothing of the machine: whoever holds one could
 * make it look as if it failed.
 */
const tellsState = ({ what, status }: Occurrence): boolean =>
  status >= 500 ? !NO_BOOT.includes(what) : status === 200 && (what === 'ignition' || what === 'frozen');

/** They say nothing of whether a machine gets its config. */
const NO_BOOT: readonly string[] = ['cloud-config', 'done', 'metadata'];

const isRefusal = ({ status }: Occurrence): boolean => status >= 300;
const refusalsOf = (id: string): string => `${id}/${REFUSED}`;
const refusalName = ({ what, status, reason = '' }: Occurrence): string => `${what}-${status}-${reason}`;
/** R2 lists what stands below `boots/{id}/refused/` among the boots, after them. */
const isBoot = (name: string): boolean => !name.startsWith(`${REFUSED}/`);

function eventOf(summary: Readonly<Record<string, string>>): BootEvent {
  const { at = '', what = '', status = '0', reason, detail, generation, sha512, ignition, times } = summary;
  const { profile, profileGeneration } = summary;
  return {
    at,
    what,
    status: Number(status),
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(profile === undefined ? {} : { profile }),
    ...(profileGeneration === undefined ? {} : { profileGeneration: oneOrMore(profileGeneration) }),
    ...(generation === undefined ? {} : { generation: Number(generation) }),
    ...(sha512 === undefined ? {} : { sha512 }),
    ...(ignition === undefined ? {} : { ignition }),
    ...(times === undefined ? {} : { times: Number(times) }),
  };
}

/** At most 31 characters. A build may add a `v`, or a suffix, which is left out (internal/version in coreos/ignition). */
const IGNITION = /^Ignition\/v?(\d{1,7}(?:\.\d{1,7}){0,3})(?![^\s+-])/;

/** Returns `2.26.0` for `Ignition/2.26.0`, and `undefined` for a client that is not Ignition or names no version. */
export const ignitionVersion = (userAgent: string | null): string | undefined => IGNITION.exec(userAgent ?? '')?.[1];
