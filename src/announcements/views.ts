/** Shows announcements with how far each receiver is. */
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { type Announcement, turnOf } from './announcement.ts';
import type { AnnouncerPorts } from './announcer.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import { type Receiver, receiverKey, shownUrl } from './receivers.ts';

/** What is known of a receiver at the moment. */
export interface ReceiverState {
  readonly receiver: Receiver;
  readonly record: DeliveryRecord | undefined;
  /** The turns of what waits, the oldest first; the first thousand. */
  readonly turns: readonly string[];
  /** True where those are all. */
  readonly isAll: boolean;
}

const LOOK = 1000;

/** Returns the state of every receiver that is named. */
export async function receiverStates({
  store,
  receivers,
}: Pick<AnnouncerPorts, 'store' | 'receivers'>): Promise<Result<readonly ReceiverState[], StoreFault>> {
  const states: ReceiverState[] = [];
  for (const receiver of receivers) {
    const key = await receiverKey(receiver);
    const record = await store.deliveries(key).read();
    // Where the record cannot be read, the next run writes it anew; what waits is still told.
    if (!record.ok && record.error.reason !== 'stored-malformed') return record;
    const turns = await store.turns(key, LOOK);
    if (!turns.ok) return turns;
    const known = record.ok ? record.value?.value : undefined;
    states.push({ receiver, record: known, turns: turns.value.names, isAll: turns.value.isLast });
  }
  return ok(states);
}

/** Returns a receiver as operators see it. */
export function viewReceiver({ receiver, record, turns }: ReceiverState) {
  return {
    url: shownUrl(receiver.url),
    types: receiver.types,
    waiting: turns.length,
    failures: record?.failures ?? 0,
    failingSince: record?.failingSince ?? null,
    lastFailure: record?.lastFailure ?? null,
    nextAttemptAt: turns.length > 0 ? (record?.wakesAt ?? null) : null,
  };
}

/** Returns what became of an announcement at each receiver that is named. */
export function viewDeliveries(states: readonly ReceiverState[], announcement: Announcement) {
  const turn = turnOf(announcement);
  return states
    .filter(({ receiver }) => receiver.types.includes(announcement.type))
    .map(({ receiver, record, turns, isAll }) => {
      const url = shownUrl(receiver.url);
      const ended = record?.recent.find(({ id }) => id === announcement.id);
      const waits = turns.includes(turn) || (!isAll && turn > (turns.at(-1) ?? ''));
      if (waits) return { url, state: 'waiting' as const };
      if (ended === undefined) return { url, state: 'older' as const };
      const { state, at, attempts, status, detail } = ended;
      return {
        ...{ url, state, at, attempts },
        ...(status === undefined ? {} : { status }),
        ...(detail === undefined ? {} : { detail }),
      };
    });
}
