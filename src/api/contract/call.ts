/** The form in which the contract describes a call, for the document, the typed client and the tests. No I/O. */
import * as z from 'zod';
import { SCOPES, type Scope } from '../../access/scopes.ts';
import { onOff } from '../../configs/call-requests.ts';

/** The body of every refusal of the API (RFC 9457). */
export const problem = z
  .object({
    type: z.string().meta({ example: 'urn:flatcar-edge:problem:invalid' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'one sentence for the person who reads it' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'every field that is wrong' }),
    instance: z.string(),
  })
  .catchall(z.unknown())
  .meta({ id: 'Problem', description: 'RFC 9457; some carry more, such as `entries`, a report on a config' });

/** The reasons why a call can be refused. A status means the same for every call. */
export const REFUSALS = {
  400: 'The body is not what it has to be: no JSON, or it broke off.',
  401: 'No operator token, or a wrong one; for a webhook: no signature of a known secret.',
  403: 'The token may not do this; `detail` says what it may, and what the call needs.',
  404: 'There is no such thing here.',
  409: 'Somebody else wrote at the same time, or what is there stands in the way; nothing was changed.',
  410: 'It was deleted, and its URLs answer 410 for ever.',
  412: 'A precondition of the request does not hold.',
  413: 'The body is over its limit.',
  422: 'A name that the call does not take, or a value that is wrong: `errors` name every field, `entries` hold the report where it is about a config.',
  502: 'Upstream answered what cannot be trusted; `detail` names the reason.',
  503: 'Our stores or upstream cannot be reached at the moment; try again.',
  504: 'Upstream is too slow.',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** The body that a call takes: JSON of a shape, or raw bytes. */
type Body =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly isOptional?: boolean }
  | {
      readonly kind: 'raw';
      readonly type: string;
      readonly description: string;
      readonly example: string;
      readonly isOptional?: boolean;
    };

interface Answer {
  readonly status: 200 | 202;
  readonly description: string;
  /** Set where the answer may be 202 instead, of the same shape: when that is. */
  readonly accepted?: string;
  /** The shape of an answer in JSON. */
  readonly schema?: z.ZodType;
  /** The media type of an answer that is not JSON. */
  readonly type?: string;
}

export interface Call {
  readonly method: 'get' | 'put' | 'patch' | 'post' | 'delete';
  /** The path, with `{name}` for each of `params`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly isPublic?: true;
  /** One of these words is enough to make the call. With none, only whoever may do everything makes it. */
  readonly needs?: readonly Scope[];
  /** Each of these words is needed besides. */
  readonly alsoNeeds?: readonly Scope[];
  /** A POST that only computes: it takes no `dry_run`, and leaves no entry in the trail. */
  readonly storesNothing?: boolean;
  /** It takes `If-Match` and `If-None-Match`, and its answer has an `ETag`. */
  readonly isConditional?: true;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: Body;
  readonly answer: Answer;
  readonly refusals: readonly Refusal[];
  /** The form of refusals that are not problem+json: a line of text for curl and gpg, or the shape of the answer. */
  readonly refusesIn?: 'text/plain' | 'its-own-shape';
}

/** The words of every caller: a call that anybody may make who has a token at all. */
export const ANY: readonly Scope[] = SCOPES;

/** No word is enough: only whoever may do everything makes such a call. */
export const NOBODY: readonly Scope[] = [];

/** True for a call that stores something. It takes `dry_run=1`. */
export const isWrite = ({ method, tag, storesNothing }: Pick<Call, 'method' | 'tag' | 'storesNothing'>): boolean =>
  method !== 'get' && tag !== 'Configs' && storesNothing !== true;

const dryRun = onOff.optional().meta({ description: '1: nothing is stored; the answer is the one that it would be' });

/** The query of a write that takes nothing else. */
export const writeQuery = z.object({ dry_run: dryRun });

/** The query of a write that takes the names of `query` too. */
export const writing = <S extends z.ZodRawShape>(query: z.ZodObject<S>) => query.extend({ dry_run: dryRun });

/** The calls by their operation ids. */
export type Contract = Readonly<Record<string, Call>>;
