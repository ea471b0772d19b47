/**
 * A typed client of the API. The types of a call come from the contract, so a program that asks for something else does
 * not compile. The caller passes the network in.
 */
import type * as z from 'zod';
import { err } from '../shared/result.ts';
import type { contract } from './contract/contract.ts';

type Contract = typeof contract;

export type CallName = keyof Contract;

/** The method and the path of each call. The contract itself is such a table. */
export type CallTable = Readonly<Record<CallName, { readonly method: string; readonly path: string }>>;

type InputField<N extends CallName, K extends string, As extends string> =
  Contract[N] extends Readonly<Record<K, infer S extends z.ZodType>> ? { readonly [A in As]: z.input<S> } : unknown;
type Query<N extends CallName> =
  Contract[N] extends Readonly<Record<'query', infer S extends z.ZodType>> ? { readonly query?: z.input<S> } : unknown;
type Body<N extends CallName> = Contract[N] extends { readonly body: infer B }
  ? B extends { readonly isOptional: true }
    ? { readonly body?: BodyOf<B> }
    : { readonly body: BodyOf<B> }
  : unknown;
type BodyOf<B> = B extends { readonly schema: infer S extends z.ZodType }
  ? z.input<S>
  : string | Uint8Array<ArrayBuffer>;

/** A precondition: the entity tag that the resource must have, or `*` for one that must not exist yet. */
type Conditional<N extends CallName> = Contract[N] extends { readonly isConditional: true }
  ? { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined }
  : unknown;

/** The input of a call. */
export type CallInput<N extends CallName> = InputField<N, 'params', 'params'> &
  Query<N> &
  InputField<N, 'headers', 'headers'> &
  Body<N> &
  Conditional<N>;

/** The answer of a call: JSON of its shape, or text. */
export type CallAnswer<N extends CallName> = Contract[N]['answer'] extends {
  readonly schema: infer S extends z.ZodType;
}
  ? z.output<S>
  : string;

/** A problem of RFC 9457. It may have more members. */
interface ProblemAnswer {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly [member: string]: unknown;
}

export type CallFault =
  | { readonly reason: 'refused'; readonly status: number; readonly problem: ProblemAnswer }
  | { readonly reason: 'unreachable'; readonly detail: string };

export interface ClientOptions {
  /** The origin, such as `https://edge.example.org`. It is empty in a page of the same origin. */
  readonly url: string;
  readonly token?: string;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

/** The answer of a call with the entity tag of what it is about, or the reason why there is none. */
export type CallOutcome<T> =
  | { readonly ok: true; readonly value: T; readonly etag: string | undefined; readonly cursor: string | undefined }
  | { readonly ok: false; readonly error: CallFault };

export interface ApiClient {
  /** Returns the answer of a call, or the reason why there is none. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutcome<CallAnswer<N>>>;
}

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Returns a client that calls `send`, which is like `fetch`. The token goes only into the Authorization header. */
export function apiClient(table: CallTable, { url, token, send }: ClientOptions): ApiClient {
  return {
    call: async <N extends CallName>(name: N, input: CallInput<N>) => {
      const { params = {}, query = {}, headers = {}, body, ifMatch, ifNoneMatch } = input as AnyInput;
      const conditions = {
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
      };
      if (!Object.hasOwn(table, name)) throw new TypeError(`there is no call ${name}`);
      const { method, path } = table[name];
      const filledPath = path.replace(/\{(\w+)\}/g, (_, field: string) => {
        if (params[field] === undefined) throw new TypeError(`${name} needs params.${field}`);
        return encodeURIComponent(params[field]);
      });
      const search = new URLSearchParams();
      // A parameter that may be given several times has a list.
      for (const [field, value] of Object.entries(query))
        for (const each of Array.isArray(value) ? value : [value])
          if (each !== undefined) search.append(field, String(each));
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      try {
        const answer = await send(`${url}${filledPath}${search.size === 0 ? '' : `?${search}`}`, {
          method: method.toUpperCase(),
          headers: { ...headers, ...conditions, ...authorization },
          ...(body === undefined ? {} : { body: bodyOf(body) }),
        });
        return await readAnswer<CallAnswer<N>>(answer);
      } catch (cause) {
        return err({
          reason: 'unreachable',
          detail: `${url || 'the service'} cannot be reached: ${wordsOf(cause)}`,
        } as const);
      }
    },
  };
}

/** Returns what a failed fetch says of itself; Node tells of the network only in its cause. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause : undefined;
  const code = inner !== undefined && 'code' in inner ? String(inner.code) : '';
  const words = [cause.message, inner?.message ?? '', code].filter((text) => text !== '');
  return [...new Set(words)].join(', ');
}

const bodyOf = (body: unknown): BodyInit =>
  typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body);

async function readAnswer<T>(answer: Response): Promise<CallOutcome<T>> {
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  if (answer.ok) {
    const value = (type.startsWith('application/json') ? JSON.parse(text) : text) as T;
    const [etag, cursor] = ['etag', 'x-next-cursor'].map((name) => answer.headers.get(name) ?? undefined);
    return { ok: true, value, etag, cursor };
  }
  const plainProblem = { status: answer.status, title: answer.statusText, detail: text.trim() || answer.statusText };
  const problem = type.startsWith('application/problem+json') ? (JSON.parse(text) as ProblemAnswer) : plainProblem;
  return err({ reason: 'refused', status: answer.status, problem });
}
