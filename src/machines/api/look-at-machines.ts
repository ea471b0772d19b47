/** Looks at machines in the order of their ids, by their summaries: which a filter wants, and in which state they are. */
import type * as z from 'zod';
import type { Call } from '../../shared/http/call.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { isCurrent, lastBootOf, machineNowOf, type ProfileNow, profileNowOf, stateOf } from '../boot/state.ts';
import type { OperatorFault } from '../problems.ts';
import type { Summary } from '../records/bucket.ts';
import type { MachinePage } from './call-answers.ts';
import type { machinesQuery } from './call-requests.ts';
import { provenItems } from './page-items.ts';
import type { MachineRoom } from './room.ts';

export type Item = MachinePage['items'][number];

export interface Filter {
  readonly profile: string | undefined;
  readonly fleet: string | undefined;
  readonly state: readonly string[] | undefined;
  readonly prefix: string;
  /** The values of labels that a machine must have. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The profiles that were read on the way, so that a call reads each once. */
export type KnownProfiles = Map<string, ProfileNow | undefined>;

/** What a look at some machines found. */
interface Look {
  readonly items: readonly Item[];
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  /** How many machines it has looked at. */
  readonly looked: number;
  /** The last id of them; `undefined` where there is none. */
  readonly last: string | undefined;
  readonly isEnd: boolean;
}

const LABEL = 'label.';

type Asked = z.output<typeof machinesQuery>;

/** Returns what a call asks for, of the machines that its caller may see; `undefined` where it may see none of them. */
export function filterFor(
  call: Call,
  { profile, fleet, state, prefix = '' }: Pick<Asked, 'profile' | 'fleet' | 'state' | 'prefix'>,
): Filter | undefined {
  const own = call.var.caller.prefix ?? '';
  if (!prefix.startsWith(own) && !own.startsWith(prefix)) return undefined;
  const labels = Object.fromEntries(
    Object.entries(call.req.query())
      .filter(([name]) => name.startsWith(LABEL))
      .map(([name, value]) => [name.slice(LABEL.length), value]),
  );
  return { profile, fleet, state, prefix: prefix.length > own.length ? prefix : own, labels };
}

/** As many as R2 lists at a time. */
const LOOK = 1000;

/** Returns which of the next `limit` machines after `after` the filter wants. */
export async function lookAt(
  room: MachineRoom,
  filter: Filter,
  profiles: KnownProfiles,
  { after, limit = LOOK }: { readonly after: string; readonly limit?: number },
): Promise<Result<Look, OperatorFault>> {
  const startingWith = filter.prefix;
  const page = await room.store.list('machine', { after, limit, startingWith });
  if (!page.ok) return page;
  const looked = page.value.items.length;
  const last = page.value.items.at(-1)?.name;
  if (last === undefined) return ok({ items: [], unreadable: [], looked, last, isEnd: true });
  const proven = await provenItems(room, 'machine', page.value.items);
  const wanted = proven.readable.filter(
    ({ summary }) =>
      (filter.profile === undefined || names(summary).includes(filter.profile)) &&
      (filter.fleet === undefined || (summary['fleet'] ?? '') === filter.fleet) &&
      Object.entries(filter.labels).every(([name, value]) => labelsOf(summary)[name] === value),
  );
  const states = await statesBetween(room, { after, last, startingWith });
  if (!states.ok) return states;
  const known = await learnProfiles(room, wanted, profiles);
  if (!known.ok) return known;
  const now = room.platform.now();
  const items = wanted
    .map(({ name, summary }) => itemOf(name, summary, states.value.get(name), profiles, now))
    .filter(({ state }) => filter.state === undefined || filter.state.includes(state));
  return ok({ items, unreadable: proven.unreadable, looked, last, isEnd: page.value.cursor === undefined });
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
