/** Looks at the machines of a profile: which of them a change of the profile would keep from booting, and why. */
import { ok, type Result } from '../shared/result.ts';
import { addBreak, type BrokenGroup } from './break-groups.ts';
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
      const others = await layersOfProfiles(ports, machine, name, known);
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
      addBreak(groups, machine.id, now.error.entries);
    }
    cursor = users.value.cursor;
  } while (cursor !== undefined && checked < stopAt && ports.platform.now() < until);
  const breaks = [...groups.values()].toSorted((a, b) => b.count - a.count);
  return ok({ checked, broken, breaks, unreadable, cursor: cursor ?? null });
}

/** Returns the layers of a machine's profiles, in order; `undefined` stands for the one that is changed. `known` remembers them. */
export async function layersOfProfiles(
  ports: MachinePorts,
  machine: Machine,
  changed: string | undefined,
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
        known.set(name, { ...texts.value, ignition: profile.ignition ?? null, kernelArgs: profile.kernelArgs ?? [] });
      }
    }
    layers.push(name === changed ? undefined : known.get(name));
  }
  return ok(layers);
}
