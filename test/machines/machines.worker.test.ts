/** The operator's calls on machines and profiles, over HTTP. */
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { edgeOver, OPERATOR, OPERATOR_TOKEN } from '../support/edge.ts';
import { faultyBucket } from '../support/faulty-stores.ts';
import { shortPauses } from '../support/hurried.ts';
import { pathsOf } from '../support/json.ts';
import { config } from '../support/machine-texts.ts';
import { machineEdge } from '../support/operator.ts';

const json = async (response: Response) => (await response.json()) as Record<string, never>;

describe('a machine', () => {
  it('is written, boots, is shown without its secrets, and is gone', async () => {
    const edge = machineEdge();
    await edge.putProfile('web', { base: config('/base') });
    const issued = await edge.putMachine('vm-1', config('/user', '3.4.0'), '?profile=web');
    expect(issued).toMatchObject({
      id: 'vm-1',
      profile: 'web',
      kind: 'ignition',
      generation: 1,
      expiresAt: null,
      entries: [],
    });
    expect(issued.urls.ignition).toMatch(/^http:\/\/edge\.test\/boot\/vm-1\.[^/]+\/ignition$/);
    expect(issued.urls.cloudConfig).toBeUndefined();

    const booted = await edge.boot(issued.urls.ignition);
    expect(booted.status).toBe(200);
    expect(Object.fromEntries(booted.headers)).toMatchObject({
      'content-type': 'application/vnd.coreos.ignition+json',
      'cache-control': 'no-store, no-transform',
    });
    const text = await booted.text();
    expect(JSON.parse(text)).toMatchObject({ ignition: { version: '3.4.0' } });
    expect(pathsOf(text)).toEqual(['/base', '/user']);
    const head = await edge.boot(issued.urls.ignition, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(text.length)]);

    await edge.settle();
    const shown = await (await edge.call('GET', '/api/machines/vm-1')).text();
    expect(JSON.parse(shown)).toMatchObject({ id: 'vm-1', boots: [{ what: 'ignition', status: 200, generation: 1 }] });
    const capability = issued.urls.ignition.split('/')[4] ?? '';
    for (const secret of capability.split('.').slice(1, 3)) expect(shown).not.toContain(secret);

    expect((await edge.call('DELETE', '/api/machines/vm-1')).status).toBe(200);
    expect((await edge.boot(issued.urls.ignition)).status).toBe(410);
    expect((await edge.call('GET', '/api/machines/vm-1')).status).toBe(410);
    // A new machine of the name is another one: the old URLs stay gone.
    const again = await edge.putMachine('vm-1', config('/new'));
    expect((await edge.boot(issued.urls.ignition)).status).toBe(410);
    expect(pathsOf(await (await edge.boot(again.urls.ignition)).text())).toEqual(['/new']);
  });

  it('keeps its URLs when it is replaced, until asked for new ones', async () => {
    const edge = machineEdge();
    const first = await edge.putMachine('vm', config('/1'));
    const second = await edge.putMachine('vm', config('/2'));
    expect([second.urls, second.generation]).toEqual([first.urls, 2]);
    expect(pathsOf(await (await edge.boot(first.urls.ignition)).text())).toEqual(['/2']);
    const third = await edge.putMachine('vm', config('/3'), '?expires_in=60');
    expect(third.urls).not.toEqual(first.urls);
    expect(third.expiresAt).toMatch(/^\d{4}-/);
    // New ones do not end the old ones; revoking does.
    expect((await edge.boot(first.urls.ignition)).status).toBe(200);
    const token = await edge.call('POST', '/api/machines/vm/token', JSON.stringify({ revoke: true }));
    const fresh = (await token.json()) as { urls: { ignition: string } };
    expect((await edge.boot(first.urls.ignition)).status).toBe(410);
    expect((await edge.boot(third.urls.ignition)).status).toBe(410);
    expect((await edge.boot(fresh.urls.ignition)).status).toBe(200);
  });

  it('expires on the second', async () => {
    let shift = 0;
    const edge = machineEdge({ platform: { now: () => Date.now() + shift } });
    const { urls } = await edge.putMachine('vm', '', '?expires_in=60');
    shift = 58_000;
    expect((await edge.boot(urls.ignition)).status).toBe(200);
    shift = 61_000;
    expect((await edge.boot(urls.ignition)).status).toBe(410);
  });

  it.each([
    ['/api/machines/export', 'id: export is reserved'],
    ['/api/machines/-x', 'id: must be'],
    ['/api/machines/a?profile=none', 'profile: there is no profile none'],
    ['/api/machines/a?expires_in=0', 'expires_in: must be'],
    ['/api/machines/a?expires_in=soon', 'expires_in: must be'],
    ['/api/machines/a?channel=x', 'channel: must be one of'],
    ['/api/machines/a?board=x', 'board: must be one of'],
    ['/api/machines/a?version=x', 'version: must be'],
    ['/api/machines/a?version=4593.1.0', 'version: 4593.1.0 is not of channel stable'],
  ])('PUT %s names the field', async (path, detail) => {
    const answer = await machineEdge().call('PUT', path, config('/x'));
    expect([answer.status, String((await json(answer))['detail']).slice(0, detail.length)]).toEqual([422, detail]);
  });

  it('an invalid config changes nothing, and the report says why', async () => {
    const edge = machineEdge();
    const { urls } = await edge.putMachine('vm', config('/good'));
    const answer = await edge.call('PUT', '/api/machines/vm', config('relative'));
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      detail: 'user: storage.files.0.path: path not absolute (line 1, column 61)',
      entries: [{ layer: 'user', severity: 'error', path: 'storage.files.0.path', line: 1 }],
    });
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/good']);
    expect((await edge.call('PUT', '/api/machines/vm', 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    expect((await edge.call('PUT', '/api/machines/vm', config('/x', '3.7.0-experimental'))).status).toBe(422);
  });

  it('without CAPABILITY_SECRET nothing is written, and boots are told to come back', async () => {
    const edge = machineEdge({ vars: { CAPABILITY_SECRET: undefined } as never });
    expect((await edge.call('PUT', '/api/machines/vm', config('/x'))).status).toBe(503);
    expect((await edge.fetch('/boot/vm.a.b.0.c/ignition')).status).toBe(503);
  });

  it('needs the token for every call', async () => {
    const edge = machineEdge();
    for (const [method, path] of [
      ['PUT', '/api/machines/a'],
      ['GET', '/api/machines'],
      ['GET', '/api/machines/export'],
      ['PUT', '/api/profiles/a/base'],
      ['POST', '/api/storage/reseal'],
    ] as const) {
      expect((await edge.fetch(path, { method })).status, path).toBe(401);
    }
    const wrong = await edge.fetch('/api/machines/a', { method: 'POST', headers: OPERATOR });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PUT, PATCH, DELETE']);
  });
});

