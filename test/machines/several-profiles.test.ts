/** Layers, identity and variables through the whole service: what is written, what boots, and what is refused. */
import { beforeEach, describe, expect, it } from 'vitest';
import { hostnameFault, sshKeyFault } from '../../src/machines/layers/identity-rules.ts';
import { pathsOf } from '../support/json.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge({ versions: ['4593.2.4', '4593.2.5'] });
});

const ED25519 = `ssh-ed25519 ${Buffer.concat([
  Buffer.from('0000000b', 'hex'),
  Buffer.from('ssh-ed25519'),
  Buffer.from('00000020', 'hex'),
  Buffer.alloc(32, 7),
]).toString('base64')}`;

const profile = async (name: string, base: string, settings: object = {}) => {
  const put = await edge.call('PUT', `/api/profiles/${name}`, JSON.stringify({ engine: 'ignition', ...settings }));
  expect([put.status, put.status === 200 ? '' : await put.text()]).toEqual([200, '']);
  const answer = await edge.call('PUT', `/api/profiles/${name}/base`, base);
  expect([answer.status, answer.status === 200 ? '' : await answer.text()]).toEqual([200, '']);
};
const put = async (query: string, body = config('/user'), id = 'vm') =>
  await edge.call('PUT', `/api/machines/${id}${query}`, body);
const machine = async (query: string, body = config('/user'), id = 'vm'): Promise<Issued> => {
  const answer = await put(query, body, id);
  if (answer.status !== 200) throw new Error(await answer.text());
  return await answer.json<Issued>();
};
const refused = async (answer: Response) => {
  const {
    errors = [],
    entries = [],
    detail,
  } = await answer.json<{
    errors?: { field: string; message: string }[];
    entries?: { layer: string; path: string; message: string; line?: number }[];
    detail: string;
  }>();
  return { status: answer.status, errors, entries: entries.filter((entry) => 'layer' in entry), detail };
};
const booted = async ({ urls }: Issued) => {
  const answer = await edge.fetchUrl(urls.ignition);
  await edge.settle();
  return { status: answer.status, text: await answer.text() };
};
const explained = async (id = 'vm') =>
  await (await edge.call('GET', `/api/machines/${id}/explain`)).json<{
    layers: Record<string, string | null>;
    parts: { path: string; layer: string }[];
    profiles: object[];
    sha512: string;
    valid: boolean;
    error: string;
  }>();

