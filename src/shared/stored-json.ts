/**
 * Objects that we once stored as JSON, read back against their schemas (docs/storage.md, "How records grow"). A later version may
 * have written fields that this one does not know: they are kept and written back. An earlier one lacks fields that this one
 * knows: those have defaults. No I/O.
 */
import * as z from 'zod';
import { err, ok, type Result } from './result.ts';

export interface Malformed {
  readonly reason: 'stored-malformed';
  /** Which field, and what it must be; never a value. */
  readonly detail: string;
}

/**
 * A schema of a stored object that lets unknown fields through. Its type does not show them, so that nobody can use them by
 * mistake: a rewrite that spreads the object it read keeps them.
 */
export const storedObject = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strip> =>
  z.looseObject(shape) as unknown as z.ZodObject<T, z.core.$strip>;

/** The object; anything else in its place is an error, never an empty one: guessing could move or expose something. */
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
