/** What a change makes of a profile, and the record of it. */
import type { LayeredEntry } from '../ignition/compose.ts';
import { type Conflict, change, type Stored } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import type { Sources } from './layers/sources.ts';
import type { Declared } from './layers/variables.ts';
import type { OperatorFault } from './problems.ts';
import type { Layers } from './profile-effect.ts';
import { isUnreadable, ON_THE_LINE, recordText, replaceableProfile, type Unreadable } from './records/documents.ts';
import { changedIn, type Profile, profileContext } from './records/model.ts';

export type ProfilePart = 'base' | 'default';

/** What is stored of a profile, and the layers that it has now and would have after a change. */
export interface Plan {
  readonly stored: Stored<Profile | Unreadable> | undefined;
  readonly before: Profile | undefined;
  readonly old: Layers;
  readonly layers: Layers;
  /** What the layers were written in before, and after the change. */
  readonly sources: { readonly old: Sources; readonly next: Sources };
  readonly entries: readonly LayeredEntry[];
}

/** True when the profile is already what the change makes of it. */
export const isSame = ({ old, layers, before, sources }: Plan): boolean =>
  before !== undefined &&
  (['base', 'default'] as const).every((field) => old[field] === layers[field]) &&
  // A remark that changed is worth keeping, though no machine notices it.
  (['base', 'default'] as const).every((field) => sources.old[field]?.text === sources.next[field]?.text) &&
  hasSameSettings(old, layers);

const hasSameSettings = (old: Layers, layers: Layers): boolean =>
  hasSameEngine(old, layers) &&
  hasSameCloudInit(old, layers) &&
  old.kernelArgs.join(' ') === layers.kernelArgs.join(' ');

/** What decides how its bases are read: engine, reader, and the variables in them. */
const hasSameEngine = (old: Layers, layers: Layers): boolean =>
  old.engine === layers.engine &&
  old.ignition === layers.ignition &&
  (old.metadataUnit ?? false) === (layers.metadataUnit ?? false) &&
  sortedText(old.vars) === sortedText(layers.vars);

const sortedText = (vars: Declared): string =>
  JSON.stringify(Object.entries(vars).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const hasSameCloudInit = (old: Layers, layers: Layers): boolean =>
  (old.cloudInit ?? 'on') === (layers.cloudInit ?? 'on');

/** Returns the record of the profile after the change, with its texts sealed. */
export async function sealedProfile(
  { vault, platform }: MachinePorts,
  name: string,
  found: Profile | Unreadable | undefined,
  { old, layers, before, sources }: Plan,
): Promise<Profile> {
  const generation = (found === undefined || isUnreadable(found) ? 0 : found.generation) + 1;
  const now = new Date(platform.now()).toISOString();
  const seal = async (layer: ProfilePart) => {
    const text = layers[layer];
    return text === undefined
      ? null
      : { ...before?.[layer], ...(await vault.seal(text, profileContext({ name, generation }, layer))) };
  };
  const sealedVars = async () => {
    const text = JSON.stringify(layers.vars);
    return text === '{}' ? null : await vault.seal(text, profileContext({ name, generation }, 'vars'));
  };
  const sealedSources = async () => {
    const text = JSON.stringify(sources.next);
    return text === '{}' ? null : await vault.seal(text, profileContext({ name, generation }, 'sources'));
  };
  const since = (part: 'base' | 'default' | 'settings', isSameNow: boolean) =>
    before !== undefined && isSameNow ? changedIn(before, part) : generation;
  return {
    // A later version of this software may have added fields to the record.
    ...before,
    name,
    engine: layers.engine,
    ignition: layers.ignition,
    ...(layers.cloudInit === undefined ? {} : { cloudInit: layers.cloudInit }),
    ...(layers.metadataUnit === undefined ? {} : { metadataUnit: layers.metadataUnit }),
    kernelArgs: [...layers.kernelArgs],
    vars: await sealedVars(),
    sources: await sealedSources(),
    generation,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    deletedAt: null,
    base: await seal('base'),
    default: await seal('default'),
    changed: {
      base: since('base', old.base === layers.base),
      // `cloudInit` goes into what boots beside user data that is no Ignition config, as the default does.
      default: since('default', old.default === layers.default && hasSameCloudInit(old, layers)),
      settings: since('settings', hasSameEngine(old, layers)),
    },
  };
}

/** Writes the profile if the stored record is still the one that was checked. */
export async function writeProfile(
  ports: MachinePorts,
  profile: Profile,
  replacing: string | undefined,
): Promise<Result<{ readonly profile: Profile; readonly etag: string }, OperatorFault>> {
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
  return ok({ profile: value, etag });
}
