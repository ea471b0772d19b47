/** An operator's actions on profiles. A change that would keep machines from booting is refused unless it is forced. */
import type { Engine } from '../ignition/combine.ts';
import type { LayeredEntry } from '../ignition/compose.ts';
import type { Stored } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import type { CloudInit } from './layers/cloud-init.ts';
import { openProfile, type ProfileTexts } from './layers/layers.ts';
import { openSources, type Sources } from './layers/sources.ts';
import type { Declared } from './layers/variables.ts';
import type { OperatorFault } from './problems.ts';
import { checkProfile } from './profile-check.ts';
import { type Effect, effectOn, type Layers, NO_EFFECT } from './profile-effect.ts';
import { isSame, type Plan, type ProfilePart, sealedProfile, writeProfile } from './profile-plan.ts';
import { usersOf } from './profile-users.ts';
import { isUnreadable, replaceableProfile, type Unreadable } from './records/documents.ts';
import type { Profile } from './records/model.ts';

export interface ProfileChange {
  readonly engine?: Engine | undefined;
  /** The version of Ignition that reads the configs of its machines; `null` for that of their releases. */
  readonly ignition?: string | null | undefined;
  readonly cloudInit?: CloudInit | undefined;
  readonly metadataUnit?: boolean | undefined;
  readonly kernelArgs?: readonly string[] | null | undefined;
  /** The variables that its layers may hold, with their defaults. */
  readonly vars?: Declared | null | undefined;
  /** `null` removes the layer; with `undefined` it stays. */
  readonly base?: string | null;
  readonly default?: string | null;
  /** What a layer that is given here was written in, where that was not Ignition. */
  readonly sources?: Sources;
}

export interface ChangeOptions {
  readonly dryRun: boolean;
  readonly force: boolean;
  /** Where a dry run continues to check machines. */
  readonly cursor: string | undefined;
  readonly demands?: Demand;
}

/** What a change demands of the profile that is there: it says why the change must not happen, if it must not. */
export type Demand = (current: Stored<Profile | Unreadable> | undefined) => Promise<string | undefined>;

export interface Changed {
  readonly profile: Profile;
  readonly etag: string;
  readonly entries: readonly LayeredEntry[];
  readonly effect: Effect;
  /** False when all of it was stored already. */
  readonly isChanged: boolean;
  readonly before: number;
  /** The profile that was there. */
  readonly replaced: Profile | undefined;
  /** The check that goes on by itself, where one call could not look at every machine; the change is not stored yet. */
  readonly check?: string;
}

/** The most machines that one call checks. For more of them a check goes on by itself. */
const MOST_CHECKED = 1000;
/** A page that has taken this long is the last of its call: nobody waits longer for an answer. */
const CHECKED_WITHIN_MS = 10_000;
const DELETED_ENGINE: Engine = 'ignition';

const NOTHING: Omit<ProfileTexts, 'name'> = {
  engine: DELETED_ENGINE,
  base: undefined,
  default: undefined,
  cloudInit: undefined,
  vars: {},
};

/** Reads a profile and applies a change to its layers. Nothing is stored. */
export async function planChange(
  ports: MachinePorts,
  name: string,
  change: ProfileChange,
): Promise<Result<Plan, OperatorFault>> {
  const stored = await replaceableProfile(ports, name).read();
  if (!stored.ok) return stored;
  const found = stored.value?.value;
  const before = found === undefined || isUnreadable(found) || found.deletedAt !== null ? undefined : found;
  const texts = before === undefined ? ok(NOTHING) : await openProfile(ports.vault, before);
  if (!texts.ok) return texts;
  const old = { ...texts.value, name, ignition: before?.ignition ?? null, kernelArgs: before?.kernelArgs ?? [] };
  const layers: Layers = {
    name,
    vars: change.vars === undefined ? old.vars : (change.vars ?? {}),
    engine: change.engine ?? old.engine,
    ignition: change.ignition === undefined ? old.ignition : change.ignition,
    cloudInit: change.cloudInit ?? old.cloudInit,
    metadataUnit: change.metadataUnit ?? old.metadataUnit,
    kernelArgs: change.kernelArgs === undefined ? old.kernelArgs : (change.kernelArgs ?? []),
    base: change.base === undefined ? old.base : (change.base ?? undefined),
    default: change.default === undefined ? old.default : (change.default ?? undefined),
  };
  const written = before === undefined ? {} : await openSources(ports.vault, before);
  const sources = { old: written, next: sourcesAfter(written, change) };
  const entries = checkProfile(layers);
  return entries.ok ? ok({ stored: stored.value, before, old, layers, sources, entries: entries.value }) : entries;
}

