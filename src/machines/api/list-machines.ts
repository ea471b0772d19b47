/** A page of machines with their states. It reads summaries only, so that it costs what a page costs, however many there are. */
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { OperatorFault } from '../problems.ts';
import type { machinePage } from './call-answers.ts';
import { machinesQuery } from './call-requests.ts';
import { type Filter, filterFor, type Item, type KnownProfiles, lookAt } from './look-at-machines.ts';
import { readShape } from './machine-request.ts';
import { named } from './page-items.ts';
import { type MachineRoom, placeIn, refuse } from './room.ts';

const PAGE = 100;
/** A call looks at so many machines in all: the cursor goes on from there. */
const MOST_LOOKED = 10_000;

/** Answers `GET /api/machines`. */
export async function listMachines(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(machinesQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const { cursor, profile, fleet, state, prefix } = asked.value;
  const filter = filterFor(call, { profile, fleet, state, prefix });
  const list = `machines ${JSON.stringify(filter ?? null)}`;
  const place = await placeIn(room, list, cursor);
  if (!place.ok) return refuse(call, place.error);
  const page = filter === undefined ? ok(NOTHING) : await pageAfter(room, filter, place.value);
  if (!page.ok) return refuse(call, page.error);
  const { items, unreadable, place: next } = page.value;
  const answer = { items: [...items], ...named([...unreadable]), cursor: await room.cursors.make(list, next) };
  return answerJson<typeof machinePage>(answer);
}

interface FilteredPage {
  readonly items: readonly Item[];
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  /** The last id that was looked at; `null` at the end. */
  readonly place: string | null;
}

const NOTHING: FilteredPage = { items: [], unreadable: [], place: null };

async function pageAfter(
  room: MachineRoom,
  filter: Filter,
  from: string,
): Promise<Result<FilteredPage, OperatorFault>> {
  const { profile, fleet, state, labels } = filter;
  const isFiltered = [profile, fleet, state].some((asked) => asked !== undefined) || Object.keys(labels).length > 0;
  const profiles: KnownProfiles = new Map();
  const items: Item[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  let after = from;
  for (let looked = 0; looked < MOST_LOOKED; ) {
    const look = await lookAt(room, filter, profiles, isFiltered ? { after } : { after, limit: PAGE });
    if (!look.ok) return look;
    unreadable.push(...look.value.unreadable);
    const isMore = items.length + look.value.items.length > PAGE;
    items.push(...look.value.items.slice(0, PAGE - items.length));
    if (isMore) return ok({ items, unreadable, place: items.at(-1)?.id ?? null });
    looked += look.value.looked;
    after = look.value.last ?? after;
    if (look.value.isEnd) return ok({ items, unreadable, place: null });
    if (items.length === PAGE) break;
  }
  return ok({ items, unreadable, place: after });
}
