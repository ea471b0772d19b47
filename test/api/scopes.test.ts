/** A token of each word against every call of the contract, and what the audit trail has of it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/access/scopes.ts';
import { type Call, isWrite } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const calls = Object.entries<Call>(contract).filter(([, { path }]) => path.startsWith('/api/'));
const NAMES: Readonly<Record<string, string>> = {
  ...{ channel: 'stable', board: 'amd64-usr', version: '4593.2.5', alias: 'current' },
  ...{ id: 'vm-1', name: 'web', change: '1-a', key: 'mac-1', number: '1' },
};
const filled = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, field: string) => NAMES[field] ?? '');

let edge: NodeEdge;
const tokens = new Map<string, string>();
beforeAll(async () => {
  edge = await nodeEdge();
  await edge.mirror('4593.2.5');
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  for (const id of ['vm-1', 'other-1']) await edge.call('PUT', `/api/machines/${id}?profile=web`, config('/user'));
  for (const scope of SCOPES) tokens.set(scope, await tokenFor(scope, { may: [scope] }));
});

async function tokenFor(name: string, body: object): Promise<string> {
  const made = await edge.call('PUT', `/api/tokens/${name}`, JSON.stringify(body));
  return (await made.json<{ token: string }>()).token;
}

const as = async (token: string, method: string, path: string, body?: string) =>
  await edge.fetch(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });

const auditOf = async (who: string) => {
  const answer = await edge.call('GET', `/api/audit?who=${encodeURIComponent(who)}`);
  return (await answer.json<{ items: { call: string; target: string; before?: string; after?: string }[] }>()).items;
};

describe.each(SCOPES)('a token that may %s', (scope) => {
  it.each(calls)('makes the call %s if it is among those that need it, and no other', async (name, call) => {
    const isEnough = (call.alsoNeeds ?? []).every((also) => also === scope);
    const allowed = ((call.needs ?? []).includes(scope) && isEnough) || call.isPublic === true;
    // As a dry run, so that every token meets the same stores.
    const path = `${filled(call.path)}${isWrite(call) ? '?dry_run=1' : ''}`;
    const answer = await as(tokens.get(scope) ?? '', call.method.toUpperCase(), path);
    if (allowed) expect([401, 403]).not.toContain(answer.status);
    else
      expect([answer.status, await answer.json()]).toMatchObject([
        403,
        {
          title: 'Not allowed for this token',
          detail: expect.stringMatching(`^token ${scope} may ${scope}; ${name} needs `),
        },
      ]);
  });
});

it('every call of the contract says what it needs, and only tokens need everything', () => {
  const needing = calls.filter(([, { needs, isPublic }]) => isPublic !== true && needs?.length === 0);
  expect(needing.map(([name]) => name).sort()).toEqual(['getToken', 'listTokens', 'putToken', 'revokeToken']);
});

it('the audit trail names every write that went through, and no other', async () => {
  const token = await tokenFor('worker', { may: ['machines', 'profiles', 'release', 'mirror'] });
  const writes: readonly (readonly [method: string, path: string, body: string | undefined, call: string])[] = [
    ['PUT', '/api/profiles/p/base', config('/p'), 'putProfileBase'],
    ['PATCH', '/api/profiles/p', '{"cloudInit":"off"}', 'patchProfile'],
    ['PUT', '/api/machines/a?profile=p', config('/a'), 'putMachine'],
    ['PATCH', '/api/machines/a', '{"profile":null}', 'patchMachine'],
    ['PUT', '/api/machines/a/user-data', config('/b'), 'putMachineUserData'],
    ['POST', '/api/machines/a/token', '{"revoke":true}', 'issueToken'],
    ['DELETE', '/api/machines/a', undefined, 'deleteMachine'],
    ['DELETE', '/api/profiles/p', undefined, 'deleteProfile'],
    ['PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"4593.2.5"}', 'pinAlias'],
    ['DELETE', '/api/aliases/stable/amd64-usr/current', undefined, 'unpinAlias'],
    ['DELETE', '/api/releases/stable/amd64-usr/4000.2.0', undefined, 'quarantineRelease'],
    ['POST', '/api/releases/stable/amd64-usr/4000.2.0/lift', undefined, 'liftQuarantine'],
    ['PUT', '/api/mirrors/stable/amd64-usr/4593.2.5', undefined, 'startMirror'],
  ];
  for (const [method, path, body] of writes) {
    const answer = await as(token, method, path, body);
    // Entries of one millisecond have no order.
    await new Promise((resolve) => setTimeout(resolve, 3));
    expect([path, answer.status < 300, answer.status < 300 ? '' : await answer.text()]).toEqual([path, true, '']);
  }
  // These change nothing, and leave nothing.
  await as(token, 'PUT', '/api/machines/a?dry_run=1', config('/c'));
  await as(token, 'PUT', '/api/machines/a', config('relative'));
  await as(token, 'PUT', '/api/tokens/mine', '{"may":["read"]}');
  const entries = (await auditOf('token worker')).toReversed();
  expect(entries.map(({ call }) => call)).toEqual(writes.map(([, , , call]) => call));
  expect(entries.map(({ target }) => target)).toEqual(writes.map(([, path]) => path.replace(/\?.*/, '')));
  expect(entries[2]).toMatchObject({ before: '0', after: '1' });
  expect(entries[3]).toMatchObject({ before: '1', after: '2' });
  expect(entries[8]).toMatchObject({ before: '4593.2.5', after: '4593.2.5' });
  const everything = JSON.stringify([...edge.bucket.objects].filter(([key]) => key.startsWith('audit/')));
  expect(everything).not.toContain(token.split('.').at(-1));
});