describe('user data of every kind', () => {
  const gzip = async (text: string) =>
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();

  it.each([
    ['cloud-config', '#cloud-config\nhostname: é\n'],
    ['script', '#!/bin/sh\necho hi\n'],
    ['cloud-config', 'Content-Type: multipart/mixed; boundary=x\n\n--x--\n'],
  ])('%s: base and default boot, the text has its own URL', async (kind, text) => {
    const edge = machineEdge();
    const url = encodeURIComponent('{{cloud_config_url}}');
    await edge.putProfile('p', {
      base: config('/base'),
      default: config('/default', '3.3.0', { contents: { source: `data:,--from-url%3D${url}` } }),
    });
    for (const body of [text, await gzip(text)]) {
      const issued = await edge.putMachine('vm', body, '?profile=p');
      expect(issued.kind).toBe(kind);
      const booted = await (await edge.boot(issued.urls.ignition)).text();
      expect(pathsOf(booted)).toEqual(['/base', '/default']);
      expect(booted).toContain(`--from-url%3D${issued.urls.cloudConfig}`);
      const own = await edge.boot(issued.urls.cloudConfig ?? '');
      expect([own.status, own.headers.get('content-type'), await own.text()]).toEqual([
        200,
        'text/plain; charset=utf-8',
        text,
      ]);
    }
  });
  it('a gzipped config, and none at all', async () => {
    const edge = machineEdge();
    const zipped = await edge.putMachine('z', await gzip(config('/z')));
    expect(pathsOf(await (await edge.boot(zipped.urls.ignition)).text())).toEqual(['/z']);
    const none = await edge.putMachine('n', '');
    expect(none.kind).toBe('none');
    expect(await (await edge.boot(none.urls.ignition)).text()).toBe('{"ignition":{"version":"3.0.0"}}');
    expect((await edge.boot(none.urls.ignition.replace(/ignition$/, 'cloud-config'))).status).toBe(404);
  });
});

