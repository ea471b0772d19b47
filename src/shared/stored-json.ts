/**
 * Reads JSON objects that this service stored, and checks them against their schemas (docs/storage.md, "How records
 * grow"). A later version may have written fields that this version does not know: they are kept and written back. An
 * earlier version did not write all fields that this version knows: their schemas have defaults. No I/O.
 */
import * as z from 'zod';
import { err, ok, type Result } from './result.ts';

export interface Malformed {
  readonly reason: 'stored-malformed';
  /** Names the field and says what it must be. It never contains a value. */
  readonly detail: string;
}

/**
 * Returns a schema of a stored object that keeps unknown fields. Its type hides them, so that no code uses them by
 * mistake. Code that rewrites a record spreads the object that it read, and so the unknown fields survive.
 */
export const storedObject = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strip> =>
  z.looseObject(shape) as unknown as z.ZodObject<T, z.core.$strip>;

/** Returns the object that `text` holds, or an error. It never guesses: a guess could move or expose something. */
export function parseStored<T>(schema: z.ZodType<T>, text: string): Result<T, Malformed> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err({ reason: 'stored-malformed', detail: 'it is not JSON' });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'the whole';
  return err({ reason: 'stored-malformed', detail: `${field}: ${issue?.message ?? 'not valid'}` });
}
