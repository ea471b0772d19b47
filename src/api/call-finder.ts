/** Finds the call of the contract that a request makes, and the names that the call does not take. No I/O. */
import * as z from 'zod';
import { unknownName } from '../shared/http/api.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import type { Call } from './contract/call.ts';

export interface FoundCall {
  /** The operation id. */
  readonly name: string;
  readonly call: Call;
  /** The parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** More faults than this help nobody. */
const MOST_ERRORS = 20;

/** Returns a function that finds the call of a method and a path; `undefined` for those that no call has. */
export function callFinder(
  contract: Readonly<Record<string, Call>>,
): (method: string, path: string) => FoundCall | undefined {
  const calls = new Map<
    string,
    { readonly name: string; readonly call: Call; readonly segments: readonly string[] }[]
  >();
  for (const [name, call] of Object.entries(contract)) {
    const key = call.method.toUpperCase();
    calls.set(key, [...(calls.get(key) ?? []), { name, call, segments: call.path.split('/') }]);
  }
  // `/api/machines/export` fits `/api/machines/{id}` too.
  for (const list of calls.values()) list.sort((a, b) => parameters(a.segments) - parameters(b.segments));
  return (method, path) => {
    const asked = path.split('/');
    const found = (calls.get(method === 'HEAD' ? 'GET' : method) ?? []).find(({ segments }) => fits(segments, asked));
    return found && { name: found.name, call: found.call, params: paramsIn(found.segments, asked) };
  };
}

/**
 * Refuses query parameters that a call does not take, and one that is given twice: a name that is misspelt must not be taken
 * for an absent one. `names` are those of the query, as often as they stand there.
 */
export function unknownNames({ query }: Call, names: Iterable<string>): Problem | undefined {
  const known = Object.keys(query?.shape ?? {});
  const asked = [...names];
  // `label.NAME` stands for every name of a label.
  const isLabel = (name: string) => known.includes('label.NAME') && /^label\.[a-z]/.test(name);
  const unknown = [...new Set(asked)].filter((name) => !known.includes(name) && !isLabel(name)).slice(0, MOST_ERRORS);
  const [first, ...others] = unknown.map((name) => unknownName(name, known, 'the query'));
  if (first !== undefined) return fieldProblem([first, ...others], 'unknown-name');
  // Nobody can say which of two values is meant.
  const twice = asked.find((name, index) => asked.indexOf(name) !== index && !isList(query?.shape[name]));
  return twice === undefined ? undefined : fieldProblem([{ field: twice, message: 'is given more than once' }]);
}

/** True for a parameter that may be given several times. */
const isList = (schema: unknown): boolean => {
  if (schema instanceof z.ZodOptional) return isList(schema.unwrap());
  return schema instanceof z.ZodPipe ? isList(schema.in) : schema instanceof z.ZodArray;
};

const isParameter = (segment: string): boolean => segment.startsWith('{');
const parameters = (segments: readonly string[]): number => segments.filter(isParameter).length;

function fits(segments: readonly string[], asked: readonly string[]): boolean {
  if (segments.length !== asked.length) return false;
  return segments.every((segment, index) => (isParameter(segment) ? asked[index] !== '' : segment === asked[index]));
}

function paramsIn(segments: readonly string[], asked: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries())
    if (isParameter(segment)) params[segment.slice(1, -1)] = decoded(asked[index] ?? '');
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
