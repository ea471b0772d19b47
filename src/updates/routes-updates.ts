/** Answers update_engine: `POST /v1/update/`, and the same below a boot URL for the machine or the fleet of that URL. */
import type { Catalogue } from '../releases/catalogue.ts';
import type { Pair, Version } from '../releases/model.ts';
import { causeFields } from '../shared/cause.ts';
import { apiBody } from '../shared/http/api.ts';
import { CACHE } from '../shared/http/cache.ts';
import type { LogEvent } from '../shared/log.ts';
import type { Platform } from '../shared/platform.ts';
import { methodNotAllowed, type Problem, problemLine } from '../shared/problem.ts';
import { ok, type Result } from '../shared/result.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import { type OfferPorts, offerFor } from './offer.ts';
import { type AppAnswer, answerText, type Offer } from './omaha-answer.ts';
import { type AskingApp, parseRequest, type UpdateEvent } from './omaha-request.ts';
import { followedBy } from './tracks.ts';

/** What is counted of a request. `version` is what the machine runs, and `told` an event or how its question was answered. */
interface Told extends Pair {
  readonly version: Version | undefined;
  readonly told: string;
}

export interface UpdateRoom extends OfferPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** PUBLIC_URL. If it is empty, the origin of the request is used. */
  readonly publicUrl: string;
  readonly count: (told: Told) => void;
  /** True for a name that can be followed: an alias, or a ring that somebody made. */
  readonly isThere: (pair: Pair, name: string) => Promise<Result<boolean, StoreFault>>;
}

/** What a boot URL says of whoever asks by it. */
export interface Place extends Pair {
  readonly version: string;
}

const BODY_LIMIT = 64 * 1024;

/** True for the path behind a boot URL at which its machine or its fleet asks for updates. */
export const asksForUpdate = (path: string): boolean => /^\/boot\/[^/]+\/update\/?$/.test(path);

/** Answers a request. `of` is the place of a boot URL; without it, the track of the request says what is followed. */
export async function answerUpdate(
  room: UpdateRoom,
  { request, log }: { readonly request: Request; readonly log: LogEvent },
  of?: Place,
): Promise<Response> {
  if (request.method !== 'POST') return problemLine(methodNotAllowed('POST'), request.method);
  const body = await apiBody(room.platform, request, BODY_LIMIT);
  if (!body.ok) return problemLine(body.error);
  const apps = parseRequest(new TextDecoder().decode(body.value));
  if (!apps.ok) return problemLine({ code: 'bad-request', detail: `the request cannot be read: ${apps.error}` });
  const origin = room.publicUrl || new URL(request.url).origin;
  const answers: AppAnswer[] = [];
  for (const app of apps.value) {
    const answer = await answerApp(room, app, origin, of);
    if (!answer.ok) {
      log.set({ reason: answer.error.reason, ...causeFields(answer.error) });
      return problemLine(unavailable(answer.error));
    }
    const { offer } = answer.value;
    log.set({ update: offerWord(offer), runs: app.version, track: app.track, board: app.board });
    answers.push(answer.value);
  }
  const bytes = new TextEncoder().encode(answerText(answers));
  return new Response(bytes, {
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      'content-length': String(bytes.length),
      'cache-control': CACHE.never,
    },
  });
}

const unavailable = (fault: StoreFault): Problem => ({
  code: 'unavailable',
  detail: storeProblemText(fault),
  cause: fault,
});

const offerWord = (offer: Offer | null | 'error' | undefined): string =>
  offer === undefined ? 'not asked' : offer === null ? 'noupdate' : offer === 'error' ? 'unknown' : offer.version;

async function answerApp(
  room: UpdateRoom,
  app: AskingApp,
  origin: string,
  of: Place | undefined,
): Promise<Result<AppAnswer, StoreFault>> {
  const { id, isPinging, wantsUpdate, events, version } = app;
  const unknown = (status: string): AppAnswer => {
    const offer = wantsUpdate ? 'error' : undefined;
    return { id, status, isPinged: isPinging, events: events.length, offer };
  };
  if (!app.isFlatcar) return ok(unknown('error-unknownApplication'));
  const followed = of ?? placeOf(followedBy(room.catalogue, app));
  if (followed === undefined) return ok(unknown('error-unknownApplicationOrGroup'));
  const { channel, board } = followed;
  const isThere = of === undefined ? await room.isThere({ channel, board }, followed.version) : ok(true);
  if (!isThere.ok) return isThere;
  if (!isThere.value) return ok(unknown('error-unknownApplicationOrGroup'));
  for (const event of events) room.count({ channel, board, version, told: eventWord(event) });
  if (!wantsUpdate) return ok({ id, status: 'ok', isPinged: isPinging, events: events.length, offer: undefined });
  const offer = await offerFor(room, { channel, board, follows: followed.version, version }, origin);
  if (!offer.ok) return offer;
  room.count({ channel, board, version, told: offer.value === null ? 'noupdate' : 'offered' });
  return ok({ id, status: 'ok', isPinged: isPinging, events: events.length, offer: offer.value });
}

const placeOf = (followed: (Pair & { readonly name: string }) | undefined): Place | undefined =>
  followed === undefined ? undefined : { channel: followed.channel, board: followed.board, version: followed.name };

/** Names the events that Nebraska knows (docs of flatcar/nebraska, "instance statuses"). */
function eventWord({ type, result }: UpdateEvent): string {
  if (result === 0) return 'failed';
  if (type === 3) return result === 2 ? 'complete' : 'installed';
  return type === 13 ? 'downloading' : type === 14 ? 'downloaded' : 'other';
}