/** A layer that is written anew loses the source that it had. */
function sourcesAfter(old: Sources, change: ProfileChange): Sources {
  const next = (layer: ProfilePart) => (change[layer] === undefined ? old[layer] : change.sources?.[layer]);
  // A later version may say more of them.
  return { ...old, base: next('base'), default: next('default') };
}

/**
 * Creates or changes a profile, and returns it with its effect on machines. Nothing is stored for a dry run, for an
 * invalid profile, for a change that breaks machines and is not forced, nor where nothing is different. Where a call cannot
 * look at every machine, `startCheck` begins a check that goes on by itself and stores the change at its end.
 */
export async function changeProfile(
  ports: MachinePorts,
  name: string,
  change: ProfileChange,
  options: ChangeOptions,
  startCheck: (plan: Plan, effect: Effect) => Promise<Result<string, OperatorFault>>,
): Promise<Result<Changed, OperatorFault>> {
  if ((await ports.vault.keyIds()).length === 0) return err({ reason: 'no-secret' });
  const planned = await planChange(ports, name, change);
  if (!planned.ok) return planned;
  const plan = planned.value;
  const { stored, before, entries } = plan;
  const is = await options.demands?.(stored);
  if (is !== undefined) return err({ reason: 'precondition', is });
  const found = stored?.value;
  // Nothing of such a profile is known, so only a forced change may take its place.
  if (isUnreadable(found) && !options.force) {
    const unreadable = [{ id: `profile ${name}`, reason: found.unreadable.detail }];
    return err({ reason: 'breaks', effect: { ...NO_EFFECT, unreadable } });
  }
  const generation = before?.generation ?? 0;
  if (before !== undefined && stored !== undefined && isSame(plan))
    return ok({
      ...{ profile: before, etag: stored.etag, entries, effect: NO_EFFECT },
      ...{ isChanged: false, before: generation, replaced: before },
    });
  const isChecked = options.dryRun || !options.force;
  const limits = { most: MOST_CHECKED, until: ports.platform.now() + CHECKED_WITHIN_MS };
  const effect = isChecked ? await effectOn(ports, name, plan, NO_EFFECT, options.cursor, limits) : ok(NO_EFFECT);
  if (!effect.ok) return effect;
  const profile = await sealedProfile(ports, name, found, plan);
  const known = { profile, entries, effect: effect.value, isChanged: true, before: generation, replaced: before };
  if (options.dryRun) return ok({ ...known, etag: stored?.etag ?? '' });
  const { broken, unreadable, cursor } = effect.value;
  if ((broken > 0 || unreadable.length > 0) && !options.force) return err({ reason: 'breaks', effect: effect.value });
  if (cursor !== null && !options.force) {
    const check = await startCheck(plan, effect.value);
    return check.ok ? ok({ ...known, etag: stored?.etag ?? '', check: check.value }) : check;
  }
  const written = await writeProfile(ports, profile, stored?.etag);
  return written.ok ? ok({ ...known, ...written.value }) : written;
}

/** Stores a change that was checked on every machine, if the profile is still the one that it was checked against. */
export async function storeChecked(
  ports: MachinePorts,
  name: string,
  plan: Plan,
): Promise<Result<{ readonly profile: Profile; readonly etag: string }, OperatorFault>> {
  const profile = await sealedProfile(ports, name, plan.stored?.value, plan);
  return await writeProfile(ports, profile, plan.stored?.etag);
}

/** Leaves a tombstone and returns it. A profile that machines use is not deleted. */
export async function deleteProfile(
  ports: MachinePorts,
  name: string,
  demands?: Demand,
): Promise<Result<{ readonly profile: Profile; readonly etag: string }, OperatorFault>> {
  const stored = await replaceableProfile(ports, name).read();
  if (!stored.ok) return stored;
  const now = new Date(ports.platform.now()).toISOString();
  const found = stored.value?.value;
  const before = isUnreadable(found)
    ? { name, generation: 0, createdAt: now, updatedAt: now, deletedAt: null, engine: DELETED_ENGINE }
    : found;
  if (before === undefined || before.deletedAt !== null) return err({ reason: 'unknown', what: 'profile' });
  const is = await demands?.(stored.value);
  if (is !== undefined) return err({ reason: 'precondition', is });
  const used = await usersOf(ports, name, undefined, 1);
  if (!used.ok) return used;
  const holders = [
    ...used.value.readable.map(({ machine }) => machine.id),
    ...used.value.unreadable.map(({ id }) => id),
  ];
  if (holders.length > 0) return err({ reason: 'in-use', machines: holders });
  const { generation } = before;
  const tombstone: Profile = {
    ...before,
    engine: DELETED_ENGINE,
    generation: generation + 1,
    updatedAt: now,
    deletedAt: now,
    base: null,
    default: null,
    vars: null,
    sources: null,
  };
  return await writeProfile(ports, tombstone, stored.value?.etag);
}
