/** A page of machines with their states. It reads summaries only, so that it costs what a page costs, however many there are. */
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { isCurrent, lastBootOf, machineNowOf, type ProfileNow, profileNowOf, stateOf } from '../boot/state.ts';
import type { OperatorFault } from '../problems.ts';
import type { Summary } from '../records/bucket.ts';
import type { MachinePage, machinePage } from './call-answers.ts';
import { machinesQuery } from './call-requests.ts';
import { readShape } from './machine-request.ts';
import { named, provenItems } from './page-items.ts';
import { type MachineRoom, placeIn, refuse } from './room.ts';

type Item = MachinePage['items'][number];

const PAGE = 100;
/** With a filter, a call looks at so many machines at a time, and at so many in all: the cursor goes on from there. */
const LOOK = 1000;
const MOST_LOOKED = 10_000;

interface Filter {
  readonly profile: string | undefined;
  readonly fleet: string | undefined;
  readonly state: readonly string[] | undefined;
  readonly prefix: string;
  /** The values of labels that a machine must have. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Answers `GET /api/machines`. */
export async function listMachines(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(machinesQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const { cursor, profile, fleet, state, prefix = '' } = asked.value;
  const own = call.var.caller.prefix ?? '';
  const isOutside = !prefix.startsWith(own) && !own.startsWith(prefix);
  const labels = labelsIn(call.req.query());
  const filter = { profile, fleet, state, prefix: prefix.length > own.length ? prefix : own, labels };
  const list = `machines ${JSON.stringify(filter)}`;
  const place = await placeIn(room, list, cursor);
  if (!place.ok) return refuse(call, place.error);
  const page = isOutside ? ok(NOTHING) : await pageAfter(room, filter, place.value);
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
  const wantedLabels = Object.entries(filter.labels);
  const isFiltered =
    [filter.profile, filter.fleet, filter.state].some((asked) => asked !== undefined) || wantedLabels.length > 0;
  const profiles = new Map<string, ProfileNow | undefined>();
  const items: Item[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  const startingWith = filter.prefix;
  let after = from;
  for (let looked = 0; looked < MOST_LOOKED; ) {
    const limit = isFiltered ? LOOK : PAGE;
    const page = await room.store.list('machine', { after, limit, startingWith });
    if (!page.ok) return page;
    const last = page.value.items.at(-1)?.name;
    if (last === undefined) return ok({ items, unreadable, place: null });
    const proven = await provenItems(room, 'machine', page.value.items);
    const wanted = proven.readable.filter(
      ({ summary }) =>
        (filter.profile === undefined || names(summary).includes(filter.profile)) &&
        (filter.fleet === undefined || (summary['fleet'] ?? '') === filter.fleet) &&
        wantedLabels.every(([name, value]) => labelsOf(summary)[name] === value),
    );
    const states = await statesBetween(room, { after, last, startingWith });
    if (!states.ok) return states;
    const known = await learnProfiles(room, wanted, profiles);
    if (!known.ok) return known;
    unreadable.push(...proven.unreadable);
    for (const { name, summary } of wanted) {
      if (items.length === PAGE) return ok({ items, unreadable, place: items.at(-1)?.id ?? null });
      const item = itemOf(name, summary, states.value.get(name), profiles, room.platform.now());
      if (filter.state === undefined || filter.state.includes(item.state)) items.push(item);
    }
    looked += page.value.items.length;
    after = last;
    if (page.value.cursor === undefined) return ok({ items, unreadable, place: null });
    if (items.length === PAGE) break;
  }
  return ok({ items, unreadable, place: after });
}

/** Returns the states of the machines after `after` up to `last`. */
async function statesBetween(
  { store }: MachineRoom,
  { after, last, startingWith }: { readonly after: string; readonly last: string; readonly startingWith: string },
): Promise<Result<ReadonlyMap<string, Summary>, StoreFault>> {
  const states = new Map<string, Summary>();
  let from = after;
  for (;;) {
    const page = await store.states({ after: from, limit: LOOK, startingWith });
    if (!page.ok) return page;
    for (const { name, summary } of page.value.items) states.set(name, summary);
    const end = page.value.items.at(-1)?.name;
    // Names with their ending are in the order of the store: `a-b.json` comes before `a.json`.
    if (page.value.cursor === undefined || end === undefined || `${end}.json` >= `${last}.json`) return ok(states);
    from = end;
  }
}

/** Adds the profiles of these machines to those that are known. */
async function learnProfiles(
  { store }: MachineRoom,
  machines: readonly { readonly summary: Summary }[],
  known: Map<string, ProfileNow | undefined>,
): Promise<Result<undefined, OperatorFault>> {
  for (const name of new Set(machines.flatMap(({ summary }) => names(summary)))) {
    if (name === '' || known.has(name)) continue;
    const head = await store.head('profile', name);
    if (!head.ok) return err(head.error);
    known.set(name, head.value === undefined ? undefined : profileNowOf(head.value.summary));
  }
  return ok(undefined);
}

/** Returns the names of a machine's profiles; one empty name for none. */
const names = (summary: Summary): readonly string[] => (summary['profile'] ?? '').split(',');

const LABEL = 'label.';

/** Returns the labels that a query asks for. */
const labelsIn = (query: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query)
      .filter(([name]) => name.startsWith(LABEL))
      .map(([name, value]) => [name.slice(LABEL.length), value]),
  );

/** Returns the labels of a summary, which was signed with the record. */
const labelsOf = ({ labels = '{}' }: Summary): Record<string, string> => JSON.parse(labels) as Record<string, string>;

function itemOf(
  id: string,
  summary: Summary,
  state: Summary | undefined,
  profiles: ReadonlyMap<string, ProfileNow | undefined>,
  now: number,
): Item {
  const machine = machineNowOf(summary);
  const lastBoot = state === undefined ? undefined : lastBootOf(state);
  const own = machine.profiles.map((name) => profiles.get(name));
  return {
    id,
    profile: machine.profiles[0] ?? null,
    profiles: [...machine.profiles],
    labels: labelsOf(summary),
    fleet: summary['fleet'] ?? null,
    kind: machine.kind,
    generation: machine.generation,
    expiresAt: machine.expiry === 0 ? null : new Date(machine.expiry * 1000).toISOString(),
    updatedAt: summary['updated'] ?? '',
    state: stateOf(lastBoot, machine, own, now),
    lastBoot: lastBoot ?? null,
    isCurrent: lastBoot === undefined ? null : isCurrent(lastBoot, machine, own),
  };
}
