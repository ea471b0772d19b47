/** What an operator reads is what is so: aliases, prefixes, preconditions, names that are given twice, what collides. */
import { beforeEach, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const CURRENT = '/api/aliases/stable/amd64-usr/current';
const RELEASE = '/api/releases/stable/amd64-usr/4593.2.5';
let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge();
});
const json = async <T = Record<string, unknown>>(answer: Response | Promise<Response>) => (await answer).json<T>();

describe('an alias whose release is quarantined, while upstream still names it', () => {
  it('names nothing, says why, and is not offered on the public page', async () => {
    await edge.mirror('4593.2.5');
    expect(await json(edge.call('GET', CURRENT))).toMatchObject({ version: '4593.2.5', from: 'mirror' });
    const moves = [{ alias: 'current', before: '4593.2.5', after: null }];
    expect(await json(edge.call('DELETE', `${RELEASE}?dry_run=1`))).toMatchObject({ aliases: moves });
    expect(await json(edge.call('DELETE', `${RELEASE}?reason=bad`))).toMatchObject({ aliases: moves });
    expect(await json(edge.call('GET', CURRENT))).toMatchObject({
      ...{ version: null, from: null, fault: 'upstream names 4593.2.5, which is quarantined here' },
    });
    expect((await edge.fetch('/stable/amd64-usr/current/version.txt')).status).toBe(404);
    const page = await (await edge.fetch('/', { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('upstream names a release that is quarantined here');
    expect(page).not.toContain('4593.2.5');
    expect(page).not.toContain('/stable/amd64-usr/current/');
  });
});

describe('a token with a prefix', () => {
  let headers: Record<string, string>;
  beforeEach(async () => {
    for (const name of ['web', 'team-a-web']) await edge.call('PUT', `/api/profiles/${name}/base`, config(`/${name}`));
    await edge.call('PUT', '/api/machines/team-a-1', config('/user'));
    const wish = JSON.stringify({ may: ['read', 'machines'], prefix: 'team-a-' });
    const { token } = await json<{ token: string }>(edge.call('PUT', '/api/tokens/team', wish));
    headers = { authorization: `Bearer ${token}` };
  });

  it('cannot put a profile that it may not read on a machine of its own', async () => {
    const detail = 'token team has only what begins with team-a-, and may not use profile web';
    const put = edge.call('PUT', '/api/machines/team-a-2?profile=web', config('/user'), headers);
    expect(await json(put)).toMatchObject({ status: 403, detail });
    const patch = edge.call('PATCH', '/api/machines/team-a-1', '{"profile":"web"}', headers);
    expect(await json(patch)).toMatchObject({ status: 403, detail });
    const own = await edge.call('PATCH', '/api/machines/team-a-1', '{"profile":"team-a-web"}', headers);
    expect([own.status, await json(edge.call('GET', '/api/machines/team-a-2'))]).toEqual([
      200,
      expect.objectContaining({ status: 404 }),
    ]);
  });

  it('does not read what others wrote', async () => {
    expect((await edge.call('GET', '/api/audit', undefined, headers)).status).toBe(403);
    expect((await edge.call('GET', '/api/machines/team-a-1', undefined, headers)).status).toBe(200);
  });
});

it.each(['if-match', 'if-none-match'])(
  'an ETag without its quotes in %s is told so, and nothing is written',
  async (name) => {
    const made = await edge.call('PUT', '/api/machines/vm', config('/one'));
    const tag = made.headers.get('etag') ?? '';
    const answer = await edge.call('PUT', '/api/machines/vm', config('/two'), { [name]: tag.replaceAll('"', '') });
    const detail = expect.stringMatching(
      /^If-(None-)?Match holds no ETag: an ETag is written with its quotes, such as "/,
    );
    expect([answer.status, await answer.json()]).toEqual([412, expect.objectContaining({ detail })]);
    expect((await edge.call('GET', '/api/machines/vm')).headers.get('etag')).toBe(tag);
  },
);

it('a name that is given twice is refused: nobody can say which is meant', async () => {
  const answer = edge.call('PUT', '/api/machines/vm?ignition=2.24.0&ignition=2.19.0', config('/one'));
  expect(await json(answer)).toMatchObject({
    status: 422,
    errors: [{ field: 'ignition', message: 'is given more than once' }],
  });
  expect((await edge.call('GET', '/api/machines/vm')).status).toBe(404);
});

describe('explain', () => {
  it('gives the version to the layer that asks for it', async () => {
    await edge.call('PUT', '/api/profiles/web/base', config('/base', '3.4.0'));
    await edge.call('PUT', '/api/machines/vm?profile=web', config('/user', '3.3.0'));
    const { parts } = await json<{ parts: object[] }>(edge.call('GET', '/api/machines/vm/explain'));
    expect(parts).toContainEqual({ path: 'ignition.version', layer: 'base' });
  });

  it('names what collides and the layers that hold it', async () => {
    await edge.call('PUT', '/api/machines/vm?profile=', config('/etc/motd'));
    const base = JSON.stringify({
      ignition: { version: '3.3.0' },
      storage: { links: [{ path: '/etc', target: '/usr/etc' }] },
    });
    await edge.call('PUT', '/api/profiles/web', '{"engine":"ignition"}');
    await edge.call('PATCH', '/api/machines/vm', '{"profile":"web"}');
    expect((await edge.call('PUT', '/api/profiles/web/base?force=1', base)).status).toBe(200);
    const explained = await json(edge.call('GET', '/api/machines/vm/explain'));
    expect(explained).toMatchObject({
      valid: false,
      error: 'result: storage.files.0: file path includes link in config (it is /etc/motd, of user)',
      entries: [{ severity: 'error', layer: 'result', of: '/etc/motd' }],
    });
  });
});

it('a version that upstream does not have is named when its mirroring fails', async () => {
  expect((await edge.call('PUT', '/api/mirrors/stable/amd64-usr/4593.2.9')).status).toBe(202);
  await edge.runAll();
  expect(await json(edge.call('GET', '/api/mirrors/stable/amd64-usr/4593.2.9'))).toMatchObject({
    ...{ state: 'failed', detail: 'upstream has no release 4593.2.9 of stable amd64-usr' },
  });
});
