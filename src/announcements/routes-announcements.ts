/** The operator's calls about announcements: list them, show one, send one again. */
import { Hono } from 'hono';
import { answerJson, checkShape, shapeProblem } from '../shared/http/api.ts';
import { type App, type Call, refuse } from '../shared/http/call.ts';
import type { Cursors } from '../shared/http/cursor.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import type { Announcement } from './announcement.ts';
import type { AnnouncerPorts } from './announcer.ts';
import {
  type announcementPage,
  announcementParams,
  announcementQuery,
  type announcementSent,
  type announcementView,
} from './call-shapes.ts';
import { shownUrl } from './receivers.ts';
import { sendAnnouncement } from './send.ts';
import { receiverStates, viewDeliveries, viewReceiver } from './views.ts';

export interface AnnouncementRoom extends AnnouncerPorts {
  readonly cursors: Cursors;
  /** True where nothing that is written stays, and nothing is sent. */
  readonly isDry: boolean;
}

const LIST = 'announcements';
const PAGE = 50;

/** Returns the router of `/api/announcements`. */
export function announcementRoutes(room: AnnouncementRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listAnnouncements(room, call));
  app.get('/:id', async (call) => {
    const found = await announcementIn(room, call);
    if (!found.ok) return refuse(call, found.error);
    const states = await receiverStates(room);
    if (!states.ok) return refuse(call, storeProblem(states.error));
    const { id, type, at, body } = found.value;
    const { data } = JSON.parse(body) as { data: Record<string, unknown> };
    const deliveries = viewDeliveries(states.value, found.value);
    return answerJson<typeof announcementView>({ id, type, at, deliveries, data });
  });
  app.post('/:id/send', async (call) => {
    const found = await announcementIn(room, call);
    if (!found.ok) return refuse(call, found.error);
    if (room.secrets.length === 0) return refuse(call, UNSIGNED);
    const receivers = room.receivers.filter(({ types }) => types.includes(found.value.type));
    const send = async ({ url }: { readonly url: string }) => {
      const sent = room.isDry ? ok(undefined) : await sendAnnouncement(room, url, found.value);
      const status = sent.ok ? sent.value : sent.error.status;
      return {
        url: shownUrl(url),
        isTaken: sent.ok && !room.isDry,
        ...(status === undefined ? {} : { status }),
        ...(sent.ok ? {} : { detail: sent.error.detail }),
      };
    };
    const results = await Promise.all(receivers.map(send));
    return answerJson<typeof announcementSent>({ id: found.value.id, results, dryRun: room.isDry });
  });
  return app;
}

async function listAnnouncements(room: AnnouncementRoom, call: Call): Promise<Response> {
  const asked = checkShape(announcementQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const { cursor } = asked.value;
  const after = cursor === undefined ? '' : await room.cursors.read(LIST, cursor);
  if (after === undefined) return refuse(call, NO_CURSOR);
  const page = await room.store.ids(after, PAGE);
  if (!page.ok) return refuse(call, storeProblem(page.error));
  const states = await receiverStates(room);
  if (!states.ok) return refuse(call, storeProblem(states.error));
  const read = await Promise.all(page.value.names.map((id) => room.store.announcement(id)));
  const items = [];
  for (const announcement of read) {
    if (!announcement.ok && announcement.error.reason !== 'stored-malformed')
      return refuse(call, storeProblem(announcement.error));
    if (!announcement.ok || announcement.value === undefined) continue;
    const { id, type, at } = announcement.value;
    items.push({ id, type, at, deliveries: viewDeliveries(states.value, announcement.value) });
  }
  const next = await room.cursors.make(LIST, page.value.isLast ? null : (page.value.names.at(-1) ?? null));
  return answerJson<typeof announcementPage>({ receivers: states.value.map(viewReceiver), items, cursor: next });
}

async function announcementIn(room: AnnouncementRoom, call: Call): Promise<Result<Announcement, Problem>> {
  const params = checkShape(announcementParams, call.req.param());
  if (!params.ok) return err(UNKNOWN);
  const found = await room.store.announcement(params.value.id);
  if (!found.ok) return err(storeProblem(found.error));
  return found.value === undefined ? err(UNKNOWN) : ok(found.value);
}

const UNKNOWN: Problem = {
  code: 'not-found',
  detail: 'id: there is no such announcement; they are kept for 30 days',
  errors: [{ field: 'id', message: 'there is no such announcement; they are kept for 30 days' }],
};
const UNSIGNED: Problem = fieldProblem([
  { field: 'WEBHOOK_SECRET', message: 'is not set, and nothing is sent without a signature' },
]);
const NO_CURSOR: Problem = fieldProblem([
  { field: 'cursor', message: 'is not one that this call gave: take the cursor of the page before' },
]);
const storeProblem = (fault: StoreFault): Problem => ({
  code: 'unavailable',
  detail: storeProblemText(fault),
  cause: fault,
});