describe('YAML', () => {
  const butane = (more = '') =>
    `variant: flatcar\nversion: 1.1.0\n${more}storage:\n  files:\n    - {path: /b, mode: 0644}\n`;

  it('Butane boots as Ignition, and explain shows what it was made from', async () => {
    const edge = machineEdge();
    const issued = await edge.putMachine('butane', butane());
    expect(issued).toMatchObject({ kind: 'ignition', source: 'butane', entries: [] });
    const booted = await (await edge.boot(issued.urls.ignition)).text();
    expect(JSON.parse(booted)).toMatchObject({
      ignition: { version: '3.4.0' },
      storage: { files: [{ path: '/b', mode: 420 }] },
    });
    const explained = await (await edge.call('GET', '/api/machines/butane/explain')).json();
    expect(explained).toMatchObject({ source: 'butane', sourceText: butane() });
    expect(await (await edge.call('GET', '/api/machines/butane')).json()).toMatchObject({ source: 'butane' });
  });
  it('a key that would be lost is refused, unless that is meant', async () => {
    const edge = machineEdge();
    const answer = await edge.call('PUT', '/api/machines/lost', butane('boot_device: {luks: {tpm2: true}}\n'));
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      {
        detail: expect.stringContaining('boot_device'),
        entries: [{ severity: 'error', path: 'boot_device', line: 3 }],
      },
    ]);
    const lenient = await edge.putMachine('lost', butane('boot_device: {}\n'), '?lenient=1');
    expect(lenient.entries).toMatchObject([{ severity: 'warning', layer: 'user', path: 'boot_device' }]);
  });
  it('a Container Linux Config is told by the query alone, and never takes what is something else', async () => {
    const edge = machineEdge();
    const ct = 'etcd: {name: "{HOSTNAME}"}\n';
    expect(await edge.putMachine('ct', ct, '?format=ct&platform=ec2')).toMatchObject({
      kind: 'ignition',
      source: 'ct',
    });
    for (const [body, query, detail] of [
      [ct, '', 'format: the body is YAML without a variant'],
      ['#cloud-config\n', '?format=ct', 'format: the body is cloud-config, not ct'],
      [config('/x'), '?format=butane', 'format: the body is JSON without a variant'],
      [ct, '?format=x', 'format: must be one of'],
      [ct, '?format=ct', 'conversion failed'],
    ] as const) {
      const answer = await edge.call('PUT', `/api/machines/ct2${query}`, body);
      expect([answer.status, String((await json(answer))['detail']).slice(0, detail.length)]).toEqual([422, detail]);
    }
    // Legal for ct, refused by today's translation: it would not boot.
    const twice = 'storage: {files: [{path: /a, mode: 1}, {path: /a, mode: 1}]}';
    expect((await edge.call('PUT', '/api/machines/ct2?format=ct', twice)).status).toBe(422);
  });
  it('profiles take both, and the placeholder stays where it can be filled in', async () => {
    const edge = machineEdge();
    const inline = `${'lorem ipsum '.repeat(60)} {{cloud_config_url}}`;
    const fallback = `variant: flatcar\nversion: 1.0.0\nstorage: {files: [{path: /d, contents: {inline: "${inline}"}}]}`;
    await edge.putProfile('yaml', { base: butane(), default: fallback });
    const issued = await edge.putMachine('y', '#!/bin/sh\n', '?profile=yaml');
    const booted = await (await edge.boot(issued.urls.ignition)).text();
    expect(pathsOf(booted)).toEqual(['/b', '/d']);
    expect(booted).toContain(issued.urls.cloudConfig);
  });
  it('is transpiled without storing anything', async () => {
    const edge = machineEdge();
    const good = await edge.call('POST', '/api/ignition/transpile?from=butane', butane());
    expect([good.status, await good.json()]).toMatchObject([
      200,
      { config: { ignition: { version: '3.4.0' } }, entries: [] },
    ]);
    const strict = await edge.call('POST', '/api/ignition/transpile?from=butane&strict=1', butane('x: 1\n'));
    expect([strict.status, await strict.json()]).toMatchObject([
      422,
      { error: expect.stringContaining('strict'), entries: [{ path: 'x' }] },
    ]);
    expect((await edge.call('POST', '/api/ignition/transpile?from=ct&platform=ec2', '')).status).toBe(200);
    expect((await edge.call('POST', '/api/ignition/transpile', '')).status).toBe(422);
    expect((await edge.call('POST', '/api/ignition/transpile?from=ct', new Uint8Array([0xff]))).status).toBe(422);
    const long = `variant: flatcar\nversion: 1.1.0\nstorage: {files: [{path: /z, contents: {inline: "${'z'.repeat(5000)}"}}]}`;
    const zipped = await (await edge.call('POST', '/api/ignition/transpile?from=butane', long)).json();
    expect(zipped).toMatchObject({ config: { storage: { files: [{ contents: { compression: 'gzip' } }] } } });
  });
});

