/** The methods of each path, as the contract has them. */
import { expect, it } from 'vitest';
import { allowedMethods } from '../../src/api/allowed-methods.ts';
import type { Contract } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';

it('gathers the methods of one path, with its parameters as the router writes them', () => {
  const calls = {
    read: { method: 'get', path: '/api/things/{id}' },
    write: { method: 'put', path: '/api/things/{id}' },
    part: { method: 'put', path: '/api/things/{id}/{part}' },
    list: { method: 'get', path: '/api/things' },
  } as unknown as Contract;
  expect(Object.fromEntries(allowedMethods(calls))).toEqual({
    '/api/things/:id': ['GET', 'PUT'],
    '/api/things/:id/:part': ['PUT'],
    '/api/things': ['GET'],
  });
});

it('knows every call of the contract, each once', () => {
  const told = [...allowedMethods(contract)].flatMap(([path, methods]) => methods.map((method) => `${method} ${path}`));
  expect(new Set(told).size).toBe(told.length);
  expect(told).toHaveLength(Object.keys(contract).length);
  for (const path of allowedMethods(contract).keys()) expect(path).not.toMatch(/[{}]/);
});
