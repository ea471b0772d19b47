/** Writes the types of the client's package from the contract. They need no other package. */
import * as z from 'zod';
import type { Call } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { inlined, type Schema, typeOf } from './schema-type.ts';

const HEAD = `/** What a call was refused with (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly [member: string]: unknown;
}

export type Fault =
  | { readonly reason: 'refused'; readonly status: number; readonly problem: Problem }
  | { readonly reason: 'unreachable'; readonly detail: string };

/** The answer of a call, or the reason why there is none. \`etag\` is what \`ifMatch\` of the next write takes. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly etag: string | undefined; readonly cursor: string | undefined }
  | { readonly ok: false; readonly error: Fault };

export interface Options {
  /** The origin, such as \`https://mirror.example.org\`; empty in a page of the same origin. */
  readonly url: string;
  readonly token?: string;
  /** Like \`fetch\`, which it is unless another one is given. */
  readonly send?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface FlatcarEdge {
  call<N extends keyof Calls>(name: N, input: Calls[N]['input']): Promise<Outcome<Calls[N]['answer']>>;
}

/** Returns a client of the service at \`url\`. */
export declare function flatcarEdge(options: Options): FlatcarEdge;
`;

const CONDITIONS = `
    /** The \`ETag\` that it must have. */
    readonly ifMatch?: string | undefined;
    /** \`*\`: it must not exist yet. */
    readonly ifNoneMatch?: string | undefined;`;

/** Returns the text of `index.d.ts`. */
export function clientTypes(): string {
  const calls = Object.entries<Call>(contract).map(([name, call]) => {
    const fields = [
      fieldOf('params', call.params, false),
      fieldOf('query', call.query, true),
      fieldOf('headers', call.headers, false),
      bodyOf(call.body),
    ].join('');
    const answer = call.answer.schema === undefined ? 'string' : typeOf(jsonOf(call.answer.schema, 'output'), '    ');
    const input = `{${fields}${call.isConditional === true ? CONDITIONS : ''}\n    }`;
    return `  /** ${call.summary}. */\n  ${name}: {\n    input: ${input};\n    answer: ${answer};\n  };`;
  });
  return `${HEAD}\n/** Every call of the API. */\nexport interface Calls {\n${calls.join('\n')}\n}\n`;
}

const jsonOf = (schema: z.ZodType, io: 'input' | 'output') =>
  inlined(z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline', target: 'draft-2020-12' }) as Schema);

function fieldOf(name: string, schema: z.ZodObject | undefined, isOptional: boolean): string {
  if (schema === undefined) return '';
  const type = typeOf(jsonOf(schema, 'input'), '      ');
  return `\n      readonly ${name}${isOptional ? '?' : ''}: ${type}${isOptional ? ' | undefined' : ''};`;
}

function bodyOf(body: Call['body']): string {
  if (body === undefined) return '';
  const mark = body.isOptional === true ? '?' : '';
  const type =
    body.kind === 'raw' ? 'string | Uint8Array<ArrayBuffer>' : typeOf(jsonOf(body.schema, 'input'), '      ');
  return `\n      readonly body${mark}: ${type};`;
}
