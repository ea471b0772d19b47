/** The config that a machine got last: kept when it changes, told without its URL, gone with the machine. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { maskedConfig, SAMPLE_URL, withoutUrls } from '../../src/machines/boot/masked.ts';
import { keepServed, lastServed } from '../../src/machines/boot/served.ts';
import type { Proven } from '../../src/machines/records/current.ts';
import type { Machine } from '../../src/machines/records/model.ts';
import { servedBucket } from '../../src/machines/records/served.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import { ok } from '../../src/shared/result.ts';
import { machineKeys, machineStores } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const pathsOf = (booted: { config: { storage: { files: { path: string }[] } } }) =>
  booted.config.storage.files.map(({ path }) => path);

async function booting(edge: NodeEdge, text: string, query = '?profile=web') {
  const issued = await (await edge.call('PUT', `/api/machines/vm-1${query}`, text)).json<{
    urls: { ignition: string };
    pointer: object;
  }>();
  const boot = async (url = issued.urls.ignition) => {
    const answer = await edge.fetchUrl(url);
    await edge.settle();
    return await answer.text();
  };
  const booted = async () => await edge.call('GET', '/api/machines/vm-1/booted');
  return { issued, boot, booted };
}

describe('what a machine got last', () => {
  it('stays what it was until the machine boots something else', async () => {
    const edge = await nodeEdge();
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { boot, booted } = await booting(edge, config('/user'));
    expect((await booted()).status).toBe(404);
    await boot();
    const first = await (await booted()).json<Parameters<typeof pathsOf>[0] & { at: string; sha512: string }>();
    expect(pathsOf(first)).toEqual(['/base', '/user']);
    await edge.call('PUT', '/api/profiles/web/base', config('/other'));
    expect(pathsOf(await (await booted()).json())).toEqual(['/base', '/user']);
    const explained = await (await edge.call('GET', '/api/machines/vm-1/explain')).json<{ sha512: string }>();
    expect(explained.sha512).not.toBe(first.sha512);
    await boot();
    const second = await (await booted()).json<typeof first>();
    expect([pathsOf(second), second.sha512]).toEqual([['/other', '/user'], explained.sha512]);
  });

  it('is written once for boots with the same config, and sealed', async () => {
    const edge = await nodeEdge();
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { boot, booted } = await booting(edge, config('/user'));
    await boot();
    const { at } = await (await booted()).json<{ at: string }>();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await boot();
    expect(await (await booted()).json()).toMatchObject({ at });
    const kept = await edge.bucket.r2.get('served/vm-1');
    expect(await kept?.text()).not.toContain('/user');
  });

  it('is not changed by a HEAD, a script or a refusal, and goes with the machine', async () => {
    const edge = await nodeEdge();
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { issued, boot, booted } = await booting(edge, config('/user'));
    await edge.fetchUrl(issued.urls.ignition, { method: 'HEAD' });
    await edge.settle();
    expect((await booted()).status).toBe(404);
    await boot();
    expect((await edge.call('DELETE', '/api/machines/vm-1')).status).toBe(200);
    expect((await booted()).status).toBe(410);
    expect(await edge.bucket.r2.head('served/vm-1')).toBeNull();
  });

  it('tells the machine its own URL nowhere', async () => {
    const edge = await nodeEdge();
    const base = {
      ignition: { version: '3.3.0' },
      storage: { files: [{ path: '/u', contents: { source: 'data:,{{edge.done_url}}' } }] },
    };
    await edge.call('PUT', '/api/profiles/web/base', JSON.stringify(base));
    const { issued, boot, booted } = await booting(edge, config('/user'));
    const served = await boot();
    const capability = issued.urls.ignition.split('/')[4] ?? 'none';
    const told = await (await booted()).text();
    expect(told).not.toContain(capability);
    expect(served).toContain(capability);
    expect(decodeURIComponent(told)).toContain(`data:,${SAMPLE_URL}/done`);
  });
});

it.each([
  ['"https://edge.test/boot/vm-1.a.b.0.mac-_/done"', `"${SAMPLE_URL}/done"`],
  ['http://[::1]:8787/boot/vm-1.a.b.0.mac x http://e/boot/vm-1.c', `${SAMPLE_URL} x ${SAMPLE_URL}`],
  ['/boot/vm-1.a', SAMPLE_URL],
  ['data:,http%3A%2F%2Fe%3A80%2Fboot%2Fvm-1.a.b%2Fdone', `data:,${encodeURIComponent(SAMPLE_URL)}%2Fdone`],
  ['/boot/vm-2.a', '/boot/vm-2.a'],
  ['', ''],
])('takes the URLs out of %j', (text, shown) => {
  expect(withoutUrls(text, 'vm-1')).toBe(shown);
});

it.each([
  ['"https://httpboot.example.com/boot/vm-1.a.b.0.mac/done"', `"${SAMPLE_URL}/done"`],
  ['x http://plain https://e/boot/vm-1.a', `x http://plain ${SAMPLE_URL}`],
])('knows where the URL in %j begins', (text, shown) => {
  expect(withoutUrls(text, 'vm-1')).toBe(shown);
});

describe('a URL inside base64', () => {
  const url = 'http://edge.test/boot/vm-1.a.b.0.secret/done';
  const inside = (bytes: Uint8Array, compression = '') =>
    JSON.stringify({
      storage: {
        files: [{ contents: { compression, source: `data:;base64,${Buffer.from(bytes).toString('base64')}` } }],
      },
    });
  const sourceOf = (text: string) => {
    const shown = maskedConfig(text, 'vm-1') as { storage: { files: { contents: { source: string } }[] } };
    return Buffer.from(shown.storage.files[0]?.contents.source.split(',')[1] ?? '', 'base64');
  };

  it('is not shown, packed or not', () => {
    expect(sourceOf(inside(Buffer.from(`x ${url} y`))).toString()).toBe(`x ${SAMPLE_URL}/done y`);
    expect(gunzipSync(sourceOf(inside(gzipSync(`x ${url} y`), 'gzip'))).toString()).toBe(`x ${SAMPLE_URL}/done y`);
  });

  it('leaves everything else as it is', () => {
    const other = inside(Buffer.from('nothing secret'));
    expect(maskedConfig(other, 'vm-1')).toEqual(JSON.parse(other));
    expect(maskedConfig('[]', 'vm-1')).toBeUndefined();
    expect(maskedConfig('no json', 'vm-1')).toBeUndefined();
  });

  it('is told by neither call', async () => {
    const edge = await nodeEdge();
    const hidden = Buffer.from('x {{edge.done_url}} y').toString('base64');
    const base = {
      ignition: { version: '3.3.0' },
      storage: { files: [{ path: '/u', contents: { source: `data:;base64,${hidden}` } }] },
    };
    await edge.call('PUT', '/api/profiles/web/base', JSON.stringify(base));
    const { issued, boot, booted } = await booting(edge, config('/user'));
    const capability = issued.urls.ignition.split('/')[4] ?? 'none';
    const unpacked = (text: string) => Buffer.from(/;base64,([^"]*)/.exec(text)?.[1] ?? '', 'base64').toString();
    expect(unpacked(await boot())).toContain(capability);
    const explained = await (await edge.call('GET', '/api/machines/vm-1/explain')).text();
    for (const text of [await (await booted()).text(), explained]) {
      expect(unpacked(text)).toBe(`x ${SAMPLE_URL}/done y`);
      expect(text).not.toContain(capability);
    }
  });
});

describe('what is kept', () => {
  it('is never shown for a machine that was made anew', async () => {
    const edge = await nodeEdge();
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { boot } = await booting(edge, config('/secret-of-old'));
    await boot();
    // As if a boot had written it after the deletion.
    const kept = await edge.bucket.r2.get('served/vm-1');
    const [text, facts] = [(await kept?.text()) ?? '', kept?.customMetadata ?? {}];
    await edge.call('DELETE', '/api/machines/vm-1');
    await edge.bucket.r2.put('served/vm-1', text, { customMetadata: facts });
    const { booted } = await booting(edge, config('/new'));
    expect((await booted()).status).toBe(404);
  });

  it('goes again where the machine was deleted while it was written', async () => {
    const { vault } = await machineKeys();
    const { r2, clock } = machineStores();
    const platform = { ...systemPlatform, now: clock.now, waitUntil: () => undefined };
    const served = servedBucket(r2.bucket, platform);
    const owner = { id: 'gone', createdAt: '2026-01-01T00:00:00.000Z' };
    const facts = { at: owner.createdAt, sha512: 'a'.repeat(128), generation: '1', what: 'ignition' };
    const keep = async (deletedAt: string | null) => {
      const machine = async () => ok({ value: { deletedAt } } as unknown as Proven<Machine>);
      await keepServed({ served, vault, current: { machine } }, owner, config('/x'), facts);
      return await lastServed({ served, vault }, owner);
    };
    expect((await keep('2026-01-02T00:00:00.000Z')).ok).toBe(false);
    expect((await keep(null)).ok).toBe(true);
  });

  it('is sealed anew by the next boot under a new key', async () => {
    const first = 'a-storage-key-of-at-least-32-bytes-1';
    const edge = await nodeEdge({ vars: { STORAGE_KEY: first } });
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const { issued, boot } = await booting(edge, config('/user'));
    await boot();
    const under = (STORAGE_KEY: string) => nodeEdge({ over: edge.bucket.r2, vars: { STORAGE_KEY } });
    const second = 'a-storage-key-of-at-least-32-bytes-2';
    const both = await under(`${second},${first}`);
    for (let cursor: string | null = ''; cursor !== null; )
      ({ cursor } = await (await both.call('POST', `/api/storage/reseal?cursor=${cursor}`)).json<{
        cursor: string | null;
      }>());
    const rotated = await under(second);
    await rotated.fetchUrl(issued.urls.ignition);
    await rotated.settle();
    expect((await rotated.call('GET', '/api/machines/vm-1/booted')).status).toBe(200);
  });
});
