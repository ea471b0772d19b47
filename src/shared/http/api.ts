/** Reads the bodies of API calls and writes their JSON answers. It ignores the Content-Type of a body. */
import * as z from 'zod';
import { notKnown } from '../nearest.ts';
import type { Platform } from '../platform.ts';
import { type FieldError, fieldProblem, type Problem } from '../problem.ts';
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
  const text = new TextDecoder().decode(body);
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ok({ ...value });
    return err({ code: 'bad-request', detail: `the body is not a JSON object: it is ${kindOf(value)}` });
  } catch (cause) {
    return err({ code: 'bad-request', detail: `the body is not JSON${placeOf(cause, text)}` });
  }
}

/** Returns where V8 has found the fault, if it tells. Its sentence quotes the body, so only the place is taken. */
function placeOf(cause: unknown, text: string): string {
  const position = /at position (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1];
  if (position === undefined) return text.trim() === '' ? '' : ': it ends too early';
  const before = text.slice(0, Number(position)).split('\n');
  return `: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;

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
export const answerJson = <S extends z.ZodType = never>(
  body: AnswerOf<NoInfer<S>>,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response => Response.json(body, { status, headers: { 'cache-control': CACHE.never, ...headers } });

/** The fields that do not fit their schema. */
export interface ShapeFault {
  /** The first one is the one to tell of; `body` stands for the whole value. */
  readonly errors: readonly [FieldError, ...FieldError[]];
  /** True when the first one is a name that the schema does not have. */
  readonly isUnknownName: boolean;
}

/** More faults than this help nobody. */
const MOST_ERRORS = 20;

/** Returns `value` as `schema` parses it, or every field that is wrong and what it must be. `takes` names what is read. */
export function checkShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  takes = 'the body',
): Result<z.output<T>, ShapeFault> {
  const checked = schema.safeParse(value);
  if (checked.success) return ok(checked.data);
  const unknown: FieldError[] = [];
  const wrong: FieldError[] = [];
  for (const issue of checked.error.issues.slice(0, MOST_ERRORS)) {
    // A name that is misspelt must not be taken for an absent one.
    if (issue.code === 'unrecognized_keys') {
      const known = namesAt(schema, issue.path);
      const where = issue.path.length === 0 ? takes : issue.path.join('.');
      const named = issue.keys.map((name) => unknownName(name, known, where));
      unknown.push(...named.map((error) => ({ ...error, field: [...issue.path, error.field].join('.') })));
    }
    if (issue.code !== 'unrecognized_keys') wrong.push(errorOf(issue, value));
  }
  const [first = { field: 'body', message: 'is not valid' }, ...others] = [...unknown, ...wrong].slice(0, MOST_ERRORS);
  return err({ errors: [first, ...others], isUnknownName: unknown.length > 0 });
}

/** Returns the names that a schema takes at a place of it. */
function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: z.core.$ZodType | undefined = schema;
  const rest = [...path];
  for (;;) {
    if (at instanceof z.ZodOptional || at instanceof z.ZodNullable) at = at.unwrap();
    else if (rest.length === 0) return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
    else if (at instanceof z.ZodArray) {
      rest.shift();
      at = at.element;
    } else if (at instanceof z.ZodObject) at = at.shape[String(rest.shift())] as z.core.$ZodType | undefined;
    else return [];
  }
}

/**
 * Returns the field of an issue with its words. A field that is missing is told so; every other one has the words of its
 * schema. A text that a schema takes apart is one field.
 */
function errorOf({ path, message }: z.core.$ZodIssue, value: unknown): FieldError {
  let at: unknown = value;
  const field: PropertyKey[] = [];
  for (const step of path) {
    if (typeof at !== 'object' || at === null) break;
    at = Reflect.get(at, step);
    field.push(step);
  }
  const isMissing = field.length > 0 && at === undefined;
  return { field: field.join('.') || 'body', message: isMissing ? `is missing: it ${message}` : message };
}

/** Returns the error for a name that is not known, with the one that may have been meant. */
export const unknownName = (name: string, known: readonly string[], takes: string): FieldError => ({
  field: name.slice(0, 100) || '(empty name)',
  message: notKnown(name, known, takes),
});

/** Returns a 422 that names the fields. */
export const shapeProblem = ({ errors, isUnknownName }: ShapeFault): Problem =>
  fieldProblem(errors, isUnknownName ? 'unknown-name' : 'invalid');
