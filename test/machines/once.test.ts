/** Configs for one boot, and for a while: what ends them, what does not, and what opens them again. */
import { beforeEach, describe, expect, it } from 'vitest';
import { faultyBucketOver } from '../support/faulty-bucket.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const MINUTE = 60_000;
let edge: NodeEdge;
let now: number;
beforeEach(async () => {
  now = Date.now();
  edge = await nodeEdge({ platform: { now: () => now } });
});

const put = async (query: string, id = 'a'): Promise<Issued> => {
  const answer = await edge.call('PUT', `/api/machines/${id}?version=4593.2.5&${query}`, config('/a'));
  if (answer.status !== 200) throw new Error(await answer.text());
  return await answer.json<Issued>();
};
const shown = async (id = 'a') =>
  await (await edge.call('GET', `/api/machines/${id}`)).json<Record<string, unknown> & { boots: object[] }>();
const statusOf = async (url: string, method = 'GET') => (await edge.fetchUrl(url, { method })).status;
const done = (url: string) => url.replace(/\/ignition.*$/, '/done');

const metadata = (url: string, path: string) => url.replace(/\/ignition.*$/, `/metadata/${path}`);

describe('once', () => {
  it('ends 15 minutes after the first config, whatever was asked before', async () => {
    const { urls, pointer } = await put('once=1');
    const frozen = (pointer as unknown as { ignition: { config: { replace: { source: string } } } }).ignition.config
      .replace.source;
    // Neither a script nor a HEAD is a boot.
    for (const [url, method] of [
      [urls.ipxe, 'GET'],
      [metadata(urls.ignition, 'env'), 'GET'],
      [urls.ignition, 'HEAD'],
    ] as const)
      expect(await statusOf(url, method)).toBe(200);
    now += 60 * MINUTE;
    expect(await statusOf(urls.ignition)).toBe(200);
    const first = now;
    now += 14 * MINUTE;
    expect([await statusOf(urls.ignition), await statusOf(frozen)]).toEqual([200, 200]);
    now = first + 15 * MINUTE;
    for (const url of [urls.ignition, frozen, urls.ipxe, metadata(urls.ignition, 'ec2/latest/user-data')]) {
      const answer = await edge.fetchUrl(url);
      expect([answer.status, await answer.text()]).toEqual([410, 'this boot URL was for one boot, which it has had\n']);
    }
    expect(await shown()).toMatchObject({ once: true, handedOutAt: new Date(first).toISOString(), doneAt: null });
  });

  it('begins with the pointer’s config, and with a cloud-config, too', async () => {
    const answer = await edge.call('PUT', '/api/machines/c?once=1&version=4593.2.5', '#cloud-config\nhostname: a\n');
    const { urls } = await answer.json<{ urls: { cloudConfig: string } }>();
    expect(await statusOf(urls.cloudConfig)).toBe(200);
    now += 15 * MINUTE;
    expect(await statusOf(urls.cloudConfig)).toBe(410);
  });

  it('ends at once when the machine says that it is done, which it may say again', async () => {
    const { urls } = await put('once=1');
    expect(await statusOf(urls.ignition)).toBe(200);
    const said = await edge.fetchUrl(done(urls.ignition), { method: 'POST', body: 'up after 41 s\n\u0007' });
    expect([said.status, await said.text()]).toEqual([204, '']);
    expect(await statusOf(urls.ignition)).toBe(410);
    expect(await statusOf(done(urls.ignition), 'POST')).toBe(204);
    await edge.settle();
    expect(await shown()).toMatchObject({
      doneAt: new Date(now).toISOString(),
      boots: expect.arrayContaining([expect.objectContaining({ what: 'done', status: 204, detail: 'up after 41 s' })]),
    });
  });

  it('is opened again by rearm alone: neither by new user data nor by a new URL', async () => {
    const { urls } = await put('once=1');
    await statusOf(urls.ignition);
    await statusOf(done(urls.ignition), 'POST');
    await edge.call('PUT', '/api/machines/a?once=1&version=4593.2.5', config('/b'));
    const token = await (await edge.call('POST', '/api/machines/a/token', '{}')).json<Issued>();
    expect([await statusOf(urls.ignition), await statusOf(token.urls.ignition)]).toEqual([410, 410]);
    const etag = (await edge.call('GET', '/api/machines/a')).headers.get('etag') ?? '';
    const rearm = async (query = '', headers = {}) =>
      await edge.call('POST', `/api/machines/a/rearm${query}`, undefined, headers);
    expect((await rearm('?dry_run=1')).status).toBe(200);
    expect(await statusOf(urls.ignition)).toBe(410);
    expect((await rearm('', { 'if-match': etag })).status).toBe(200);
    expect((await rearm('', { 'if-match': etag })).status).toBe(412);
    expect(await shown()).toMatchObject({ handedOutAt: null, doneAt: null });
    expect([await statusOf(urls.ignition), await statusOf(token.urls.ignition)]).toEqual([200, 200]);
    await edge.settle();
    expect([...edge.bucket.objects.keys()].filter((key) => key.startsWith('handed/')).length).toBe(1);
    // A call-back of the boot before comes late, again and again.
    await edge.call('POST', '/api/machines/a/rearm');
    for (let call = 0; call < 30; call += 1) expect(await statusOf(done(urls.ignition), 'POST')).toBe(204);
    await edge.settle();
    expect(await statusOf(urls.ignition)).toBe(200);
    await edge.settle();
    expect((await shown()).boots.filter((boot) => (boot as { what: string }).what === 'done').length).toBe(1);
    expect(await shown()).toMatchObject({ state: 'booted' });
  });

  it('does not open again what somebody has rearmed meanwhile', async () => {
    const r2 = faultyBucketOver(memoryBucket({ now: () => now }).r2);
    let go: () => void = () => undefined;
    r2.pause = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    edge = await nodeEdge({ over: r2.bucket, platform: { now: () => now } });
    const { urls } = await put('once=1');
    await statusOf(urls.ignition);
    // The removal of what was noted before is late.
    r2.moodOf = (call, key) => (call === 'delete' && key.startsWith('handed/') ? 'slow' : 'well');
    await edge.call('POST', '/api/machines/a/rearm');
    r2.moodOf = () => 'well';
    await edge.call('POST', '/api/machines/a/rearm');
    expect(await statusOf(urls.ignition)).toBe(200);
    expect(await statusOf(done(urls.ignition), 'POST')).toBe(204);
    go();
    await edge.settle();
    expect(await statusOf(urls.ignition)).toBe(410);
  });

  it('begins with the values of variables, which are secrets as a config is', async () => {
    await edge.call('PUT', '/api/profiles/web', '{"engine":"ignition","vars":{"token":null}}');
    const { urls } = await put('once=1&profile=web&vars=token=hunter2');
    const env = metadata(urls.ignition, 'env');
    expect(await (await edge.fetchUrl(env)).text()).toContain('hunter2');
    now += 15 * MINUTE;
    expect([await statusOf(env), await statusOf(urls.ignition)]).toEqual([410, 410]);
  });

  it('is kept by an export and an import', async () => {
    const { urls } = await put('once=1&window=3600');
    await statusOf(urls.ignition);
    await statusOf(done(urls.ignition), 'POST');
    const lines = await (await edge.call('GET', '/api/machines/export')).text();
    const imported = async (into: NodeEdge) => {
      expect((await into.call('POST', '/api/machines/import', lines)).status).toBe(200);
      return (await into.fetchUrl(urls.ignition)).status;
    };
    expect(await imported(edge)).toBe(410);
    expect(await shown()).toMatchObject({ once: true, window: 3600, doneAt: new Date(now).toISOString() });
    await edge.call('POST', '/api/machines/a/rearm');
    expect(await imported(edge)).toBe(410);
    await edge.call('DELETE', '/api/machines/a');
    expect(await imported(edge)).toBe(410);
    expect(await imported(await nodeEdge({ platform: { now: () => now } }))).toBe(410);
  });

  it.each(['head handed/', 'put handed/'])('503 and no config where the store fails at %s', async (operation) => {
    const r2 = faultyBucketOver(memoryBucket({ now: () => now }).r2);
    edge = await nodeEdge({ over: r2.bucket, platform: { now: () => now } });
    const { urls } = await put('once=1');
    const [name = '', prefix = ''] = operation.split(' ');
    r2.moodOf = (call, key) => (call === name && key.startsWith(prefix) ? 'throws' : 'well');
    expect(await statusOf(urls.ignition)).toBe(503);
    r2.moodOf = () => 'well';
    expect(await statusOf(urls.ignition)).toBe(200);
    r2.moodOf = (call, key) => (call === name && key.startsWith(prefix) ? 'throws' : 'well');
    expect(await statusOf(done(urls.ignition), 'POST')).toBe(503);
    await edge.settle();
    // It says nothing of whether the machine gets its config.
    r2.moodOf = () => 'well';
    expect(await shown()).toMatchObject({ lastBoot: { what: 'ignition', status: 200 } });
  });

  it('costs other machines nothing', async () => {
    const r2 = faultyBucketOver(memoryBucket({ now: () => now }).r2);
    const heads: string[] = [];
    edge = await nodeEdge({ over: r2.bucket, platform: { now: () => now } });
    const { urls } = await put('');
    r2.moodOf = (_call, key) => {
      heads.push(key);
      return 'well';
    };
    expect(await statusOf(urls.ignition)).toBe(200);
    expect(heads.filter((key) => key.startsWith('handed/'))).toEqual([]);
  });
});

