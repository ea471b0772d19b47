/** Refuses query parameters that a call does not take: a name that is misspelt must not be taken for an absent one. No I/O. */
import { notKnown } from '../shared/nearest.ts';
import type { Problem } from '../shared/problem.ts';
import type { Call } from './contract/call.ts';

interface Taken {
  readonly segments: readonly string[];
  readonly names: readonly string[];
}

/**
 * Returns a function that says which name of a query is not one of the call's, if there is one. Paths that no call has, and
 * methods that a path does not have, are left to the routes.
 */
export function strictNames(
  contract: Readonly<Record<string, Call>>,
): (method: string, path: string, names: Iterable<string>) => Problem | undefined {
  const calls = new Map<string, Taken[]>();
  for (const { method, path, query } of Object.values(contract)) {
    const key = method.toUpperCase();
    const taken = { segments: path.split('/'), names: Object.keys(query?.shape ?? {}) };
    calls.set(key, [...(calls.get(key) ?? []), taken]);
  }
  return (method, path, names) => {
    const segments = path.split('/');
    const fitting = (calls.get(method === 'HEAD' ? 'GET' : method) ?? []).filter((call) => fits(call, segments));
    // `/api/machines/export` fits `/api/machines/{id}` too.
    const [call] = fitting.sort((a, b) => parameters(a) - parameters(b));
    if (call === undefined) return undefined;
    for (const name of names) {
      if (call.names.includes(name)) continue;
      return {
        code: 'invalid',
        detail: `${name.slice(0, 100) || '(empty name)'}: ${notKnown(name, call.names, 'the query')}`,
      };
    }
    return undefined;
  };
}

const isParameter = (segment: string): boolean => segment.startsWith('{');
const parameters = ({ segments }: Taken): number => segments.filter(isParameter).length;

function fits({ segments }: Taken, asked: readonly string[]): boolean {
  if (segments.length !== asked.length) return false;
  return segments.every((segment, index) => (isParameter(segment) ? asked[index] !== '' : segment === asked[index]));
}
