/** Two clients that edit the same thing: the second one is told, and loses nothing. And what is written twice is written once. */
import { beforeEach, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge({ versions: ['4593.2.4', '4593.2.5'] });
  for (const version of ['4593.2.4', '4593.2.5']) await edge.mirror(version);
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.call('PUT', '/api/machines/vm?profile=web', config('/user'));
  await edge.call('PUT', '/api/tokens/ci', '{"may":["read"]}');
  await edge.settle();
});

const etagOf = async (path: string) => (await edge.call('GET', path)).headers.get('etag') ?? '';

/** What has an entity tag, and two different changes of it. */
const RESOURCES: readonly (readonly [path: string, method: string, first: string, second: string])[] = [
  ['/api/machines/vm', 'PUT', config('/first'), config('/second')],
  ['/api/machines/vm', 'PATCH', '{"version":"4593.2.4"}', '{"version":"4593.2.5"}'],
  ['/api/machines/vm/user-data', 'PUT', config('/first'), config('/second')],
  ['/api/profiles/web', 'PUT', '{"engine":"ignition","ignition":"2.20.0"}', '{"engine":"ignition"}'],
  ['/api/profiles/web', 'PATCH', '{"cloudInit":"off"}', '{"cloudInit":"on"}'],
  ['/api/profiles/web/base', 'PUT', config('/first'), config('/second')],
  ['/api/aliases/stable/amd64-usr/current', 'PUT', '{"version":"4593.2.4"}', '{"version":"4593.2.5"}'],
  ['/api/tokens/ci', 'PUT', '{"may":["mirror"]}', '{"may":["release"]}'],
];

describe.each(RESOURCES)('%s by %s', (path, method, first, second) => {
  it('is changed by the first of two clients alone', async () => {
    const seen = await etagOf(path);
    expect(seen).toMatch(/^"[^"]+"$/);
    const done = await edge.call(method, path, first, { 'if-match': seen });
    expect(done.status).toBe(200);
    const now = await (await edge.call('GET', path)).text();
    const late = await edge.call(method, path, second, { 'if-match': seen });
    expect([late.status, await late.json()]).toMatchObject([
      412,
      { title: 'Precondition failed', detail: expect.stringContaining('nothing was changed') },
    ]);
    expect(await (await edge.call('GET', path)).text()).toBe(now);
    // Its own answer tells the tag that the next change needs.
    const tag = done.headers.get('etag') ?? '';
    expect(tag).toBe(await etagOf(path));
    expect((await edge.call(method, path, second, { 'if-match': tag })).status).toBe(200);
  });

  it('is 304 for who has it, and takes a list and a star', async () => {
    const tag = await etagOf(path);
    expect((await edge.call('GET', path, undefined, { 'if-none-match': tag })).status).toBe(304);
    expect((await edge.call(method, path, first, { 'if-match': `"other", ${tag}` })).status).toBe(200);
    expect((await edge.call(method, path, second, { 'if-match': '*' })).status).toBe(200);
    for (const wrong of ['W/"x"', '"x"', 'x', ''])
      expect((await edge.call(method, path, first, { 'if-match': wrong })).status, wrong).toBe(412);
  });

  it('does not take what exists for something new', async () => {
    expect((await edge.call(method, path, first, { 'if-none-match': '*' })).status).toBe(412);
  });

  it('is not changed by a dry run, whose precondition counts', async () => {
    const tag = await etagOf(path);
    expect((await edge.call(method, `${path}?dry_run=1`, first, { 'if-match': tag })).status).toBe(200);
    expect((await edge.call(method, `${path}?dry_run=1`, first, { 'if-match': '"x"' })).status).toBe(412);
    expect(await etagOf(path)).toBe(tag);
  });
});

it.each([
  ['/api/machines/new', 'PUT', config('/a'), '/api/machines/new'],
  ['/api/profiles/new/base', 'PUT', config('/a'), '/api/profiles/new/base'],
  ['/api/profiles/new', 'PUT', '{"engine":"legacy"}', '/api/profiles/new'],
  ['/api/tokens/new', 'PUT', '{"may":["read"]}', '/api/tokens/new'],
])('%s is made once with If-None-Match: *', async (path, method, body) => {
  const none = { 'if-none-match': '*' };
  expect((await edge.call(method, path, body, { 'if-match': '*' })).status).toBe(412);
  expect((await edge.call(method, path, body, none)).status).toBe(200);
  expect((await edge.call(method, path, body, none)).status).toBe(412);
});

