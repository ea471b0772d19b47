/** The form in which the contract describes a call, for the document, the typed client and the tests. No I/O. */
import * as z from 'zod';

/** The body of every refusal of the API (RFC 9457). */
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

/** The reasons why a call can be refused. A status means the same for every call. */
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

/** The body that a call takes: JSON of a shape, or raw bytes. */
type Body =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly isOptional?: boolean }
  | { readonly kind: 'raw'; readonly type: string; readonly description: string; readonly isOptional?: boolean };

interface Answer {
  readonly status: 200 | 202;
  readonly description: string;
  /** The shape of an answer in JSON. */
  readonly schema?: z.ZodType;
  /** The media type of an answer that is not JSON. */
  readonly type?: string;
}

export interface Call {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** The path, with `{name}` for each of `params`. */
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
  /** The form of refusals that are not problem+json: a line of text for curl and gpg, or the shape of the answer. */
  readonly refusesIn?: 'text/plain' | 'its-own-shape';
}

/** The calls by their operation ids. */
export type Contract = Readonly<Record<string, Call>>;
