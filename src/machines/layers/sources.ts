/** The texts that the layers of a profile were written in, where that was not Ignition. They are for people, and decide nothing. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';
import { type Profile, profileContext, type Sealed } from '../records/model.ts';
import type { Vault } from '../records/vault.ts';

const written = storedObject({ source: z.enum(['butane', 'ct']), text: z.string() });
const sources = storedObject({ base: written.optional(), default: written.optional() });

/** What one layer was written in. */
export type WrittenIn = Readonly<z.output<typeof written>>;
/** By layer; one that was written as Ignition is absent. */
export type Sources = { readonly [L in 'base' | 'default']?: WrittenIn | undefined };

/** Returns the sources that an unsealed text holds, or an error. */
const parseSources = (text: string) => parseStored(sources, text);

/**
 * Returns the sources of a profile's layers; none where they cannot be opened. An earlier version writes the layers anew and leaves the sources
 * sealed for the generation before: they are of other layers then, and nothing depends on them.
 */
export async function openSources(vault: Vault, profile: Profile): Promise<Sources> {
  if ((profile.sources ?? null) === null) return {};
  const text = await vault.open(profile.sources as Sealed, profileContext(profile, 'sources'));
  const read = text.ok ? parseSources(text.value) : text;
  return read.ok ? read.value : {};
}