describe('window', () => {
  it('ends so many seconds after the machine was armed, and rearm opens it again', async () => {
    const { urls } = await put('window=600');
    now += 599_000;
    expect(await statusOf(urls.ignition)).toBe(200);
    // A change of something else arms nothing.
    await edge.call('PATCH', '/api/machines/a', '{"hostname":"n1"}');
    now += 1000;
    const answer = await edge.fetchUrl(urls.ipxe);
    expect([answer.status, await answer.text()]).toEqual([410, 'the time for which this boot URL was open is over\n']);
    expect((await edge.call('POST', '/api/machines/a/rearm')).status).toBe(200);
    expect(await statusOf(urls.ignition)).toBe(200);
    now += 600_000;
    expect(await statusOf(urls.ignition)).toBe(410);
    await edge.call('PATCH', '/api/machines/a', '{"window":null}');
    expect(await statusOf(urls.ignition)).toBe(200);
  });

  it('and once are of a fleet too', async () => {
    const body = JSON.stringify({
      version: '4593.2.5',
      unknown: 'enrol',
      window: 600,
      rules: [{ match: { rack: '7' }, once: true }],
    });
    const made = await (await edge.call('PUT', '/api/fleets/room', body)).json<{ urls: { ipxe: string } }>();
    const ask = async (query: string) => await edge.fetchUrl(`${made.urls.ipxe}?${query}`);
    expect((await ask('mac=52:54:00:00:00:01&rack=7')).status).toBe(200);
    expect(await shown('room-52-54-00-00-00-01')).toMatchObject({ once: true, window: 600 });
    now += 600_000;
    const over = await ask('mac=52:54:00:00:00:01');
    expect([over.status, await over.text()]).toEqual([410, 'the time for which this boot URL was open is over\n']);
  });
});

