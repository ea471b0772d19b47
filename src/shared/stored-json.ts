/** An object that we once stored as JSON, read back against its schema. No I/O. */
import type * as z from 'zod';
import { err, ok, type Result } from './result.ts';

export type Malformed = { readonly reason: 'stored-malformed' };

/** The object; anything else in its place is an error, never an empty one: guessing could move or expose something. */
export function parseStored<T>(schema: z.ZodType<T>, text: string): Result<T, Malformed> {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? ok(parsed.data) : err({ reason: 'stored-malformed' });
  } catch {
    return err({ reason: 'stored-malformed' });
  }
}
