/** How a call of the API is described: once, for the document, the typed client and the tests. No I/O. */
import * as z from 'zod';

/** RFC 9457, as every refusal of the API is. */
export const problem = z
  .object({
    type: z.string().meta({ example: 'urn:flatcar-edge:problem:invalid' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'one sentence for the person who reads it' }),
    instance: z.string(),
  })
  .catchall(z.unknown())
  .meta({ id: 'Problem', description: 'RFC 9457; some carry more, such as `entries`, a report on a config' });

/** Why a call can be refused; every status means the same everywhere. */
export const REFUSALS = {
  400: 'The body is not what it has to be: no JSON, or it broke off.',
  401: 'No operator token, or a wrong one; for a webhook: no signature of a known secret.',
  404: 'There is no such thing here.',
  409: 'Somebody else wrote at the same time, or what is there stands in the way; nothing was changed.',
  410: 'It was deleted, and its URLs answer 410 for ever.',
  412: 'A precondition of the request does not hold.',
  413: 'The body is over its limit.',
  422: 'Well-formed but invalid: `detail` names the field, `entries` hold the report where it is about a config.',
  502: 'Upstream answered what cannot be trusted; `detail` names the reason.',
  503: 'Our stores or upstream cannot be reached at the moment; try again.',
  504: 'Upstream is too slow.',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** What a call takes as its body: JSON of a shape, or raw bytes. */
type Body =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly isOptional?: boolean }
  | { readonly kind: 'raw'; readonly type: string; readonly description: string; readonly isOptional?: boolean };

interface Answer {
  readonly status: 200 | 202;
  readonly description: string;
  /** JSON of this shape. */
  readonly schema?: z.ZodType;
  /** A text of this media type, where it is no JSON. */
  readonly type?: string;
}

export interface Call {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** With `{name}` for what `params` holds. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly isPublic?: true;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: Body;
  readonly answer: Answer;
  readonly refusals: readonly Refusal[];
  /** Of refusals that are no problem+json: a line of text for curl and gpg, or the answer's own shape. */
  readonly refusesIn?: 'text/plain' | 'its-own-shape';
}

/** Calls by operation id. */
export type Contract = Readonly<Record<string, Call>>;
