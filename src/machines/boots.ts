/** Who booted what, and when: written after the answer, the last ones shown to the operator; never a config, never a capability. */
import type { LogEvent } from '../shared/log.ts';
import type { Background, Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { MachineStore } from './bucket.ts';
import { randomText } from './capability.ts';

export interface BootEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  readonly status: number;
  /** Why not, where the status is no 200. */
  readonly reason?: string;
  readonly generation?: number;
  /** SHA-512 of what was served. */
  readonly sha512?: string;
  /** The client's version, from its User-Agent. */
  readonly ignition?: string;
}

const SHOWN = 20;
/** One write in this many looks for events that are shown no more. */
const PRUNED_EVERY = 8;
const LATEST = 10 ** 15;

/** Writes an event once the answer is out; what fails is lost, a boot never waits for it. */
export function recordBoot(
  ports: { readonly platform: Platform; readonly store: MachineStore },
  id: string,
  event: Omit<BootEvent, 'at'>,
  { background, log }: { readonly background: Background; readonly log: LogEvent },
): void {
  const now = ports.platform.now();
  // Newest first is the order of the keys.
  const name = `${String(LATEST - now).padStart(15, '0')}-${randomText().slice(0, 6)}`;
  const facts = Object.fromEntries(
    Object.entries({ ...event, at: new Date(now).toISOString() }).map(([key, value]) => [key, String(value)]),
  );
  const work = async () => {
    const written = await ports.store.writeBoot(id, name, facts);
    if (!written.ok) log.set({ bootEvent: written.error.operation });
    if (ports.platform.random() * PRUNED_EVERY >= 1) return;
    const listed = await ports.store.boots(id, 1000);
    const old = listed.ok ? listed.value.items.slice(SHOWN).map((item) => item.name) : [];
    if (old.length > 0) await ports.store.deleteBoots(id, old);
  };
  background(work());
}

/** The last events of a machine, newest first. */
export async function lastBoots(store: MachineStore, id: string): Promise<Result<BootEvent[], StoreFault>> {
  const listed = await store.boots(id, SHOWN);
  if (!listed.ok) return listed;
  return { ok: true, value: listed.value.items.map(({ facts }) => eventOf(facts)) };
}

function eventOf(facts: Readonly<Record<string, string>>): BootEvent {
  const { at = '', what = '', status = '0', reason, generation, sha512, ignition } = facts;
  return {
    at,
    what,
    status: Number(status),
    ...(reason === undefined ? {} : { reason }),
    ...(generation === undefined ? {} : { generation: Number(generation) }),
    ...(sha512 === undefined ? {} : { sha512 }),
    ...(ignition === undefined ? {} : { ignition }),
  };
}

/** `Ignition/2.26.0` -> `2.26.0`; clients that are not Ignition have none. */
export const ignitionVersion = (userAgent: string | null): string | undefined =>
  /^Ignition\/(\S{1,40})/.exec(userAgent ?? '')?.[1];
