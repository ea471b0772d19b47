/** The texts that the layers of a profile were written in, where that was not Ignition. They are for people, and decide nothing. */
import * as z from 'zod';
import { understood } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { parseStored, storedObject } from '../../shared/stored-json.ts';
import { type Profile, profileContext, type Sealed } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';

const written = storedObject({ source: z.enum(['butane', 'ct']), text: z.string() });
const sources = storedObject({ base: written.optional(), default: written.optional() });

/** What one layer was written in. */
export type WrittenIn = Readonly<z.output<typeof written>>;
/** By layer; one that was written as Ignition is absent. */
export type Sources = { readonly [L in 'base' | 'default']?: WrittenIn | undefined };

/** Returns the sources that an unsealed text holds, or an error. */
const parseSources = (text: string) => parseStored(sources, text);

/** Returns the sources of a profile's layers. */
export async function openSources(vault: Vault, profile: Profile): Promise<Result<Sources, VaultFault | StoreFault>> {
  if ((profile.sources ?? null) === null) return ok({});
  const text = await vault.open(profile.sources as Sealed, profileContext(profile, 'sources'));
  if (!text.ok) return text;
  return understood(`profile ${profile.name}`, parseSources(text.value));
}
