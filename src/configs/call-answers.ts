/**
 * The zod schemas of what the calls about configs return. They type the routes' answers, and the API document is made
 * from them. No I/O.
 */
import * as z from 'zod';

/** The fields of every entry of a report. */
export const entryFields = {
  severity: z.enum(['error', 'warning', 'info']),
  path: z.string().meta({ description: '`storage.files.0.path`; `$` for the document itself' }),
  message: z.string(),
  line: z.int().optional().meta({ description: 'in the source text, from 1' }),
  column: z.int().optional(),
};

const entry = z.object(entryFields).meta({ id: 'Entry' });
const sidedEntry = z
  .object({ ...entryFields, layer: z.enum(['parent', 'child', 'result']) })
  .meta({ id: 'SidedEntry' });

/** The kind of a text, as a machine's record names it. */
export const kind = z.enum(['ignition', 'cloud-config', 'script', 'none']);
/** A parsed Ignition config. */
export const config = z.record(z.string(), z.unknown());

export const validation = z
  .object({
    valid: z.boolean(),
    version: z.string().nullable(),
    kind,
    error: z.string().optional().meta({ description: 'what the reference says of the whole; absent when valid' }),
    entries: z.array(entry),
  })
  .meta({ id: 'Validation' });

export const merged = z.object({ config, entries: z.array(sidedEntry) }).meta({ id: 'Merged' });
export const transpiled = z.object({ config, entries: z.array(entry) }).meta({ id: 'Transpiled' });

/** A JSON Schema (draft 2020-12). */
export const jsonSchema = z.record(z.string(), z.unknown());
