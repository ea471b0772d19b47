/** Looks at the machines of a profile: which of them a change of the profile would keep from booting, and why. */
import type { LayeredEntry } from '../ignition/compose.ts';
import { ok, type Result } from '../shared/result.ts';
import { type MachinePorts, profilesNamed } from './issue.ts';
import { openProfile, type ProfileTexts } from './layers/layers.ts';
import { readerFor } from './layers/machine-reader.ts';
import { renderBeside } from './layers/render.ts';
import { SAMPLE_URLS } from './layers/variables.ts';
import { machineProblem, type OperatorFault } from './problems.ts';
import { type UnreadableMachine, usersOf } from './profile-users.ts';
import { type Machine, profilesOf } from './records/model.ts';

/** The layers of a profile, and the Ignition that it names. */
export interface Layers extends ProfileTexts {
  readonly ignition: string | null;
  /** They go into no config, and so break none. */
  readonly kernelArgs: readonly string[];
}

/** Machines that the same fault would keep from booting. */
interface BrokenGroup {
  readonly cause: string;
  readonly count: number;
  readonly examples: readonly { readonly id: string; readonly entries: readonly LayeredEntry[] }[];
}

/** What a change would do to the machines that were looked at. */
export interface Effect {
  readonly checked: number;
  readonly broken: number;
  /** The most frequent cause first. */
  readonly breaks: readonly BrokenGroup[];
  /** Machines whose records cannot be read. A change counts as one that may break them. */
  readonly unreadable: readonly UnreadableMachine[];
  /** Where a check goes on; `null` when there are no more machines. */
  readonly cursor: string | null;
}

export const NO_EFFECT: Effect = { checked: 0, broken: 0, breaks: [], unreadable: [], cursor: null };

interface Limits {
  /** The most machines to look at. */
  readonly most: number;
  /** No page begins after this time, in milliseconds since the epoch. */
  readonly until: number;
  /** Only machines whose uses were written at this time or later, in milliseconds since the epoch. */
  readonly since?: number;
}

const PAGE = 100;
const MOST_CAUSES = 50;
const MOST_EXAMPLES = 3;
const MOST_ENTRIES = 20;
const MOST_NAMED = 100;

/** Returns the effect on the machines after `from`, added to what was found `sofar`. */
export async function effectOn(
  ports: MachinePorts,
  name: string,
  { old, layers }: { readonly old: Layers; readonly layers: Layers },
  sofar: Effect,
  from: string | undefined,
  { most, until, since }: Limits,
): Promise<Result<Effect, OperatorFault>> {
  const known = new Map<string, Layers>();
  const groups = new Map(sofar.breaks.map((group) => [group.cause, group]));
  const unreadable = [...sofar.unreadable];
  let { checked, broken } = sofar;
  const stopAt = checked + most;
  let cursor = from;
  do {
    const users = await usersOf(ports, name, cursor, PAGE, since);
    if (!users.ok) return users;
    checked += users.value.readable.length + users.value.unreadable.length;
    unreadable.push(...users.value.unreadable.slice(0, MOST_NAMED - unreadable.length));
    for (const { machine, user, says } of users.value.readable) {
      const others = await othersOf(ports, machine, name, known);
      if (!others.ok && others.error.reason === 'store-unreachable') return others;
      if (!others.ok) {
        unreadable.push({ id: machine.id, reason: machineProblem(others.error).detail });
        continue;
      }
      const composed = async (own: Layers) => {
        const profiles = others.value.map((other) => other ?? own);
        const reader = readerFor(machine, profiles);
        return await renderBeside(ports.platform, { profiles, machine: says, user, reader }, SAMPLE_URLS);
      };
      const now = await composed(layers);
      if (now.ok) continue;
      // The change cannot break a machine that does not boot before it.
      const before = await composed(old);
      if (!before.ok) continue;
      broken += 1;
      addTo(groups, machine.id, now.error.entries);
    }
    cursor = users.value.cursor;
  } while (cursor !== undefined && checked < stopAt && ports.platform.now() < until);
  const breaks = [...groups.values()].toSorted((a, b) => b.count - a.count);
  return ok({ checked, broken, breaks, unreadable, cursor: cursor ?? null });
}

/** Returns the layers of a machine's profiles, in order; `undefined` stands for the one that is changed. */
async function othersOf(
  ports: MachinePorts,
  machine: Machine,
  changed: string,
  known: Map<string, Layers>,
): Promise<Result<readonly (Layers | undefined)[], OperatorFault>> {
  const layers: (Layers | undefined)[] = [];
  for (const name of profilesOf(machine)) {
    if (name !== changed && !known.has(name)) {
      const found = await profilesNamed(ports, [name]);
      if (!found.ok) return found;
      for (const profile of found.value) {
        const texts = await openProfile(ports.vault, profile);
        if (!texts.ok) return texts;
        known.set(name, { ...texts.value, ignition: profile.ignition ?? null, kernelArgs: [] });
      }
    }
    layers.push(name === changed ? undefined : known.get(name));
  }
  return ok(layers);
}

function addTo(groups: Map<string, BrokenGroup>, id: string, entries: readonly LayeredEntry[]): void {
  const first = entries.find(({ severity }) => severity === 'error');
  // The same fault stands at other places in other configs.
  const cause =
    first === undefined ? 'not valid' : `${first.layer}: ${first.path.replaceAll(/\d+/g, '*')}: ${first.message}`;
  // So many causes are of as many configs; those that come later are counted together.
  const key = groups.has(cause) || groups.size < MOST_CAUSES ? cause : 'other causes';
  const group = groups.get(key) ?? { cause: key, count: 0, examples: [] };
  const example = { id, entries: entries.slice(0, MOST_ENTRIES) };
  const examples = group.examples.length < MOST_EXAMPLES ? [...group.examples, example] : group.examples;
  groups.set(key, { cause: key, count: group.count + 1, examples });
}
