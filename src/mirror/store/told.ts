/** What was told last of the aliases of a pair. No I/O. */
import * as z from 'zod';
import { versionField } from '../../releases/store/stored-fields.ts';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';

const toldSchema = z.record(z.string(), storedObject({ version: versionField, at: z.string() }));

/** By alias: the release that it was told to name, and since when. */
export type ToldNames = Readonly<z.output<typeof toldSchema>>;

/** Parses the stored names; malformed ones are an error. */
export const parseToldNames = (text: string): Result<ToldNames, Malformed> => parseStored(toldSchema, text);
