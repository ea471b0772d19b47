/** What every call of the API does with its body and its answer. Bodies are read whatever the Content-Type says. */
import type * as z from 'zod';
import type { Platform } from '../platform.ts';
import type { Problem } from '../problem.ts';
import { err, ok, type Result } from '../result.ts';
import { CACHE } from './cache.ts';
import { readLimited } from './read-limited.ts';

/** What a text that is too long is refused with. */
export const tooLong = (what: string, limit: number): string => `${what} is over ${limit} bytes`;

/** The whole body, or the problem to answer with: 413 over `limit` bytes, 400 when it broke off. `what` names it for who reads that. */
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

/** The JSON object that a body holds; 400 for anything else. An empty body is an empty object. */
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

/** What a schema of the contract describes, as an answer holds it: to be read, not to be changed. */
export type AnswerOf<S extends z.ZodType> = Frozen<z.output<S>>;

/** JSON that nobody keeps. The schema has to be named (`answerJson<typeof machineView>(…)`): without it nothing fits. */
export const answerJson = <S extends z.ZodType = never>(body: AnswerOf<NoInfer<S>>, status = 200): Response =>
  Response.json(body, { status, headers: { 'cache-control': CACHE.never } });

/** The first thing that is not as it must be. */
export interface ShapeFault {
  /** Dots between names; `body` for the whole. */
  readonly field: string;
  readonly message: string;
}

/** `value` as `schema` makes it, or which field is wrong and what it must be. */
export function checkShape<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, ShapeFault> {
  const checked = schema.safeParse(value);
  if (checked.success) return ok(checked.data);
  const [issue] = checked.error.issues;
  return err({ field: issue?.path.join('.') || 'body', message: issue?.message ?? 'is not valid' });
}

/** 422 that names the field. */
export const shapeProblem = ({ field, message }: ShapeFault): Problem => ({
  code: 'invalid',
  detail: `${field}: ${message}`,
});
