/** The room's objects in R2: announcements, those that wait for each receiver, and how each receiver's deliveries get on. */
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document, readObject } from '../shared/r2-documents.ts';
import type { Result } from '../shared/result.ts';
import { type StoreFault, storeCaller } from '../shared/store.ts';
import { type Announcement, parseAnnouncement } from './announcement.ts';
import { type DeliveryRecord, parseDeliveries } from './delivery-record.ts';

interface Page {
  readonly names: readonly string[];
  readonly isLast: boolean;
}

type Stored<T> = Promise<Result<T, StoreFault>>;

export interface AnnouncementStore {
  has(id: string): Stored<boolean>;
  announcement(id: string): Stored<Announcement | undefined>;
  write(announcement: Announcement): Stored<undefined>;
  /** Ids after `after`, the newest first. */
  ids(after: string, limit: number): Stored<Page>;
  remove(ids: readonly string[]): Stored<undefined>;
  /** Puts an announcement among those that wait for a receiver. */
  enqueue(receiver: string, turn: string, announcement: Announcement): Stored<undefined>;
  waiting(receiver: string, turn: string): Stored<Announcement | undefined>;
  /** The turns of those that wait, the oldest first. */
  turns(receiver: string, limit: number): Stored<Page>;
  dequeue(receiver: string, turns: readonly string[]): Stored<undefined>;
  /** The receivers for whom something waits, also those that are no longer named. */
  receiversWaitedFor(): Stored<readonly string[]>;
  deliveries(receiver: string): Document<DeliveryRecord>;
}

const EVENTS = 'announcements/events/';
const QUEUES = 'announcements/queue/';

/** Returns the store on an R2 bucket. */
export function announcementBucket(bucket: R2Bucket, platform: Platform): AnnouncementStore {
  const reach = storeCaller(platform);
  const eventKey = (id: string) => `announcements/events/${id}.json`;
  const queueKey = (receiver: string, turn: string) => `announcements/queue/${receiver}/${turn}.json`;
  const namesIn = async (prefix: string, after: string, limit: number): Promise<Page> => {
    const from = after === '' ? {} : { startAfter: `${prefix}${after}.json` };
    const page = await bucket.list({ prefix, limit, ...from });
    return { names: page.objects.map(({ key }) => key.slice(prefix.length, -'.json'.length)), isLast: !page.truncated };
  };
  const put = async (key: string, announcement: Announcement) => {
    await bucket.put(key, JSON.stringify(announcement), { httpMetadata: { contentType: 'application/json' } });
    return undefined;
  };
  return {
    has: (id) => reach('head announcement', async () => (await bucket.head(eventKey(id))) !== null),
    announcement: (id) => readObject(bucket, reach, eventKey(id), parseAnnouncement),
    write: (announcement) => reach('write announcement', () => put(eventKey(announcement.id), announcement)),
    ids: (after, limit) => reach('list announcements', () => namesIn(EVENTS, after, limit)),
    remove: (ids) =>
      reach('delete announcements', async () => {
        await bucket.delete(ids.map(eventKey));
        return undefined;
      }),
    enqueue: (receiver, turn, announcement) =>
      reach('enqueue announcement', () => put(queueKey(receiver, turn), announcement)),
    waiting: (receiver, turn) => readObject(bucket, reach, queueKey(receiver, turn), parseAnnouncement),
    turns: (receiver, limit) => reach('list waiting', () => namesIn(`${QUEUES}${receiver}/`, '', limit)),
    dequeue: (receiver, turns) =>
      reach('dequeue announcement', async () => {
        await bucket.delete(turns.map((turn) => queueKey(receiver, turn)));
        return undefined;
      }),
    receiversWaitedFor: () =>
      reach('list receivers', async () => {
        const page = await bucket.list({ prefix: QUEUES, delimiter: '/' });
        return page.delimitedPrefixes.map((prefix) => prefix.slice(QUEUES.length, -1));
      }),
    deliveries: (receiver) =>
      r2Document(bucket, reach, `announcements/deliveries/${receiver}.json`, jsonCodec(parseDeliveries)),
  };
}