describe('a profile', () => {
  it('changes what its machines boot from, at once', async () => {
    const edge = machineEdge();
    await edge.putProfile('p', { base: config('/1') });
    const { urls } = await edge.putMachine('vm', config('/user'), '?profile=p');
    await edge.putProfile('p', { base: config('/2') });
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/2', '/user']);
    expect((await edge.call('DELETE', '/api/profiles/p/base')).status).toBe(200);
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/user']);
  });

  it('is not changed so that a machine would break, unless it is forced; then the machine is told to come back', async () => {
    const edge = machineEdge();
    const owner = (user: object) => config('/a', '3.3.0', { user });
    await edge.putProfile('p', { base: config('/b') });
    const { urls } = await edge.putMachine('vm', owner({ name: 'core' }), '?profile=p');
    await edge.putMachine('well', config('/c'), '?profile=p');
    const breaking = owner({ id: 500 });
    const expected = {
      checked: 2,
      broken: 1,
      breaks: [
        {
          cause: 'result: storage.files.*.user: cannot set both id and name',
          count: 1,
          examples: [{ id: 'vm', entries: [{ layer: 'result', path: 'storage.files.0.user' }] }],
        },
      ],
    };
    const asked = await edge.call('PUT', '/api/profiles/p/base?dry_run=1', breaking);
    expect([asked.status, await asked.json()]).toMatchObject([200, { dryRun: true, ...expected, cursor: null }]);
    const refused = await edge.call('PUT', '/api/profiles/p/base', breaking);
    expect([refused.status, await refused.json()]).toMatchObject([409, expected]);
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/b', '/a']);

    expect((await edge.call('PUT', '/api/profiles/p/base?force=1', breaking)).status).toBe(200);
    const booted = await edge.boot(urls.ignition);
    expect(booted.status).toBe(503);
    await edge.settle();
    expect(edge.events.at(-1)).toMatchObject({
      reason: 'invalid',
      machine: 'vm',
      entry: 'result: storage.files.0.user',
    });
    // It does not boot as it is, so another change does not break it.
    expect((await edge.call('PUT', '/api/profiles/p/default', config('/d'))).status).toBe(200);
  });

  it.each([
    ['base', config('relative'), 'base:bad: storage.files.0.path: path not absolute (line 1, column 61)'],
    ['default', '#cloud-config\n', 'default:bad: $: must be an Ignition config, not cloud-config'],
    ['base', '{', 'base:bad: $: unexpected end of JSON input (line 1, column 2)'],
  ])('an invalid %s is refused', async (part, text, detail) => {
    const edge = machineEdge();
    const answer = await edge.call('PUT', `/api/profiles/bad/${part}`, text);
    expect([answer.status, (await json(answer))['detail']]).toEqual([422, detail]);
    expect((await edge.call('GET', '/api/profiles/bad')).status).toBe(404);
  });

  it('of the legacy engine takes spec 2 alone', async () => {
    const edge = machineEdge();
    await edge.putProfile('old', { engine: 'legacy', base: config('/b', '2.1.0') });
    expect((await edge.call('PUT', '/api/profiles/old/default', config('/d'))).status).toBe(422);
    expect((await edge.call('PUT', '/api/machines/vm?profile=old', config('/u'))).status).toBe(422);
    const { urls, pointer } = await edge.putMachine('vm', config('/u', '2.2.0'), '?profile=old');
    const text = await (await edge.boot(urls.ignition)).text();
    expect([JSON.parse(text).ignition.version, pathsOf(text)]).toEqual(['2.4.0', ['/b', '/u']]);
    expect(pointer.ignition.version).toBe('2.0.0');
    const bad = await edge.call('PUT', '/api/profiles/old', JSON.stringify({ engine: 'x' }));
    expect((await json(bad))['detail']).toBe('engine: must be ignition or legacy');
    expect((await edge.call('PUT', '/api/profiles/old', JSON.stringify({ engine: 'ignition' }))).status).toBe(200);
  });

  it('in use is not deleted; one that is not is, and can be made again', async () => {
    const edge = machineEdge();
    await edge.putProfile('used', { base: config('/old') });
    await edge.putMachine('vm', '', '?profile=used');
    const refused = await edge.call('DELETE', '/api/profiles/used');
    expect([refused.status, await refused.json()]).toMatchObject([409, { machines: ['vm'] }]);
    await edge.putMachine('vm', '');
    expect((await edge.call('DELETE', '/api/profiles/used')).status).toBe(200);
    expect((await edge.call('GET', '/api/profiles/used')).status).toBe(404);
    expect((await edge.call('PUT', '/api/machines/vm?profile=used', '')).status).toBe(422);
    await edge.putProfile('used', { default: config('/new') });
    const shown = await (await edge.call('GET', '/api/profiles/used')).json();
    expect(shown).toMatchObject({ base: null, default: config('/new') });
  });
});

