/**
 * Stores what is announced, once for each receiver. Whoever tells of an event does not wait for receivers: it is sent by the
 * Workflow of each receiver, so one that never answers holds up nobody else.
 */
import type { Announce } from '../shared/announcement.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { announcementOf, idsAt, turnOf } from './announcement.ts';
import type { AnnouncementStore } from './bucket.ts';
import { isIdle, noDeliveries } from './delivery-record.ts';
import { type Receiver, receiverKey } from './receivers.ts';

/** Starts a run of the deliveries to a receiver; `announcements/workflow` implements it. */
export interface DeliveryLauncher {
  launch(receiver: string, run: number): Promise<Result<undefined, StoreFault>>;
}

export interface AnnouncerPorts {
  readonly platform: Platform;
  readonly store: AnnouncementStore;
  readonly receivers: readonly Receiver[];
  /** WEBHOOK_SECRET. With none, nothing is sent: what is told waits. */
  readonly secrets: readonly string[];
  /** Absent in the Worker that only mirrors: there what is stored is sent by the edge, within a minute. */
  readonly launcher: DeliveryLauncher | undefined;
}

const KEPT_MS = 30 * 24 * 3_600_000;
const REMOVED_AT_ONCE = 1000;

/** Returns the port by which other rooms tell of events. */
export const announcerOf =
  (ports: AnnouncerPorts): Announce =>
  async (event) => {
    const receivers = ports.receivers.filter(({ types }) => types.includes(event.type));
    if (receivers.length === 0) return ok(undefined);
    const announcement = await announcementOf(event, new Date(ports.platform.now()).toISOString());
    const known = await ports.store.has(announcement.id);
    if (!known.ok) return known;
    if (!known.value) {
      // The event comes last: whoever finds it knows that every receiver has it.
      for (const receiver of receivers) {
        const waits = await ports.store.enqueue(await receiverKey(receiver), turnOf(announcement), announcement);
        if (!waits.ok) return waits;
      }
      const written = await ports.store.write(announcement);
      if (!written.ok) return written;
    }
    // It is stored. What cannot be started now is started within a minute.
    for (const receiver of receivers) await startDeliveries(ports, await receiverKey(receiver));
    return ok(undefined);
  };

/** Starts the deliveries to a receiver, unless somebody delivers already. */
async function startDeliveries(
  { platform, store, launcher, secrets }: AnnouncerPorts,
  receiver: string,
): Promise<Result<undefined, StoreFault>> {
  if (launcher === undefined || secrets.length === 0) return ok(undefined);
  const now = platform.now();
  const at = new Date(now).toISOString();
  const document = store.deliveries(receiver);
  const before = await document.read();
  if (!before.ok) return before;
  if (before.value !== undefined && !isIdle(before.value.value, now)) return ok(undefined);
  let isOurs = false;
  const begun = await update(platform, document, (current = noDeliveries(at)) => {
    isOurs = isIdle(current, now);
    return isOurs ? { ...current, run: current.run + 1, isRunning: true, heartbeatAt: at } : undefined;
  });
  if (!begun.ok) return begun;
  return isOurs && begun.value !== undefined ? await launcher.launch(receiver, begun.value.run) : ok(undefined);
}

/** Starts the deliveries of what waits and is not being sent: told by the other Worker, or left by a run that died. */
export async function startWaiting(ports: AnnouncerPorts): Promise<Result<undefined, StoreFault>> {
  if (ports.receivers.length === 0) return ok(undefined);
  const waitedFor = await ports.store.receiversWaitedFor();
  if (!waitedFor.ok) return waitedFor;
  for (const receiver of ports.receivers) {
    const key = await receiverKey(receiver);
    if (!waitedFor.value.includes(key)) continue;
    const started = await startDeliveries(ports, key);
    if (!started.ok) return started;
  }
  return ok(undefined);
}

/** Deletes announcements of more than 30 days ago, and what waits for receivers that are named no more. A call deletes a thousand of each. */
export async function forgetAnnouncements(ports: AnnouncerPorts): Promise<Result<undefined, StoreFault>> {
  const { platform, store, receivers } = ports;
  const old = await store.ids(idsAt(platform.now() - KEPT_MS), REMOVED_AT_ONCE);
  if (!old.ok) return old;
  const removed = old.value.names.length === 0 ? ok(undefined) : await store.remove(old.value.names);
  if (!removed.ok) return removed;
  const waitedFor = await store.receiversWaitedFor();
  if (!waitedFor.ok) return waitedFor;
  const named = await Promise.all(receivers.map(receiverKey));
  for (const key of waitedFor.value.filter((one) => !named.includes(one))) {
    const turns = await store.turns(key, REMOVED_AT_ONCE);
    const gone = turns.ok && turns.value.names.length > 0 ? await store.dequeue(key, turns.value.names) : turns;
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}
