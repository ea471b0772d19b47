/** Reads the bodies of API calls and writes their JSON answers. It ignores the Content-Type of a body. */
import * as z from 'zod';
import { notKnown } from '../nearest.ts';
import type { Platform } from '../platform.ts';
import type { Problem } from '../problem.ts';
import { err, ok, type Result } from '../result.ts';
import { CACHE } from './cache.ts';
import { readLimited } from './read-limited.ts';

/** Returns the sentence that refuses a text of more than `limit` bytes. `what` names the text. */
export const tooLong = (what: string, limit: number): string => `${what} is over ${limit} bytes`;

/**
 * Returns the whole body, or a problem: 413 for more than `limit` bytes, 400 when the body broke off. `what` names the
 * body in the text of the problem.
 */
export async function apiBody(
  platform: Pick<Platform, 'timer'>,
  request: Request,
  limit: number,
  what = 'the body',
): Promise<Result<Uint8Array<ArrayBuffer>, Problem>> {
  const body = await readLimited(platform, request.body, limit);
  if (body.ok) return body;
  if (body.error.reason === 'too-large') return err({ code: 'too-large', detail: tooLong(what, limit) });
  return err({ code: 'bad-request', detail: 'the body broke off' });
}

/** Returns the JSON object that a body holds, or a problem (400). An empty body is an empty object. */
export function apiObject(body: Uint8Array): Result<Record<string, unknown>, Problem> {
  const fault = err({ code: 'bad-request', detail: 'the body is not a JSON object' } as const);
  try {
    const text = new TextDecoder().decode(body);
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? ok({ ...value }) : fault;
  } catch {
    return fault;
  }
}

type Frozen<T> = T extends readonly (infer Member)[]
  ? readonly Frozen<Member>[]
  : T extends object
    ? { readonly [Field in keyof T]: Frozen<T[Field]> }
    : T;

/** The read-only type of the answer that a schema of the contract describes. */
export type AnswerOf<S extends z.ZodType> = Frozen<z.output<S>>;

/**
 * Returns a JSON answer that no cache may store. The caller must name the schema of the answer, as in
 * `answerJson<typeof machineView>(…)`: without it, no body has the right type.
 */
export const answerJson = <S extends z.ZodType = never>(body: AnswerOf<NoInfer<S>>, status = 200): Response =>
  Response.json(body, { status, headers: { 'cache-control': CACHE.never } });

/** The first field that does not fit its schema. */
export interface ShapeFault {
  /** The path of the field, such as `a.b`; `body` for the whole value. */
  readonly field: string;
  readonly message: string;
}

/** Returns `value` as `schema` parses it, or the first field that is wrong and what it must be. */
export function checkShape<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, ShapeFault> {
  const checked = schema.safeParse(value);
  if (checked.success) return ok(checked.data);
  const [issue] = checked.error.issues;
  if (issue?.code === 'unrecognized_keys') return err(unknownField(schema, issue.keys[0] ?? ''));
  return err({ field: issue?.path.join('.') || 'body', message: issue?.message ?? 'is not valid' });
}

/** A name that is misspelt must not be taken for an absent one. */
function unknownField(schema: z.ZodType, name: string): ShapeFault {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return { field: name.slice(0, 100) || '(empty name)', message: notKnown(name, known, 'the body') };
}

/** Returns a 422 that names the field. */
export const shapeProblem = ({ field, message }: ShapeFault): Problem => ({
  code: 'invalid',
  detail: `${field}: ${message}`,
});