it('a use that no record bears out goes, once it is old', async () => {
  const edge = machineEdge();
  await edge.putProfile('left', { base: config('/b') });
  await edge.putMachine('leaver', '', '?profile=left');
  await edge.putMachine('leaver', '');
  await edge.putProfile('left', { base: config('/c') });
  expect((await env.RELEASES.list({ prefix: 'uses/left/' })).objects).toHaveLength(1);
  const later = machineEdge({ platform: { now: () => Date.now() + 700_000 } });
  await later.putProfile('left', { base: config('/d') });
  expect((await env.RELEASES.list({ prefix: 'uses/left/' })).objects).toEqual([]);
});

it('a profile is written although R2 takes its time, and a deletion that broke off is finished', async () => {
  const r2 = faultyBucket();
  const edge = machineEdge({ bindings: { RELEASES: r2.bucket }, platform: shortPauses });
  let refused = 0;
  r2.moodOf = (operation, key) =>
    operation === 'put' && key.startsWith('profiles/') && refused++ < 2 ? 'throws' : 'well';
  await edge.putProfile('slow', { base: config('/b') });
  await edge.putMachine('half', config('/h'));
  r2.moodOf = (operation) => (operation === 'delete' ? 'throws' : 'well');
  expect((await edge.call('DELETE', '/api/machines/half')).status).toBe(503);
  r2.moodOf = () => 'well';
  expect((await edge.call('DELETE', '/api/machines/half')).status).toBe(410);
  expect((await env.RELEASES.list({ prefix: 'renderings/half/' })).objects).toEqual([]);
});