describe('several profiles', () => {
  it('merge in order, then the identity, then the user data; each part names its layer', async () => {
    await profile('one', config('/one'));
    await profile('two', config('/two'));
    const issued = await machine(`?profiles=two,one&hostname=node-1&ssh_authorized_key=${encodeURIComponent(ED25519)}`);
    const { text } = await booted(issued);
    expect(pathsOf(text)).toEqual(['/two', '/one', '/etc/hostname', '/user']);
    const { layers, parts, profiles } = await explained();
    expect(Object.keys(layers)).toEqual(['base:two', 'base:one', 'identity', 'user', 'default:two', 'default:one']);
    expect(profiles).toMatchObject([{ name: 'two' }, { name: 'one' }]);
    expect(parts.filter(({ path }) => /files\.\d\.path/.test(path)).map(({ layer }) => layer)).toEqual([
      ...['base:two', 'base:one', 'identity', 'user'],
    ]);
    expect(JSON.parse(text).passwd.users).toEqual([{ name: 'core', sshAuthorizedKeys: [ED25519] }]);
    expect(await (await edge.call('GET', '/api/machines/vm')).json()).toMatchObject({
      ...{ profile: 'two', profiles: ['two', 'one'], hostname: 'node-1', sshAuthorizedKeys: [ED25519] },
      ...{ state: 'booted', lastBoot: { profile: 'two,one', profileGeneration: '2,2' } },
    });
  });

  it('the last one that has a default gives it', async () => {
    for (const name of ['one', 'two', 'three']) await profile(name, config(`/${name}`));
    for (const name of ['one', 'two'])
      await edge.call('PUT', `/api/profiles/${name}/default`, config(`/default-${name}`));
    const issued = await machine('?profiles=one,two,three', '');
    expect(pathsOf((await booted(issued)).text)).toEqual(['/one', '/two', '/three', '/default-two']);
    expect((await explained()).parts.at(-1)?.layer).toBe('default:two');
  });

  it('are found by each of their names, and a change of each is tried on the machine', async () => {
    await profile('one', config('/one'));
    await profile('two', config('/two'));
    await booted(await machine('?profiles=one,two'));
    for (const name of ['one', 'two']) {
      const listed = await (await edge.call('GET', `/api/machines?profile=${name}`)).json<{ items: object[] }>();
      expect(listed.items).toMatchObject([{ id: 'vm', profile: 'one', profiles: ['one', 'two'], state: 'booted' }]);
      expect((await edge.call('DELETE', `/api/profiles/${name}`)).status).toBe(409);
    }
    // Partitions that overlap only beside those of another profile.
    const disk = (number: number, startMiB: number) =>
      JSON.stringify({
        ignition: { version: '3.3.0' },
        storage: { disks: [{ device: '/dev/a', partitions: [{ number, startMiB, sizeMiB: 10 }] }] },
      });
    await edge.call('PUT', '/api/profiles/two/base', disk(1, 1));
    const breaking = await refused(await edge.call('PUT', '/api/profiles/one/base', disk(2, 5)));
    expect([breaking.status, breaking.detail]).toEqual([409, expect.stringContaining('1 of 1 machines')]);
    await edge.call('PUT', '/api/profiles/two/base', config('/two-now'));
    expect(await (await edge.call('GET', '/api/machines/vm')).json()).toMatchObject({
      state: 'stale',
      isCurrent: false,
    });
  });

  it.each([
    ['one that is not there', 'profiles=one,none', 'profile'],
    ['one twice', 'profiles=one,one', 'profiles'],
    ['a bad name', 'profiles=one,,two', 'profiles'],
    ['17 of them', `profiles=${Array.from({ length: 17 }, (_, at) => `p${at}`).join()}`, 'profiles'],
    ['both spellings', 'profiles=one&profile=one', 'profile'],
  ])('with %s are refused', async (_name, query, field) => {
    await profile('one', config('/one'));
    const { status, errors } = await refused(await put(`?${query}`));
    expect([status, errors.map((error) => error.field)]).toEqual([422, [field]]);
    expect((await edge.call('GET', '/api/machines/vm')).status).toBe(404);
  });

  it('of two engines are refused, and a change to another engine names the machine', async () => {
    await profile('one', config('/one', '2.2.0'), { engine: 'ignition' });
    await profile('two', config('/two', '2.2.0'), { engine: 'legacy' });
    const { status, detail } = await refused(await put('?profiles=one,two'));
    expect([status, detail]).toEqual([422, expect.stringContaining('a machine needs one')]);
    await machine('?profiles=one', config('/user', '2.2.0'));
    await profile('three', config('/three', '2.2.0'));
    await machine('?profiles=one,three', config('/user', '2.2.0'));
    const changed = await refused(await edge.call('PATCH', '/api/profiles/three', '{"engine":"legacy"}'));
    expect([changed.status, changed.detail]).toEqual([409, expect.stringContaining('such as vm')]);
  });

  it('are changed by PATCH, and go through an export and an import', async () => {
    await profile('one', config('/one'), { vars: { rack: null } });
    await profile('two', config('/two'));
    await machine('?profiles=one,two&vars=rack%3D7%3D8&hostname=a');
    const patch = async (body: object) => await edge.call('PATCH', '/api/machines/vm', JSON.stringify(body));
    expect(await (await patch({ profiles: ['two', 'one'], vars: { other: 'x' } })).json()).toMatchObject({
      profiles: ['two', 'one'],
    });
    const shown = async () =>
      await (await edge.call('GET', '/api/machines/vm')).json<{ updatedAt: string; generation: number }>();
    expect(await shown()).toMatchObject({ vars: { rack: '7=8', other: 'x' }, hostname: 'a' });
    expect((await (await patch({ vars: { other: null } })).json<{ isChanged: boolean }>()).isChanged).toBe(true);
    expect((await (await patch({ vars: { rack: '7=8' } })).json<{ isChanged: boolean }>()).isChanged).toBe(false);
    const before = await shown();
    expect(before).toMatchObject({ vars: { rack: '7=8' } });
    const lines = await (await edge.call('GET', '/api/machines/export')).text();
    await edge.call('DELETE', '/api/machines/vm');
    expect((await edge.call('POST', '/api/machines/import', lines)).status).toBe(200);
    expect(await shown()).toMatchObject({
      ...before,
      updatedAt: expect.any(String),
      generation: before.generation + 1,
    });
  });

  it('a PUT says what it has taken away', async () => {
    await profile('one', config('/one'), { vars: { a: 'b' } });
    await machine(`?profiles=one&hostname=a&vars=a%3Dc&ssh_authorized_key=${encodeURIComponent(ED25519)}`);
    const { warnings } = await (await put('')).json<{ warnings: string[] }>();
    expect(warnings.map((warning) => /had the profile|hostname|SSH keys|variables/.exec(warning)?.[0])).toEqual([
      ...['had the profile', 'hostname', 'SSH keys', 'variables'],
    ]);
  });
});