describe('a token with a prefix', () => {
  let token: string;
  beforeAll(async () => {
    token = await tokenFor('team', { may: ['machines', 'profiles', 'read', 'secrets'], prefix: 'vm-' });
  });
  it('reaches what begins with it, and is shown nothing else', async () => {
    expect((await as(token, 'GET', '/api/machines/vm-1')).status).toBe(200);
    expect((await as(token, 'PUT', '/api/machines/vm-2', config('/x'))).status).toBe(200);
    const listed = async (query: string) =>
      (await (await as(token, 'GET', `/api/machines${query}`)).json<{ items: { id: string }[] }>()).items.map(
        ({ id }) => id,
      );
    expect(await listed('')).toEqual(['vm-1', 'vm-2']);
    expect(await listed('?prefix=vm-2')).toEqual(['vm-2']);
    expect(await listed('?prefix=v')).toEqual(['vm-1', 'vm-2']);
    expect(await listed('?prefix=other')).toEqual([]);
    expect((await (await as(token, 'GET', '/api/profiles')).json<{ items: unknown[] }>()).items).toEqual([]);
  });
  it.each([
    ['GET', '/api/machines/other-1'],
    ['PUT', '/api/machines/other-2'],
    ['GET', '/api/machines/other-1/explain'],
    ['GET', '/api/machines/%6Fther-1'],
    ['PUT', '/api/profiles/web/base'],
    ['GET', '/api/machines/export'],
    ['POST', '/api/machines/import'],
    ['POST', '/api/storage/reseal'],
  ])('%s %s is none of its', async (method, path) => {
    expect((await as(token, method, path)).status).toBe(403);
  });
});

describe('a token ends', () => {
  it('with its time', async () => {
    let shift = 0;
    const own = await nodeEdge({ platform: { now: () => Date.now() + shift } });
    const made = await own.call('PUT', '/api/tokens/short', '{"may":["read"],"expiresIn":60}');
    const { token } = await made.json<{ token: string }>();
    const status = async () => (await own.fetch('/api/me', { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status()).toBe(200);
    shift = 61_000;
    expect(await status()).toBe(401);
  });
  it('when it is made anew, deleted, or its record is written by somebody else', async () => {
    const first = await tokenFor('again', { may: ['read'] });
    const second = await tokenFor('again', { may: ['read'] });
    expect((await as(first, 'GET', '/api/me')).status).toBe(401);
    expect((await as(second, 'GET', '/api/me')).status).toBe(200);
    const stored = JSON.parse(
      Buffer.from(edge.bucket.objects.get('tokens/again.json')?.bytes ?? []).toString(),
    ) as object;
    await edge.bucket.r2.put('tokens/again.json', JSON.stringify({ ...stored, may: [...SCOPES] }));
    expect((await as(second, 'GET', '/api/me')).status).toBe(401);
    expect((await edge.call('DELETE', '/api/tokens/again')).status).toBe(200);
    expect((await edge.call('DELETE', '/api/tokens/again')).status).toBe(404);
  });
  it.each([`fe.none.${'a'.repeat(43)}`, 'fe.', 'fe.read.short', `fe.a/b.${'a'.repeat(43)}`])(
    '%s is none',
    async (token) => {
      expect((await as(token, 'GET', '/api/me')).status).toBe(401);
    },
  );
});