describe('done', () => {
  it('is an URL of the config, and is noted for a machine without once as well', async () => {
    await edge.call(
      'PUT',
      '/api/profiles/web/base',
      JSON.stringify({
        ignition: { version: '3.3.0' },
        storage: { files: [{ path: '/u', contents: { source: 'data:,{{edge.done_url}}' } }] },
      }),
    );
    const { urls } = await put('profile=web');
    const text = await (await edge.fetchUrl(urls.ignition)).text();
    expect(decodeURIComponent(text)).toContain(`data:,${done(urls.ignition)}`);
    expect(await statusOf(done(urls.ignition), 'POST')).toBe(204);
    expect(await statusOf(urls.ignition)).toBe(200);
    expect((await shown())['doneAt']).not.toBe(null);
    expect((await edge.call('POST', '/api/machines/a/rearm')).status).toBe(422);
  });

  it.each([
    ['GET', '', 405],
    ['POST', 'x'.repeat(1025), 413],
    ['POST', 'x'.repeat(1024), 204],
  ])('%s with %#: %i', async (method, body, status) => {
    const { urls } = await put('');
    const answer = await edge.fetchUrl(done(urls.ignition), { method, ...(body === '' ? {} : { body }) });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null]);
  });

  it('of a dead or a forged URL is 410 or 404, and notes nothing', async () => {
    const { urls } = await put('once=1');
    const forged = done(urls.ignition).replace('/boot/a.', '/boot/b.');
    expect((await edge.fetchUrl(forged, { method: 'POST', body: 'x'.repeat(5000) })).status).toBe(404);
    await edge.call('POST', '/api/machines/a/token', '{"revoke":true}');
    expect(await statusOf(done(urls.ignition), 'POST')).toBe(410);
    expect((await shown())['doneAt']).toBe(null);
  });

  it.each(['once=2', 'window=59', 'window=x', 'window=2592001'])('%s is refused', async (query) => {
    const answer = await edge.call('PUT', `/api/machines/a?${query}`, '');
    expect(answer.status).toBe(422);
  });
});
