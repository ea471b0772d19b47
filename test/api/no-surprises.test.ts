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

  it('counts its own machines alone', async () => {
    await edge.call('PUT', '/api/machines/other', config('/user'));
    const counted = async (query: string) =>
      (await json<{ counts: object }>(edge.call('GET', `/api/machine-counts${query}`, undefined, headers))).counts;
    expect(await counted('')).toMatchObject({ 'never-booted': 1 });
    expect(await counted('?prefix=other')).toMatchObject({ 'never-booted': 0 });
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
    expect(parts).toContainEqual({ path: 'ignition.version', layer: 'base:web' });
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

describe('a token with only the word secrets', () => {
  it('reads exports, and writes nothing', async () => {
    await edge.call('PUT', '/api/machines/vm', config('/one'));
    const { token } = await json<{ token: string }>(edge.call('PUT', '/api/tokens/backup', '{"may":["secrets"]}'));
    const headers = { authorization: `Bearer ${token}` };
    const lines = await (await edge.call('GET', '/api/machines/export', undefined, headers)).text();
    expect(lines).toContain('"id":"vm"');
    expect((await edge.call('POST', '/api/machines/import', lines, headers)).status).toBe(403);
    expect((await edge.call('POST', '/api/machines/vm/token', '{"revoke":true}', headers)).status).toBe(403);
    const { token: both } = await json<{ token: string }>(
      edge.call('PUT', '/api/tokens/both', '{"may":["secrets","machines"]}'),
    );
    expect((await edge.call('POST', '/api/machines/import', lines, { authorization: `Bearer ${both}` })).status).toBe(
      200,
    );
  });
});

it('an import of what is stored already changes nothing', async () => {
  await edge.call('PUT', '/api/machines/vm', config('/one'));
  const lines = await (await edge.call('GET', '/api/machines/export')).text();
  const before = (await edge.call('GET', '/api/machines/vm')).headers.get('etag');
  expect(await json(edge.call('POST', '/api/machines/import', lines))).toMatchObject({ imported: 1 });
  expect((await edge.call('GET', '/api/machines/vm')).headers.get('etag')).toBe(before);
});

it('an import that stops has its entry in the audit trail, for what it stored', async () => {
  await edge.call('PUT', '/api/machines/vm', config('/one'));
  const line = (await (await edge.call('GET', '/api/machines/export')).text()).trim();
  const lines = [line.replace('"vm"', '"vm-2"'), '[1]'].join('\n');
  expect(await json(edge.call('POST', '/api/machines/import', lines))).toMatchObject({
    ...{ status: 422, detail: 'line 2: is not an object', imported: 1 },
  });
  expect(await json(edge.call('GET', '/api/audit?call=importMachines'))).toMatchObject({
    items: [{ who: 'operator', status: 422, after: '1 machines' }],
  });
});

it('a body that a call does not take is refused, and nothing is done', async () => {
  await edge.call('PUT', '/api/machines/vm', config('/one'));
  const refused = edge.call('DELETE', '/api/machines/vm', '{"dryRun":true}');
  expect(await json(refused)).toMatchObject({ status: 422, errors: [{ field: 'body' }] });
  expect((await edge.call('GET', '/api/machines/vm')).status).toBe(200);
  expect((await edge.call('DELETE', '/api/machines/vm', '')).status).toBe(200);
});

it('of many operators who quarantine one release with its ETag, one wins', async () => {
  for (let round = 0; round < 10; round += 1) {
    const version = `4593.2.${round + 10}`;
    const path = `/api/releases/stable/amd64-usr/${version}`;
    await edge.call('DELETE', path);
    const etag = (await edge.call('GET', path)).headers.get('etag') ?? '';
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((reason) =>
        edge.call('DELETE', `${path}?reason=${reason}`, undefined, { 'if-match': etag }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
  }
});

it('pages of releases go on behind one that has left the list meanwhile', async () => {
  for (let patch = 0; patch < 105; patch += 1)
    await edge.call('DELETE', `/api/releases/stable/amd64-usr/4593.2.${patch}`);
  type Page = { items: { version: string }[]; cursor: string };
  const first = await json<Page>(edge.call('GET', '/api/releases?state=blocked'));
  const last = first.items.at(-1)?.version ?? '';
  expect((await edge.call('POST', `/api/releases/stable/amd64-usr/${last}/lift`)).status).toBe(200);
  const second = await json<Page>(
    edge.call('GET', `/api/releases?state=blocked&cursor=${encodeURIComponent(first.cursor)}`),
  );
  expect(second.items.map(({ version }) => version)).toEqual([
    '4593.2.4',
    '4593.2.3',
    '4593.2.2',
    '4593.2.1',
    '4593.2.0',
  ]);
});

it('a release that was only blocked is no floor of an alias', async () => {
  await edge.mirror('4593.2.5');
  await edge.call('DELETE', '/api/releases/stable/amd64-usr/4000.2.0');
  await edge.call('POST', '/api/releases/stable/amd64-usr/4000.2.0/lift');
  await edge.call('DELETE', RELEASE);
  expect(await json(edge.call('GET', CURRENT))).toMatchObject({ floor: null });
});

describe('what a machine booted is what it would boot now', () => {
  it.each([
    ['/api/profiles/web', '{"cloudInit":"off"}'],
    ['/api/profiles/web', '{"kernelArgs":["quiet"]}'],
    ['/api/machines/vm', '{"version":"4593.2.5"}'],
    ['/api/machines/vm', '{"kernelArgs":["quiet"]}'],
  ])('after PATCH %s %s, which changes no byte of the config', async (path, body) => {
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { urls } = await json<{ urls: { ignition: string } }>(
      edge.call('PUT', '/api/machines/vm?profile=web', config('/user')),
    );
    expect((await edge.fetchUrl(urls.ignition)).status).toBe(200);
    await edge.settle();
    expect((await edge.call('PATCH', path, body)).status).toBe(200);
    expect(await json(edge.call('GET', '/api/machines/vm'))).toMatchObject({ state: 'booted', isCurrent: true });
    expect(await json(edge.call('GET', '/api/machines'))).toMatchObject({
      items: [{ state: 'booted', isCurrent: true }],
    });
  });
});

it('a dry run has no ETag of what is not there', async () => {
  const dry = await edge.call('PUT', '/api/machines/vm?dry_run=1', config('/one'));
  expect([dry.status, dry.headers.get('etag')]).toEqual([200, null]);
});

it('a change of a profile that never was is 404, however long its name', async () => {
  for (const id of ['x', 'x'.repeat(1500)])
    expect((await edge.call('GET', `/api/profiles/web/changes/${id}`)).status).toBe(404);
});