it.each([
  '/api/machines/vm/user-data',
  '/api/machines/vm',
  '/api/profiles/web/base',
  '/api/releases/stable/amd64-usr/4593.2.4',
  '/api/tokens/ci',
])('DELETE %s takes a precondition', async (path) => {
  expect((await edge.call('DELETE', path, undefined, { 'if-match': '"x"' })).status).toBe(412);
  expect((await edge.call('DELETE', path, undefined, { 'if-match': await etagOf(path) })).status).toBe(200);
});

it('a record that cannot be read is replaced or deleted by its tag', async () => {
  await edge.bucket.r2.put('machines/vm.json', 'not JSON');
  const broken = await edge.call('GET', '/api/machines/vm');
  expect(broken.status).toBe(503);
  const tag = broken.headers.get('etag') ?? '';
  expect((await edge.call('PUT', '/api/machines/vm', config('/new'), { 'if-match': '"x"' })).status).toBe(412);
  expect((await edge.call('PUT', '/api/machines/vm', config('/new'), { 'if-match': tag })).status).toBe(200);
});

describe('what is written twice', () => {
  it.each([
    ['PUT', '/api/machines/vm?profile=web', config('/user'), '/api/machines/vm'],
    ['PATCH', '/api/machines/vm', '{"profile":"web"}', '/api/machines/vm'],
    ['PUT', '/api/machines/vm/user-data', config('/user'), '/api/machines/vm'],
    ['PUT', '/api/profiles/web/base', config('/base'), '/api/profiles/web'],
    ['PUT', '/api/profiles/web', '{"engine":"ignition"}', '/api/profiles/web'],
    ['PATCH', '/api/profiles/web', '{"cloudInit":"on"}', '/api/profiles/web'],
  ])('by %s %s raises no generation and writes nothing', async (method, path, body, shown) => {
    const before = await (await edge.call('GET', shown)).json<{ generation: number; updatedAt: string }>();
    const versions = () =>
      [...edge.bucket.objects]
        .filter(([key]) => /^(machines|profiles|uses)\//.test(key))
        .map(([key, { version }]) => `${key} ${version}`);
    const stored = versions();
    const answer = await (await edge.call(method, path, body)).json<object>();
    expect(answer).toMatchObject({ isChanged: false, generation: before.generation });
    expect(versions()).toEqual(stored);
    expect(await (await edge.call('GET', shown)).json()).toMatchObject(before);
  });

  it('gives back what it took', async () => {
    const butane = 'variant: flatcar\nversion: 1.1.0\nstorage: {files: [{path: /etc/b}]}\n';
    await edge.call('PUT', '/api/machines/vm?profile=web&version=4593.2.4&ignition=2.24.0&expires_in=600', butane);
    expect(await (await edge.call('GET', '/api/machines/vm')).json()).toMatchObject({
      ...{ profile: 'web', version: '4593.2.4', ignition: '2.24.0', source: 'butane', kind: 'ignition' },
      expiresAt: expect.any(String),
      userData: { bytes: butane.length, sha512: expect.stringMatching(/^[0-9a-f]{128}$/) },
    });
    expect(await (await edge.call('GET', '/api/machines/vm/user-data')).text()).toBe(butane);
    const patched = await edge.call('PATCH', '/api/machines/vm', '{"profile":null,"ignition":null}');
    expect(await patched.json()).toMatchObject({ profile: null, ignition: null, source: 'butane', isChanged: true });
    expect(await (await edge.call('GET', '/api/machines/vm/user-data')).text()).toBe(butane);
  });

  it('warns where a PUT takes away what was there', async () => {
    expect(await (await edge.call('PUT', '/api/machines/vm', '')).json()).toMatchObject({
      warnings: [expect.stringContaining('had the profile web'), expect.stringContaining('had user data')],
    });
  });
});

it('new URLs end when those before them do, unless it is said otherwise', async () => {
  const issued = async (body: string) =>
    await (await edge.call('POST', '/api/machines/vm/token', body)).json<{ expiresAt: string | null }>();
  expect((await issued('{}')).expiresAt).toBeNull();
  const ending = (await issued('{"expiresIn":600}')).expiresAt;
  expect((await issued('{"revoke":true}')).expiresAt).toBe(ending);
  expect((await issued('{"expiresIn":null}')).expiresAt).toBeNull();
  expect(await (await edge.call('POST', '/api/machines/vm/token', '{"expires_in":600}')).json()).toMatchObject({
    status: 422,
    errors: [{ field: 'expires_in', message: expect.stringContaining('perhaps expiresIn') }],
  });
  expect(await (await edge.call('POST', '/api/machines/vm/token', '{"revoke":1}')).json()).toMatchObject({
    errors: [{ field: 'revoke', message: 'must be true or false' }],
  });
});
