/** A profile keeps what it was written in: remarks of Butane come back, and nothing of them boots. */
import { describe, expect, it } from 'vitest';
import { machineBucket } from '../../src/machines/records/bucket.ts';
import { isUnreadable, replaceableProfile } from '../../src/machines/records/documents.ts';
import { copyNamespace } from '../../src/machines/records/kv.ts';
import { profileContext } from '../../src/machines/records/model.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import { lateNamespace } from '../support/late-namespace.ts';
import { machineKeys } from '../support/machine-rooms.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const BUTANE = '# why this file is there\nvariant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /etc/b\n';

interface Shown {
  readonly base: string;
  readonly generation: number;
  readonly sources: {
    readonly base: { readonly source: string; readonly text: string } | null;
    readonly default: null;
  };
  readonly etags: { readonly base: string };
}

const shown = async (edge: NodeEdge) => await (await edge.call('GET', '/api/profiles/web')).json<Shown>();
const putBase = async (edge: NodeEdge, text: string, headers = {}) =>
  await edge.call('PUT', '/api/profiles/web/base', text, headers);

describe('a base that was written in Butane', () => {
  it('is told as it was written, beside the Ignition that boots', async () => {
    const edge = await nodeEdge();
    expect((await putBase(edge, BUTANE)).status).toBe(200);
    const { base, sources } = await shown(edge);
    expect(sources).toEqual({ base: { source: 'butane', text: BUTANE }, default: null });
    expect(JSON.parse(base)).toMatchObject({ storage: { files: [{ path: '/etc/b' }] } });
    expect(await (await edge.call('GET', '/api/profiles/web/base')).text()).toBe(base);
  });

  it('changes with its remarks, which its entity tag tells, and not with the same text', async () => {
    const edge = await nodeEdge();
    await putBase(edge, BUTANE);
    const before = await shown(edge);
    expect(await (await putBase(edge, BUTANE)).json()).toMatchObject({ isChanged: false, generation: 1 });
    const remarked = BUTANE.replace('why', 'this is why');
    expect(await (await putBase(edge, remarked)).json()).toMatchObject({ isChanged: true, generation: 2 });
    const after = await shown(edge);
    expect([after.base, after.sources.base?.text]).toEqual([before.base, remarked]);
    expect(after.etags.base).not.toBe(before.etags.base);
    expect((await putBase(edge, BUTANE, { 'if-match': before.etags.base })).status).toBe(412);
    expect((await putBase(edge, BUTANE, { 'if-match': after.etags.base })).status).toBe(200);
  });

  it('makes no machine stale by a remark', async () => {
    const edge = await nodeEdge();
    await putBase(edge, BUTANE);
    const issued = await (await edge.call('PUT', '/api/machines/a?profile=web', config('/u'))).json<{
      urls: { ignition: string };
    }>();
    await edge.fetchUrl(issued.urls.ignition);
    await edge.settle();
    await putBase(edge, BUTANE.replace('why', 'this is why'));
    expect(await (await edge.call('GET', '/api/machines/a')).json()).toMatchObject({ state: 'booted' });
  });

  it('is forgotten with the next base in Ignition, and with the layer', async () => {
    const edge = await nodeEdge();
    await putBase(edge, BUTANE);
    await putBase(edge, config('/other'));
    expect((await shown(edge)).sources.base).toBeNull();
    await putBase(edge, BUTANE);
    await edge.call('DELETE', '/api/profiles/web/base');
    expect((await shown(edge)).sources.base).toBeNull();
  });

  it('stays through a change of the settings and of the other layer, and under a new key', async () => {
    const edge = await nodeEdge();
    await putBase(edge, BUTANE);
    await edge.call('PUT', '/api/profiles/web/default', config('/default'));
    await edge.call('PATCH', '/api/profiles/web', '{"cloudInit":"off"}');
    expect((await shown(edge)).sources.base?.text).toBe(BUTANE);
    const stored = await (await edge.bucket.r2.get('profiles/web.json'))?.text();
    expect(stored).not.toContain('why this file');
    const rotated = await nodeEdge({
      over: edge.bucket.r2,
      vars: { STORAGE_KEY: 'a-storage-key-of-at-least-32-bytes-1' },
    });
    expect((await rotated.call('POST', '/api/storage/reseal')).status).toBe(200);
    const after = await shown(rotated);
    expect(after.sources.base?.text).toBe(BUTANE);
  });

  it('holds up nothing where an earlier version has written the profile beside it', async () => {
    const edge = await nodeEdge();
    await putBase(edge, BUTANE);
    await edge.call('PUT', '/api/machines/a?profile=web', config('/u'));
    // It keeps the fields that it does not know, and seals the rest for the next generation.
    const { vault: records } = await machineKeys('capability-secret-of-at-least-32-bytes');
    const platform = { ...systemPlatform, waitUntil: () => undefined };
    const store = machineBucket(edge.bucket.r2, platform);
    const ports = { store, copies: copyNamespace(lateNamespace().namespace, platform), vault: records };
    const stored = await replaceableProfile(ports, 'web').read();
    if (!stored.ok || stored.value === undefined || isUnreadable(stored.value.value)) throw new Error('no profile');
    const { value, etag } = stored.value;
    const generation = value.generation + 1;
    const sealed = await records.seal(config('/by-earlier'), profileContext({ name: 'web', generation }, 'base'));
    expect((await replaceableProfile(ports, 'web').write({ ...value, generation, base: sealed }, etag)).ok).toBe(true);

    const after = await shown(edge);
    expect([after.sources.base, after.base]).toEqual([null, config('/by-earlier')]);
    expect((await edge.call('GET', '/api/profiles/web/base')).status).toBe(200);
    const rotated = await nodeEdge({
      over: edge.bucket.r2,
      vars: { STORAGE_KEY: 'a-storage-key-of-at-least-32-bytes-1' },
    });
    const resealed = await (await rotated.call('POST', '/api/storage/reseal')).json<{ unreadable: unknown[] }>();
    expect(resealed.unreadable).toEqual([]);
    expect((await putBase(edge, BUTANE)).status).not.toBe(503);
  });
});
