/** An operator's actions on profiles. A change that would keep machines from booting is refused unless it is forced. */
import { longNames } from '../configs/long-names.ts';
import type { Engine } from '../ignition/combine.ts';
import { compose, type LayeredEntry } from '../ignition/compose.ts';
import { readerNamed } from '../ignition/reader.ts';
import { type Conflict, change } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type CloudInit, hashedPlaceholders, profileWarning } from './boot/cloud-init.ts';
import { readerFor } from './boot/machine-reader.ts';
import { openProfile, type ProfileTexts, render, renderBeside, SAMPLE_CLOUD_CONFIG_URL } from './boot/render.ts';
import type { MachinePorts } from './issue.ts';
import type { OperatorFault } from './problems.ts';
import { type UnreadableMachine, usersOf } from './profile-users.ts';
import { isUnreadable, ON_THE_LINE, recordText, replaceableProfile, type Unreadable } from './records/documents.ts';
import { type Profile, profileContext } from './records/model.ts';

export type ProfilePart = 'base' | 'default';

export interface ProfileChange {
  readonly engine?: Engine | undefined;
  /** The version of Ignition that reads the configs of its machines; `null` for that of their releases. */
  readonly ignition?: string | null | undefined;
  readonly cloudInit?: CloudInit | undefined;
  /** `null` removes the layer; with `undefined` it stays. */
  readonly base?: string | null;
  readonly default?: string | null;
}

export interface ChangeOptions {
  readonly dryRun: boolean;
  readonly force: boolean;
  /** Where a dry run continues to check machines. */
  readonly cursor: string | undefined;
}

/** The layers of a profile, and the Ignition that it names. */
interface Layers extends ProfileTexts {
  readonly ignition: string | null;
}

interface BrokenMachine {
  readonly id: string;
  readonly entries: readonly LayeredEntry[];
}

/** Which of the checked machines a change would keep from booting. */
interface Effect {
  readonly checked: number;
  readonly breaks: readonly BrokenMachine[];
  /** Machines whose records cannot be read. A change counts as one that may break them. */
  readonly unreadable: readonly UnreadableMachine[];
  /** Where a dry run continues; `null` when there are no more machines. */
  readonly cursor: string | null;
}

export interface Changed {
  readonly profile: Profile;
  readonly entries: readonly LayeredEntry[];
  readonly effect: Effect;
}

/** The most machines that one call checks. The operator checks more machines by dry runs, page by page. */
const MOST_CHECKED = 1000;
/** A page that has taken this long is the last of its call: nobody waits longer for an answer. */
const CHECKED_WITHIN_MS = 10_000;
const PAGE = 100;
const DELETED_ENGINE: Engine = 'ignition';

/**
 * Creates or changes a profile, and returns it with its effect on machines. Nothing is stored for a dry run, for an
 * invalid profile, or for a change that breaks machines and is not forced.
 */
export async function changeProfile(
  ports: MachinePorts,
  name: string,
  change: ProfileChange,
  options: ChangeOptions,
): Promise<Result<Changed, OperatorFault>> {
  if ((await ports.vault.keyIds()).length === 0) return err({ reason: 'no-secret' });
  const stored = await replaceableProfile(ports, name).read();
  if (!stored.ok) return stored;
  const found = stored.value?.value;
  // Nothing of such a profile is known, so only a forced change may take its place.
  if (isUnreadable(found) && !options.force) {
    const unreadable = [{ id: `profile ${name}`, reason: found.unreadable.detail }];
    return err({ reason: 'breaks', members: { checked: 0, breaks: [], unreadable, cursor: null } });
  }
  const before = isUnreadable(found) ? undefined : found;
  const old = await openProfile(ports.vault, before?.deletedAt === null ? before : undefined);
  if (!old.ok) return old;
  const oldIgnition = before?.deletedAt === null ? (before.ignition ?? null) : null;
  const was = { ...old.value, ignition: oldIgnition };
  const layers: Layers = {
    engine: change.engine ?? old.value.engine,
    ignition: change.ignition === undefined ? oldIgnition : change.ignition,
    cloudInit: change.cloudInit ?? old.value.cloudInit,
    base: change.base === undefined ? old.value.base : (change.base ?? undefined),
    default: change.default === undefined ? old.value.default : (change.default ?? undefined),
  };
  const ownEntries = checkProfile(layers);
  if (!ownEntries.ok) return ownEntries;
  const effect = await effectOn(ports, name, was, layers, options.cursor);
  if (!effect.ok) return effect;
  const profile = await sealedProfile(ports, name, before, layers);
  if (options.dryRun) return ok({ profile, entries: ownEntries.value, effect: effect.value });
  const { breaks, unreadable, cursor } = effect.value;
  const isHarmless = breaks.length === 0 && unreadable.length === 0 && cursor === null;
  if (!isHarmless && !options.force) return err({ reason: 'breaks', members: { ...effect.value } });
  const written = await writeProfile(ports, profile, stored.value?.etag);
  return written.ok ? ok({ profile, entries: ownEntries.value, effect: effect.value }) : written;
}

