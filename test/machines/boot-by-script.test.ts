/** Boot scripts through the whole service: one release a boot, and the arguments that an operator gives. */
import { beforeEach, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge({ versions: ['4593.2.4', '4593.2.5'] });
});
const scriptOf = async (url: string) => await (await edge.fetchUrl(url)).text();
const put = async (path: string, body = config('/user')) =>
  await (await edge.call('PUT', path, body)).json<{ urls: { ipxe: string }; kernelArgs: string[] }>();
const pin = async (version: string) =>
  await edge.call('PUT', '/api/aliases/stable/amd64-usr/current', JSON.stringify({ version }));
const releaseIn = (script: string) => /stable\/amd64-usr\/([^/\s]+)/.exec(script)?.[1];

describe('the release', () => {
  it('is a number, and kernel and initrd are of it while the alias moves between them', async () => {
    for (const version of ['4593.2.4', '4593.2.5']) await edge.mirror(version);
    const { urls } = await put('/api/machines/vm');
    for (const [now, then] of [
      ['4593.2.4', '4593.2.5'],
      ['4593.2.5', '4593.2.4'],
    ] as const) {
      await pin(now);
      const script = await scriptOf(urls.ipxe);
      expect(releaseIn(script)).toBe(now);
      const base = /set base-url (\S+)/.exec(script)?.[1] ?? '';
      const kernel = await edge.fetchUrl(`${base}/flatcar_production_pxe.vmlinuz`);
      await pin(then);
      const version = await edge.fetchUrl(`${base}/version.txt`);
      expect([kernel.status, await version.text()]).toEqual([200, expect.stringContaining(`FLATCAR_VERSION=${now}\n`)]);
      expect(releaseIn(await scriptOf(urls.ipxe))).toBe(then);
    }
  });

  it('is the one that upstream names where nothing is mirrored, and 503 where it is quarantined', async () => {
    const other = await nodeEdge({ vars: { MIRROR: '' } });
    const { urls } = await (await other.call('PUT', '/api/machines/vm', config('/user'))).json<{
      urls: { ipxe: string };
    }>();
    expect(releaseIn(await (await other.fetchUrl(urls.ipxe)).text())).toBe('4593.2.5');
    await other.call('DELETE', '/api/releases/stable/amd64-usr/4593.2.5');
    const answer = await other.fetchUrl(urls.ipxe);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

describe('kernel arguments', () => {
  it('of the profile come first, in order, and survive a change of the user data, an export and an import', async () => {
    await edge.call(
      'PUT',
      '/api/profiles/web',
      '{"engine":"ignition","kernelArgs":["flatcar.oem.id=openstack","a=1"]}',
    );
    const made = await put(
      '/api/machines/vm?profile=web&version=4593.2.5&kernel_arg=console=ttyS0&kernel_arg=console=tty0',
    );
    expect(made.kernelArgs).toEqual(['console=ttyS0', 'console=tty0']);
    const wanted = ' flatcar.oem.id=openstack a=1 console=ttyS0 console=tty0 || goto';
    expect(await scriptOf(made.urls.ipxe)).toContain(wanted);
    await edge.call('PUT', '/api/machines/vm/user-data', config('/other'));
    expect(await scriptOf(made.urls.ipxe)).toContain(wanted);
    const lines = await (await edge.call('GET', '/api/machines/export')).text();
    await edge.call('DELETE', '/api/machines/vm');
    expect((await edge.call('POST', '/api/machines/import', lines)).status).toBe(200);
    expect(await scriptOf(made.urls.ipxe)).toContain(wanted);
    const explained = await (await edge.call('GET', '/api/machines/vm/explain')).json();
    expect(explained).toMatchObject({
      kernelArgs: ['flatcar.oem.id=openstack', 'a=1', 'console=ttyS0', 'console=tty0'],
    });
  });

  it('are changed and taken away by PATCH, and a PUT without them says so', async () => {
    await put('/api/machines/vm?kernel_arg=quiet');
    const patched = await edge.call('PATCH', '/api/machines/vm', '{"kernelArgs":["a=1","b=2"]}');
    expect(await patched.json()).toMatchObject({ kernelArgs: ['a=1', 'b=2'], isChanged: true });
    expect(await (await edge.call('PUT', '/api/machines/vm', config('/user'))).json()).toMatchObject({
      kernelArgs: [],
      warnings: [expect.stringContaining('kernel arguments')],
    });
    await edge.call('PATCH', '/api/machines/vm', '{"kernelArgs":["a=1"]}');
    expect(await (await edge.call('PATCH', '/api/machines/vm', '{"kernelArgs":null}')).json()).toMatchObject({
      kernelArgs: [],
    });
  });

  it.each([
    ['PUT', '/api/machines/vm?kernel_arg=a%20b', 'kernel_arg'],
    ['PUT', '/api/machines/vm?kernel_arg=initrd=x', 'kernel_arg'],
    ['PUT', `/api/machines/vm?kernel_arg=${'x'.repeat(513)}`, 'kernel_arg'],
  ])('that cannot be are refused and named: %s %s', async (method, path, field) => {
    const answer = await edge.call(method, path, config('/user'));
    const { errors = [] } = await answer.json<{ errors?: { field: string }[] }>();
    expect([answer.status, errors[0]?.field.startsWith(field)]).toEqual([422, true]);
    expect((await edge.call('GET', '/api/machines/vm')).status).toBe(404);
  });

  it('that would make the line too long for a kernel are 503, and say so', async () => {
    const long = Array.from({ length: 8 }, (_, at) => `kernel_arg=${at}${'x'.repeat(60)}`).join('&');
    await edge.call('PUT', '/api/profiles/p', JSON.stringify({ engine: 'ignition', kernelArgs: ['y'.repeat(512)] }));
    const { urls } = await put(`/api/machines/${'m'.repeat(128)}?profile=p&version=4593.2.5&${long}`);
    expect((await edge.fetchUrl(urls.ipxe)).status).toBe(200);
    const far = await edge.fetchUrl(urls.ipxe.replace('edge.test', `${Array(16).fill('h'.repeat(60)).join('.')}.test`));
    expect([far.status, await far.text()]).toEqual([503, expect.stringContaining('a kernel reads 2047')]);
  });
});

it('a boot by an older pointer says so, in the record and in explain', async () => {
  const first = await edge.call('PUT', '/api/machines/vm', config('/one'));
  const { pointer } = await first.json<{ pointer: { ignition: { config: { replace: { source: string } } } } }>();
  await edge.call('PUT', '/api/machines/vm', config('/two'));
  expect((await edge.fetchUrl(pointer.ignition.config.replace.source)).status).toBe(200);
  await edge.settle();
  expect(await (await edge.call('GET', '/api/machines/vm')).json()).toMatchObject({
    state: 'stale',
    boots: [
      { what: 'frozen', detail: expect.stringContaining('the pointer is of generation 1, and the machine is at 2') },
    ],
  });
  expect(await (await edge.call('GET', '/api/machines/vm/explain')).json()).toMatchObject({
    warnings: [expect.stringContaining('older than this config')],
  });
});

it('lists versions in ascending order and aliases last, in HTML and in JSON, and never packed', async () => {
  for (const version of ['4593.2.5', '4593.2.4']) await edge.mirror(version);
  const order = ['4593.2.4/', '4593.2.5/', 'current/'];
  const html = await edge.fetch('/stable/amd64-usr/', { headers: { accept: 'text/html', 'accept-encoding': 'gzip' } });
  expect([...(await html.text()).matchAll(/href="\.\/([^"]+)"/g)].map(([, name]) => name)).toEqual(order);
  expect([html.headers.get('content-encoding'), html.headers.get('cache-control')]).toEqual([
    null,
    'public, max-age=60, no-transform',
  ]);
  const json = await edge.fetch('/stable//amd64-usr/', { headers: { accept: 'application/json' } });
  expect((await json.json<{ name: string }[]>()).map(({ name }) => name)).toEqual(order);
});

it('gives the other names that tools fetch, made of what is mirrored', async () => {
  await edge.mirror('4593.2.5');
  expect(await (await edge.fetch('/channel-info.txt')).text()).toBe('STABLE_CURRENT=4593.2.5\n');
  expect((await edge.fetch('/lts-info')).status).toBe(404);
  for (const path of ['/lts-info', '/channel-info.txt', '/releases-json/releases-stable.json']) {
    const posted = await edge.fetch(path, { method: 'POST' });
    expect([path, posted.status, posted.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD']);
  }
  const feed = await edge.fetch('/releases-json/releases-stable.json');
  const release = {
    channel: 'stable',
    architectures: ['amd64'],
    release_date: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000$/),
  };
  expect(await feed.json()).toEqual({ '4593.2.5': release, current: release });
  const etag = feed.headers.get('etag') ?? '';
  expect((await edge.fetch('/releases-json/releases-stable.json', { headers: { 'if-none-match': etag } })).status).toBe(
    304,
  );
  expect((await edge.fetch('/releases-json/releases-edge.json')).status).toBe(404);
});

it('a script that cannot be made is a failing machine until a config was served, and explain says why', async () => {
  const { urls } = await (await edge.call('PUT', '/api/machines/vm?channel=beta', config('/user'))).json<{
    urls: { ipxe: string; ignition: string };
  }>();
  const state = async () => (await (await edge.call('GET', '/api/machines/vm')).json<{ state: string }>()).state;
  expect((await edge.fetchUrl(urls.ipxe)).status).toBe(503);
  await edge.settle();
  expect(await state()).toBe('failing');
  const explained = await (await edge.call('GET', '/api/machines/vm/explain')).json<{ warnings: string[] }>();
  expect(explained.warnings).toEqual([expect.stringContaining('beta/amd64-usr/current names none')]);
  expect((await edge.fetchUrl(urls.ignition)).status).toBe(200);
  await edge.settle();
  expect(await state()).toBe('booted');
});

it('a PUT of a profile says what it has taken away', async () => {
  const settings = { engine: 'ignition', ignition: '2.24.0', cloudInit: 'off', kernelArgs: ['quiet'] };
  await edge.call('PUT', '/api/profiles/web', JSON.stringify(settings));
  const replaced = await (await edge.call('PUT', '/api/profiles/web', '{"engine":"ignition"}')).json<{
    warnings: string[];
  }>();
  expect(replaced.warnings).toEqual([
    expect.stringContaining('kernel arguments'),
    expect.stringContaining('named Ignition 2.24.0'),
    expect.stringContaining('cloudInit was off'),
  ]);
});

it('a release that was taken back is not booted, by its number either', async () => {
  await edge.mirror('4593.2.5');
  const { urls } = await put('/api/machines/vm?version=4593.2.5');
  expect(releaseIn(await scriptOf(urls.ipxe))).toBe('4593.2.5');
  await edge.call('DELETE', '/api/releases/stable/amd64-usr/4593.2.5');
  const answer = await edge.fetchUrl(urls.ipxe);
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('4593.2.5 is quarantined')]);
});

it.each(["http://a'b", 'http://a$b', 'http://a;b', 'http://a,b'])(
  'no script links to the host of %s',
  async (origin) => {
    const { urls } = await put('/api/machines/vm?version=4593.2.5');
    const { pathname } = new URL(urls.ipxe);
    for (const script of ['ipxe', 'grub', 'pxelinux'])
      expect((await edge.fetchUrl(`${origin}${pathname.replace(/ipxe$/, script)}`)).status).toBe(400);
  },
);