it.each(['base', 'default'])(
  'an empty %s is refused: a tool that failed must not take it away from every machine',
  async (part) => {
    const edge = machineEdge();
    await edge.call('PUT', `/api/profiles/emptied/${part}`, config(`/${part}`));
    const answer = await edge.call('PUT', `/api/profiles/emptied/${part}`, '');
    expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
      422,
      `body: is empty; DELETE takes the layer away`,
    ]);
    expect((await edge.call('GET', `/api/profiles/emptied/${part}`)).status).toBe(200);
  },
);

it('without any secret a profile cannot be sealed: 503, not a crash', async () => {
  const edge = edgeOver({ RELEASES: env.RELEASES, MACHINES: env.MACHINES, OPERATOR_TOKEN });
  const init = { method: 'PUT', headers: OPERATOR, body: config('/a') };
  expect((await edge.fetch('/api/profiles/unsealed/base', init)).status).toBe(503);
});

it('a machine is shown, whatever has become of its profile', async () => {
  const edge = machineEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.putMachine('vm', config('/user'), '?profile=web&version=4081.3.10&channel=lts');
  await edge.settle();
  const shown = async () => await (await edge.call('GET', '/api/machines/vm')).json<Record<string, unknown>>();
  const reads = { version: '2.19.0', spec: '3.4.0', from: 'release' };
  expect(await shown()).toMatchObject({ profile: 'web', ignition: null, reads, warnings: [] });
  await env.RELEASES.delete('profiles/web.json');
  await env.MACHINES.delete('profile:web');
  const later = machineEdge();
  const answer = await later.call('GET', '/api/machines/vm');
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    reads,
    warnings: [expect.stringMatching(/^the profile cannot be read: /)],
  });
});

describe('pointers', () => {
  it('name a frozen rendering by its hash, and keep serving it', async () => {
    const edge = machineEdge();
    await edge.putProfile('p', { base: config('/1') });
    const { pointer } = await edge.putMachine('vm', config('/u'), '?profile=p');
    const { source, verification } = pointer.ignition.config.replace;
    expect(pointer.ignition.version).toBe('3.0.0');
    await edge.putProfile('p', { base: config('/2') });
    await edge.putMachine('vm', config('/other'), '?profile=p');
    const answer = await edge.boot(source);
    expect(answer.headers.get('content-type')).toBe('application/vnd.coreos.ignition+json');
    const bytes = await answer.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-512', bytes));
    expect(verification.hash).toBe(`sha512-${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`);
    expect(pathsOf(new TextDecoder().decode(bytes))).toEqual(['/1', '/u']);
    expect((await edge.boot(source.replace(/[0-9a-f]{128}$/, 'a'.repeat(128)))).status).toBe(404);
    await edge.call('DELETE', '/api/machines/vm');
    expect((await edge.boot(source)).status).toBe(410);
    expect((await env.RELEASES.list({ prefix: 'renderings/vm/' })).objects).toEqual([]);
  });
});