/** Leaves a tombstone and returns it. A profile that machines use is not deleted. */
export async function deleteProfile(ports: MachinePorts, name: string): Promise<Result<Profile, OperatorFault>> {
  const stored = await replaceableProfile(ports, name).read();
  if (!stored.ok) return stored;
  const now = new Date(ports.platform.now()).toISOString();
  const found = stored.value?.value;
  const before = isUnreadable(found)
    ? { name, generation: 0, createdAt: now, updatedAt: now, deletedAt: null, engine: DELETED_ENGINE }
    : found;
  if (before === undefined || before.deletedAt !== null) return err({ reason: 'unknown', what: 'profile' });
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
  };
  return await writeProfile(ports, tombstone, stored.value?.etag);
}

/** Checks the profile without a machine: the base alone, and the base with the default, must be valid configs. */
function checkProfile(layers: Layers): Result<readonly LayeredEntry[], OperatorFault> {
  const { engine, base } = layers;
  const named = readerNamed(layers.ignition ?? '');
  const reader = named.ok ? named.value : undefined;
  const baseAlone = compose({ base }, engine, reader);
  const whole = baseAlone.ok ? render({ ...layers, user: undefined, reader }, SAMPLE_CLOUD_CONFIG_URL) : baseAlone;
  if (!whole.ok) return err({ reason: 'invalid', entries: whole.error.entries });
  const hashed = hashedPlaceholders(layers.default);
  if (hashed.length > 0) return err({ reason: 'invalid', entries: hashed });
  const tooLong = (['base', 'default'] as const).flatMap((layer) =>
    longNames(layers[layer] ?? '').map((entry) => ({ ...entry, layer })),
  );
  if (tooLong.length > 0) return err({ reason: 'invalid', entries: tooLong });
  const warning = profileWarning(layers);
  return ok(warning === undefined ? whole.value.entries : [...whole.value.entries, warning]);
}

async function sealedProfile(
  { vault, platform }: MachinePorts,
  name: string,
  before: Profile | undefined,
  layers: Layers,
): Promise<Profile> {
  const generation = (before?.generation ?? 0) + 1;
  const now = new Date(platform.now()).toISOString();
  const seal = async (layer: ProfilePart) => {
    const text = layers[layer];
    const kept = before?.deletedAt === null ? before[layer] : null;
    return text === undefined
      ? null
      : { ...kept, ...(await vault.seal(text, profileContext({ name, generation }, layer))) };
  };
  return {
    // A later version of this software may have added fields to the record.
    ...(before?.deletedAt === null ? before : {}),
    name,
    engine: layers.engine,
    ignition: layers.ignition,
    ...(layers.cloudInit === undefined ? {} : { cloudInit: layers.cloudInit }),
    generation,
    createdAt: before === undefined || before.deletedAt !== null ? now : before.createdAt,
    updatedAt: now,
    deletedAt: null,
    base: await seal('base'),
    default: await seal('default'),
  };
}

/** Writes the profile if the stored record is still the one that was checked. */
async function writeProfile(
  ports: MachinePorts,
  profile: Profile,
  replacing: string | undefined,
): Promise<Result<Profile, OperatorFault>> {
  const written = await change<Profile | Unreadable, Conflict>(
    ports.platform,
    replaceableProfile(ports, profile.name),
    async (current) => (current?.etag === replacing ? ok(profile) : err({ reason: 'conflict' })),
    ON_THE_LINE,
  );
  if (!written.ok) return written;
  if (written.value === undefined) return err({ reason: 'conflict' });
  const { value, etag } = written.value;
  if (isUnreadable(value)) return err(value.unreadable);
  ports.platform.waitUntil(ports.copies.write('profile', profile.name, { text: recordText(value), etag }));
  return ok(value);
}

async function effectOn(
  ports: MachinePorts,
  name: string,
  old: Layers,
  changed: Layers,
  from: string | undefined,
): Promise<Result<Effect, OperatorFault>> {
  const breaks: BrokenMachine[] = [];
  const unreadable: UnreadableMachine[] = [];
  const deadline = ports.platform.now() + CHECKED_WITHIN_MS;
  let checked = 0;
  let cursor = from;
  do {
    const users = await usersOf(ports, name, cursor, PAGE);
    if (!users.ok) return users;
    checked += users.value.readable.length + users.value.unreadable.length;
    unreadable.push(...users.value.unreadable);
    for (const { machine, user } of users.value.readable) {
      const composed = async (layers: Layers) => {
        const texts = { ...layers, user, reader: readerFor(machine, layers) };
        return await renderBeside(ports.platform, texts, SAMPLE_CLOUD_CONFIG_URL);
      };
      const now = await composed(changed);
      if (now.ok) continue;
      // The change cannot break a machine that does not boot before it.
      const before = await composed(old);
      if (before.ok) breaks.push({ id: machine.id, entries: now.error.entries });
    }
    cursor = users.value.cursor;
  } while (cursor !== undefined && checked < MOST_CHECKED && ports.platform.now() < deadline);
  return ok({ checked, breaks, unreadable, cursor: cursor ?? null });
}
