/** A name that is misspelt is never taken for one that is absent: of every call of the contract. */
import { describe, expect, it } from 'vitest';
import { callFinder, unknownNames } from '../../src/api/call-finder.ts';
import { type Call, isWrite } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { nearest } from '../../src/shared/nearest.ts';

const find = callFinder(contract);
const calls = Object.entries<Call>(contract);
const pathOf = ({ path }: Call) => path.replaceAll(/\{\w+\}/g, 'x1');
const everyName = [...new Set(calls.flatMap(([, { query }]) => Object.keys(query?.shape ?? {})))];
const refusedFor = (method: string, path: string, names: Iterable<string>) => {
  const found = find(method, path);
  return found && unknownNames(found.call, names);
};

describe.each(calls)('%s', (name, call) => {
  const method = call.method.toUpperCase();
  const takes = Object.keys(call.query?.shape ?? {});
  it('is found by its method and its path', () => {
    expect(find(method, pathOf(call))?.name).toBe(name);
  });
  it('takes its own names', () => {
    expect(refusedFor(method, pathOf(call), takes)).toBeUndefined();
  });
  it('refuses a name that nobody knows', () => {
    expect(refusedFor(method, pathOf(call), [...takes, 'qqqqqqqqqq'])).toMatchObject({
      code: 'unknown-name',
      errors: [{ field: 'qqqqqqqqqq', message: expect.stringMatching(/^is not known: the query takes/) }],
    });
  });
  it('refuses the names of other calls', () => {
    for (const other of everyName.filter((known) => !takes.includes(known)))
      expect(refusedFor(method, pathOf(call), [other]), other).toMatchObject({ code: 'unknown-name' });
  });
  it('takes a dry run if it stores something, and says who may make it', () => {
    expect(takes.includes('dry_run')).toBe(isWrite(call));
    expect(call.isPublic === true || call.needs !== undefined).toBe(true);
  });
});

it('names what was meant, and every name that is wrong', () => {
  const detail = (method: string, path: string, name: string) => refusedFor(method, path, [name])?.detail;
  expect(detail('PUT', '/api/machines/vm', 'profil')).toMatch(
    /^profil: is not known, perhaps profile: the query takes /,
  );
  expect(detail('PUT', '/api/profiles/web/base', 'dryrun')).toMatch(/^dryrun: is not known, perhaps dry_run: /);
  expect(detail('DELETE', '/api/machines/vm', 'force')).toBe('force: is not known: the query takes dry_run');
  expect(detail('GET', '/api/machines/vm', 'force')).toBe('force: is not known: the query takes none');
  expect(refusedFor('GET', '/api/machines/vm', ['a', 'b', 'a'])?.errors?.map(({ field }) => field)).toEqual(['a', 'b']);
});

it.each([
  ['GET', '/api/nothing'],
  ['PATCH', '/api/machines'],
  ['GET', '/api/machines//explain'],
])('%s %s is left to the routes', (method, path) => {
  expect(find(method, path)).toBeUndefined();
});

it('tells the parameters of a path', () => {
  expect(find('GET', '/api/machines/vm%2D1/explain')).toMatchObject({ name: 'explainMachine', params: { id: 'vm-1' } });
  expect(find('HEAD', '/api/machines/export')?.name).toBe('exportMachines');
  expect(find('GET', '/api/machines/%')?.params).toEqual({ id: '%' });
});

it.each([
  ['revok', ['revoke', 'expiresIn'], 'revoke'],
  ['expires_in', ['revoke', 'expiresIn'], 'expiresIn'],
  ['expires', ['revoke', 'expiresIn'], 'expiresIn'],
  ['zzz', ['revoke'], undefined],
  ['a', ['b'], undefined],
  ['x'.repeat(10_000), ['revoke'], undefined],
])('the name that is nearest to %s', (name, known, meant) => {
  expect(nearest(name, known)).toBe(meant);
});