describe('a boot script', () => {
  const linksOf = (script: string) =>
    [...script.matchAll(/https?:\/\/[^/\s]+|\(https?,[^)]+\)/g)].map(([link]) => link);

  it('links to the scheme and host that it was asked with, whatever PUBLIC_URL says', async () => {
    const edge = machineEdge({ vars: { PUBLIC_URL: 'https://edge.example/', BOOT_URL: 'http://boot.example' } });
    const { urls } = await edge.putMachine('vm', '#!/bin/sh\n', '?version=4593.2.5');
    expect(urls.ignition).toMatch(/^https:\/\/edge\.example\/boot\//);
    for (const script of ['ipxe', 'grub', 'pxelinux'] as const) {
      expect(urls[script]).toMatch(/^http:\/\/boot\.example\/boot\//);
      for (const origin of ['http://10.0.2.2:8080', 'https://other.example']) {
        const url = `${origin}${new URL(urls[script]).pathname}`;
        const text = await (await edge.fetchUrl(url)).text();
        const { protocol, host } = new URL(origin);
        const allowed = [origin, `(${protocol.slice(0, -1)},${host})`];
        expect([script, linksOf(text).filter((link) => !allowed.includes(link))]).toEqual([script, []]);
        expect(linksOf(text).length).toBeGreaterThanOrEqual(3);
        expect(text).toContain('stable/amd64-usr/4593.2.5');
        expect(text).toContain('cloud-config-url=');
      }
    }
    const config = await (await edge.fetchUrl(`http://10.0.2.2${new URL(urls.ignition).pathname}`)).text();
    expect(config).toContain('https://edge.example/boot/');
  });

  it('is 503 while nobody can say which release an alias names', async () => {
    const edge = machineEdge();
    const { urls } = await edge.putMachine('vm', '', '?channel=beta&board=arm64-usr&version=current');
    const answer = await edge.boot(urls.ipxe);
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
      ...[503, '5'],
      expect.stringMatching(
        /^the release that this machine boots is not known at the moment: beta\/arm64-usr\/current: /,
      ),
    ]);
  });
});

it('explain tells which layer set each part', async () => {
  const edge = machineEdge();
  await edge.putProfile('e', { base: config('/a', '3.3.0', { user: { id: 500 } }) });
  await edge.putMachine('vm', config('/a', '3.3.0', { contents: { source: 'data:,x' } }), '?profile=e');
  expect(await (await edge.call('GET', '/api/machines/vm/explain')).json()).toMatchObject({
    version: '3.3.0',
    config: { storage: { files: [{ path: '/a', user: { id: 500 }, contents: { source: 'data:,x' } }] } },
    parts: expect.arrayContaining([
      { path: 'storage.files.0.user.id', layer: 'base:e' },
      { path: 'storage.files.0.contents.source', layer: 'user' },
    ]),
  });
});

it('lists page by page, by prefix, without the deleted', async () => {
  const edge = machineEdge();
  for (const id of ['l-1', 'l-2', 'm-1']) await edge.putMachine(id, '');
  await edge.call('DELETE', '/api/machines/l-2');
  const page = (await (await edge.call('GET', '/api/machines?prefix=l-')).json()) as object;
  const state = { state: 'never-booted', lastBoot: null, isCurrent: null };
  expect(page).toMatchObject({
    items: [{ id: 'l-1', profile: null, kind: 'none', generation: 1, ...state }],
    cursor: null,
  });
});

it('nothing of a config or a capability is in the stores or the log', async () => {
  const edge = machineEdge();
  const secret = 'join-token-that-nobody-may-read';
  await edge.putProfile('s', { base: config(`/${secret}-base`) });
  const { urls } = await edge.putMachine('secretive', config(`/${secret}`), '?profile=s');
  await edge.boot(urls.ignition);
  await edge.boot(urls.ignition.replace('/ignition', '/nothing'));
  await edge.settle();
  const { objects } = await env.RELEASES.list();
  for (const { key } of objects) {
    expect(await (await env.RELEASES.get(key))?.text(), key).not.toContain(secret);
  }
  for (const { name } of (await env.MACHINES.list()).keys) expect(await env.MACHINES.get(name)).not.toContain(secret);
  const [, , , , capability = ''] = urls.ignition.split('/');
  const log = JSON.stringify(edge.events);
  expect(log).not.toContain(secret);
  expect(log).not.toContain(capability.split('.').at(-1));
});