describe('variables', () => {
  const file = (path: string, source: string, more: object = {}) => ({ path, contents: { source, ...more } });
  const base = (...files: object[]) => JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files } });

  it("are the machine's, else the default, in base and default and never in the user data", async () => {
    await profile('web', base(file('/{{rack}}', 'data:,{{color}}')), { vars: { rack: '7', color: null } });
    const issued = await machine(
      '?profile=web&vars=color%3Dred%20%22%2C%7B&vars=size%3D3',
      base(file('/user', 'data:,%7B%7Bcolor%7D%7D')),
    );
    const { storage } = JSON.parse((await booted(issued)).text);
    expect(storage.files).toEqual([file('/7', 'data:,red%20%22,%7B'), file('/user', 'data:,%7B%7Bcolor%7D%7D')]);
  });

  it('that a machine lacks: 422 at its write with layer and place, and at the change of the profile', async () => {
    await profile('web', base(file('/a', 'data:,{{color}}')), { vars: { color: null } });
    const { status, entries } = await refused(await put('?profile=web'));
    expect([status, entries]).toMatchObject([
      422,
      [{ layer: 'base:web', path: 'storage.files.0.contents.source', message: /vars=color=/, line: 1 }].map(
        (entry) => ({
          ...entry,
          message: expect.stringMatching(entry.message),
        }),
      ),
    ]);
    await machine('?profile=web&vars=color%3Dred');
    const changed = await refused(
      await edge
        .call('PUT', '/api/profiles/web/base?force=0', base(file('/a', 'data:,%7B%7Bsize%7D%7D')))
        .then(async (answer) => {
          // It is not declared yet, so it is left alone.
          expect(answer.status).toBe(200);
          return await edge.call('PATCH', '/api/profiles/web', '{"vars":{"color":null,"size":null}}');
        }),
    );
    expect([changed.status, changed.detail]).toEqual([409, expect.stringContaining('{{size}} has no value')]);
    await edge.call('PATCH', '/api/profiles/web?force=1', '{"vars":{"color":null,"size":null}}');
    const { urls } = await (await edge.call('POST', '/api/machines/vm/token', '{}')).json<Issued>();
    expect((await edge.fetchUrl(urls.ignition)).status).toBe(503);
  });

  it.each([
    ['vars=1a%3Dx', 'vars.1a'],
    ['vars=cloud_config_url%3Dx', 'vars.cloud_config_url'],
    ['vars=a', 'vars'],
    ['vars=a%3Dx&vars=a%3Dy', 'vars'],
    [`vars=a%3D${'x'.repeat(70_000)}`, 'vars'],
  ])('that cannot be are refused: %#', async (query, field) => {
    const { status, errors } = await refused(await put(`?${query}`));
    expect([status, errors[0]?.field]).toEqual([422, field]);
  });

  it('of the edge are there without a declaration; the release is one by its number', async () => {
    for (const version of ['4593.2.4', '4593.2.5']) await edge.mirror(version);
    const names = [
      'machine_id',
      'hostname',
      'ignition_url',
      'cloud_config_url',
      'metadata_url',
      'release_url',
      'other',
    ];
    await profile('web', base(...names.map((name) => file(`/${name}`, `data:,%7B%7Bedge.${name}%7D%7D`))));
    const issued = await machine('?profile=web&hostname=node-1');
    const asked = issued.urls.ignition.replace('http://edge.test', 'https://boot.example:8443');
    const answer = await edge.fetchUrl(asked);
    const { storage } = JSON.parse(await answer.text());
    const url = asked.replace(/\/ignition$/, '');
    expect(storage.files.slice(0, -2).map((one: { contents: { source: string } }) => one.contents.source)).toEqual([
      ...['data:,vm', 'data:,node-1', `data:,${url}/ignition`, `data:,${url}/cloud-config`, `data:,${url}/metadata`],
      'data:,https://boot.example:8443/stable/amd64-usr/4593.2.5',
      'data:,%7B%7Bedge.other%7D%7D',
    ]);
    await edge.call('PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"4593.2.4"}');
    expect((await booted(issued)).text).toContain('/stable/amd64-usr/4593.2.4');
    const { status, entries } = await refused(await put('?profile=web', config('/user'), 'nameless'));
    expect([status, entries[0]?.message]).toEqual([422, expect.stringContaining('no hostname')]);
  });

  it('in base64 and gzip are right for each URL that a machine is asked by, and explain has the hash that boots', async () => {
    const source = `data:;base64,${btoa('url={{edge.ignition_url}} rack={{rack}}')}`;
    await profile('web', base(file('/a', source)), { vars: { rack: '7' } });
    const issued = await machine('?profile=web');
    for (const origin of ['http://edge.test', 'https://boot.example']) {
      const asked = issued.urls.ignition.replace('http://edge.test', origin);
      const { storage } = JSON.parse(await (await edge.fetchUrl(asked)).text());
      const content = atob(storage.files[0].contents.source.split(',')[1]);
      expect(content).toBe(`url=${asked} rack=7`);
    }
    const { text } = await booted(issued);
    const hash = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(text));
    expect((await explained()).sha512).toBe(Buffer.from(hash).toString('hex'));
  });

  it('are shown to who may see secrets, and stored where nobody can read them', async () => {
    await profile('web', base(), { vars: { token: 'default-secret' } });
    await machine('?profile=web&vars=token%3Dmachine-secret');
    const made = await edge.call('PUT', '/api/tokens/reader', '{"may":["read"]}');
    const { token } = await made.json<{ token: string }>();
    const seen = await edge.fetch('/api/machines/vm', { headers: { authorization: `Bearer ${token}` } });
    expect(await seen.json()).toMatchObject({ vars: { token: null } });
    expect(await (await edge.call('GET', '/api/machines/vm')).json()).toMatchObject({
      vars: { token: 'machine-secret' },
    });
    const stored = [...edge.bucket.objects.values()].map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join();
    expect(stored).not.toMatch(/(?:default|machine)-secret/);
  });

  it('whose sample would be wrong are left to the machines', async () => {
    await profile('web', base(file('/a', '{{source}}')), { vars: { source: null } });
    await machine('?profile=web&vars=source%3Dhttp%3A%2F%2Fh%2Fx');
    const { status, entries } = await refused(await put('?profile=web&vars=source%3Dx'));
    expect([status, entries[0]]).toMatchObject([422, { layer: 'base:web', path: 'storage.files.0.contents.source' }]);
  });
});

