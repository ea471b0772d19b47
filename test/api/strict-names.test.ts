/** A name that is misspelt is never taken for one that is absent: of every call of the contract. */
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { strictNames } from '../../src/api/strict-names.ts';
import { nearest } from '../../src/shared/nearest.ts';

const unknownName = strictNames(contract);
const calls = Object.entries<Call>(contract).filter(([, { path }]) => path.startsWith('/api/'));
const pathOf = ({ path }: Call) => path.replaceAll(/\{\w+\}/g, 'x1');
const everyName = [...new Set(calls.flatMap(([, { query }]) => Object.keys(query?.shape ?? {})))];

describe.each(calls)('%s', (_id, call) => {
  const method = call.method.toUpperCase();
  const takes = Object.keys(call.query?.shape ?? {});
  it('takes its own names', () => {
    expect(unknownName(method, pathOf(call), takes)).toBeUndefined();
  });
  it('refuses a name that nobody knows', () => {
    expect(unknownName(method, pathOf(call), [...takes, 'qqqqqqqqqq'])?.detail).toMatch(
      /^qqqqqqqqqq: is not known: the query takes/,
    );
  });
  it('refuses the names of other calls', () => {
    for (const name of everyName.filter((other) => !takes.includes(other)))
      expect(unknownName(method, pathOf(call), [name]), name).toMatchObject({ code: 'invalid' });
  });
});

it('names what was meant', () => {
  const detail = (method: string, path: string, name: string) => unknownName(method, path, [name])?.detail;
  expect(detail('PUT', '/api/machines/vm', 'profil')).toMatch(
    /^profil: is not known, perhaps profile: the query takes /,
  );
  expect(detail('PUT', '/api/profiles/web/base', 'dryrun')).toMatch(/^dryrun: is not known, perhaps dry_run: /);
  expect(detail('DELETE', '/api/machines/vm', 'force')).toBe('force: is not known: the query takes none');
});

it.each([
  ['GET', '/api/nothing'],
  ['PATCH', '/api/machines/vm'],
  ['GET', '/api/machines//explain'],
])('%s %s is left to the routes', (method, path) => {
  expect(unknownName(method, path, ['anything'])).toBeUndefined();
});

it.each([
  ['revok', ['revoke', 'expires_in'], 'revoke'],
  ['expiresIn', ['revoke', 'expires_in'], 'expires_in'],
  ['expires', ['revoke', 'expires_in'], 'expires_in'],
  ['zzz', ['revoke'], undefined],
  ['a', ['b'], undefined],
  ['x'.repeat(10_000), ['revoke'], undefined],
])('the name that is nearest to %s', (name, known, meant) => {
  expect(nearest(name, known)).toBe(meant);
});
