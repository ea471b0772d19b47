/** An announcement: its id, its body, and its record. No I/O. */
import * as z from 'zod';
import { EVENT_TYPES, type HappenedEvent } from '../shared/announcement.ts';
import { sha256Hex } from '../shared/bytes.ts';
import { parseStored, storedObject } from '../shared/stored-json.ts';

/** Ids count down from this time in milliseconds, so that R2 lists the newest one first. */
const LATEST = 10 ** 15;

const announcement = storedObject({
  id: z.string(),
  type: z.enum(EVENT_TYPES),
  at: z.iso.datetime(),
  /** When it was told: an event may be known some time after it happened. */
  toldAt: z.iso.datetime().optional(),
  /** What is sent, to the byte: a receiver gets the same body each time. */
  body: z.string(),
});

export type Announcement = Readonly<z.output<typeof announcement>>;

/** Returns the announcement that a stored text holds, or an error. */
export const parseAnnouncement = (text: string) => parseStored(announcement, text);

/** True for a text that can be the id of an announcement. */
export const isAnnouncementId = (text: string): boolean => /^msg_\d{15}[0-9a-f]{24}$/.test(text);

/**
 * Returns the announcement of an event: the same id and body whenever it is told. The body has the members that Standard Webhooks recommends
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export async function announcementOf({ type, what, at, data }: HappenedEvent, toldAt: string): Promise<Announcement> {
  const hash = await sha256Hex(new Uint8Array(new TextEncoder().encode(`${type}\n${what}`)));
  const id = `msg_${String(LATEST - Date.parse(at)).padStart(15, '0')}${hash.slice(0, 24)}`;
  return { id, type, at, toldAt, body: JSON.stringify({ type, timestamp: at, data }) };
}

/** Returns the first part of the ids of what happened at this time, in milliseconds since the epoch. */
export const idsAt = (time: number): string => `msg_${String(LATEST - time).padStart(15, '0')}`;

/** Returns the name by which an announcement waits for its turn: the oldest first, and of one moment a release before what it moves. */
export const turnOf = ({ id, type, at }: Pick<Announcement, 'id' | 'type' | 'at'>): string =>
  `${String(Date.parse(at)).padStart(15, '0')}-${EVENT_TYPES.indexOf(type)}-${id}`;