describe('an identity', () => {
  it('is written in the spec of each engine', async () => {
    await profile('old', config('/old', '2.2.0'), { engine: 'legacy' });
    const query = `&hostname=node-1.example.org&ssh_authorized_key=${encodeURIComponent(ED25519)}`;
    const { storage, passwd } = JSON.parse((await booted(await machine(`?profile=old${query}`, ''))).text);
    expect(storage.files.at(-1)).toMatchObject({ filesystem: 'root', path: '/etc/hostname', mode: 420 });
    expect(passwd.users).toMatchObject([{ name: 'core', sshAuthorizedKeys: [ED25519] }]);
    const alone = JSON.parse((await booted(await machine(`?${query.slice(1)}`, ''))).text);
    expect(alone).toMatchObject({
      ignition: { version: '3.0.0' },
      storage: { files: [{ path: '/etc/hostname', contents: { source: 'data:,node-1.example.org%0A' } }] },
    });
  });

  it.each(['a', 'node-1', 'A.b-c.d', '0', `${'a'.repeat(63)}`, 'xn--mnchen-3ya'])('may have the name %s', (name) =>
    expect(hostnameFault(name)).toBeUndefined(),
  );
  it.each([
    '-a',
    'a-',
    'a..b',
    '.a',
    'a.',
    'a_b',
    'a b',
    'ä',
    'a\n',
    'a'.repeat(64),
    `${'a'.repeat(40)}.${'b'.repeat(40)}`,
  ])('may not have the name %j', (name) => expect(hostnameFault(name)).toBeDefined());
  it.each([ED25519, `${ED25519} me@here and there`, `no-pty,command="a b" ${ED25519}`])('may have the key %s', (line) =>
    expect(sshKeyFault(line)).toBeUndefined(),
  );
  it.each([
    ...['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-rsa '.concat(ED25519.slice(12)), ED25519.slice(0, -8), 'x'],
    ...[`${ED25519}\n${ED25519}`, `-----BEGIN PUBLIC KEY-----`, `ssh-dss ${ED25519.slice(12)}`, `a b ${ED25519}`],
  ])('may not have the key %j', (line) => expect(sshKeyFault(line)).toBeDefined());
});
