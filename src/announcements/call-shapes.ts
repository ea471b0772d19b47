/** The zod schemas of the calls about announcements. The routes check requests with them, and the API document is made from them. No I/O. */
import * as z from 'zod';
import { EVENT_TYPES } from '../shared/announcement.ts';
import { isAnnouncementId } from './announcement.ts';

const EXAMPLE = 'msg_998235000000000c0ffee00c0ffee00c0ffee00';

export const announcementParams = z.object({
  id: z
    .string()
    .refine(isAnnouncementId, 'must be the id of an announcement')
    .meta({ description: 'the announcement', example: EXAMPLE }),
});

export const announcementQuery = z.object({
  cursor: z.string().optional().meta({ description: 'the `cursor` of the page before' }),
});

const delivery = z
  .object({
    url: z.string().meta({ description: 'the receiver, without what may be a token' }),
    state: z.enum(['waiting', 'delivered', 'given-up', 'older']).meta({
      description: 'older: it ended, and the receiver has had 200 others since',
    }),
    at: z.string().optional().meta({ description: 'when it was delivered or given up' }),
    attempts: z.int().optional(),
    status: z.int().optional().meta({ description: 'the status of the last answer' }),
    detail: z.string().optional().meta({ description: 'why it failed' }),
  })
  .meta({ id: 'Delivery' });

const announcementFields = {
  id: z.string().meta({ example: EXAMPLE }),
  type: z.enum(EVENT_TYPES),
  at: z.string(),
  deliveries: z.array(delivery),
};

export const announcementView = z
  .object({ ...announcementFields, data: z.record(z.string(), z.unknown()) })
  .meta({ id: 'AnnouncementMade' });

const receiverView = z
  .object({
    url: z.string(),
    types: z.array(z.enum(EVENT_TYPES)),
    waiting: z.int().meta({ description: 'how many wait; 1000 stands for more' }),
    failures: z.int().meta({ description: 'attempts since the last success' }),
    failingSince: z.string().nullable(),
    lastFailure: z.string().nullable(),
    nextAttemptAt: z.string().nullable(),
  })
  .meta({ id: 'Receiver' });

export const announcementPage = z.object({
  receivers: z.array(receiverView),
  items: z.array(z.object(announcementFields)),
  cursor: z.string().nullable().meta({ description: 'where the next page begins; null at the end' }),
});

export const announcementSent = z
  .object({
    id: z.string(),
    results: z.array(
      z.object({
        url: z.string(),
        isTaken: z.boolean(),
        status: z.int().optional(),
        detail: z.string().optional().meta({ description: 'why it was not taken' }),
      }),
    ),
    dryRun: z.boolean(),
  })
  .meta({ id: 'SentAgain' });
