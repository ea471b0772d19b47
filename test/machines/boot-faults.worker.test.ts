/** Boots while the stores fail: the right config or 503, in time, and the same URL works once the store is back. */
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { faultyBucket, lateNamespace } from '../support/faulty-stores.ts';
import { pathsOf } from '../support/json.ts';
import { config, type Issued, type MachineEdge, machineEdge } from '../support/operator.ts';

function faultyEdge(options: Parameters<typeof machineEdge>[0] = {}) {
  const r2 = faultyBucket();
  const kv = lateNamespace();
  const edge = machineEdge({ ...options, bindings: { RELEASES: r2.bucket, MACHINES: kv.namespace } });
  return { edge, r2, kv };
}

async function machineOn(edge: MachineEdge, name: string): Promise<Issued> {
  await edge.putProfile(name, { base: config('/base'), default: config('/default') });
  const issued = await edge.putMachine(name, config('/user'), `?profile=${name}`);
  await edge.settle();
  return issued;
}
const RIGHT = ['/base', '/user'];

describe('KV', () => {
  it.each(['throws', 'hangs'] as const)('%s: the right config, from R2', async (mood) => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, `kv-${mood}`);
    kv.mood = mood;
    const answer = await edge.boot(urls.ignition);
    expect([answer.status, pathsOf(await answer.text())]).toEqual([200, RIGHT]);
  });
  it.each([1, 2, 99])('%i generations late: the right config', async (lag) => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, `late-${lag}`);
    await edge.putMachine(`late-${lag}`, config('/two'), `?profile=late-${lag}`);
    await edge.putMachine(`late-${lag}`, config('/three'), `?profile=late-${lag}`);
    await edge.settle();
    kv.lag = () => lag;
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/base', '/three']);
  });
  it('that holds the copy saves the reading of R2', async () => {
    const { edge, r2 } = faultyEdge();
    const { urls } = await machineOn(edge, 'fast');
    r2.calls.length = 0;
    await edge.boot(urls.ignition);
    expect(r2.calls).toEqual(['head', 'head', 'put']);
  });
  it('is mended by the next boot', async () => {
    const { edge, r2, kv } = faultyEdge();
    kv.mood = 'throws';
    const { urls } = await machineOn(edge, 'mended');
    kv.mood = 'well';
    await edge.boot(urls.ignition);
    await edge.settle();
    r2.calls.length = 0;
    await edge.boot(urls.ignition);
    expect(r2.calls.filter((call) => call === 'get')).toEqual([]);
  });
});

describe('R2', () => {
  const KINDS = ['ignition', 'frozen', 'cloudConfig', 'ipxe'] as const;
  it.each(['throws', 'hangs'] as const)(
    '%s: 503 within 8 s whatever is asked for, and right again afterwards',
    async (mood) => {
      const { edge, r2 } = faultyEdge();
      const issued = await machineOn(edge, `r2-${mood}`);
      const cloud = await edge.putMachine(`cloud-${mood}`, '#cloud-config\n', `?profile=r2-${mood}`);
      const urls = {
        ignition: issued.urls.ignition,
        frozen: issued.pointer.ignition.config.replace.source,
        cloudConfig: cloud.urls.cloudConfig ?? '',
        ipxe: issued.urls.ipxe,
      };
      const ask = async (kind: (typeof KINDS)[number]) => {
        const began = performance.now();
        const answer = await edge.boot(urls[kind]);
        return { kind, status: answer.status, text: await answer.text(), inTime: performance.now() - began < 8000 };
      };
      r2.mood = mood;
      for (const { kind, status, text, inTime } of await Promise.all(KINDS.map(ask))) {
        expect([kind, status, inTime, text.length > 0]).toEqual([kind, 503, true, true]);
      }
      r2.mood = 'well';
      for (const { kind, status } of await Promise.all(KINDS.map(ask))) expect([kind, status]).toEqual([kind, 200]);
    },
  );

  it.each([
    ['head', 'machines/'],
    ['head', 'profiles/'],
    ['get', 'machines/'],
    ['get', 'profiles/'],
  ])('%s of %s hangs alone, with no copy in KV: 503 within 8 s', async (operation, prefix) => {
    const { urls } = await machineOn(machineEdge(), 'alone');
    const { edge, r2, kv } = faultyEdge();
    kv.mood = 'hangs';
    r2.moodOf = (called, key) => (called === operation && key.startsWith(prefix) ? 'hangs' : 'well');
    const began = performance.now();
    const answer = await edge.boot(urls.ignition);
    expect([answer.status, performance.now() - began < 8000]).toEqual([503, true]);
  });

  it('slow at every step is still in time', async () => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, 'slow');
    kv.mood = 'hangs';
    const slow = new Proxy(env.RELEASES, {
      get: (target, property) => {
        const method = Reflect.get(target, property).bind(target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          await new Promise((resolve) => setTimeout(resolve, 2000));
          return await method(...args);
        };
      },
    });
    const slowEdge = machineEdge({ bindings: { RELEASES: slow, MACHINES: kv.namespace } });
    const began = performance.now();
    const answer = await slowEdge.boot(urls.ignition);
    expect([answer.status, performance.now() - began < 8000]).toEqual([503, true]);
  });

  it('that forgot the record, or the profile, means come back: whoever holds a capability had them', async () => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, 'lost');
    kv.lag = () => 0;
    const profile = await (await env.RELEASES.get('profiles/lost.json'))?.text();
    await env.RELEASES.delete('profiles/lost.json');
    expect((await edge.boot(urls.ignition)).status).toBe(503);
    await env.RELEASES.put('profiles/lost.json', profile ?? '');
    expect((await edge.boot(urls.ignition)).status).toBe(200);
    await env.RELEASES.delete('machines/lost.json');
    expect((await edge.boot(urls.ignition)).status).toBe(503);
  });

  it('with a record that is not what was written: 503, never a guess', async () => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, 'broken');
    kv.mood = 'throws';
    const text = (await (await env.RELEASES.get('machines/broken.json'))?.text()) ?? '';
    for (const other of [
      '',
      '{}',
      text.replace(/"data":"...../, '"data":"AAAAA'),
      text.replace('"generation":1', '"generation":2'),
    ]) {
      await env.RELEASES.put('machines/broken.json', other);
      expect((await edge.boot(urls.ignition)).status, other.slice(0, 20)).toBe(503);
    }
  });
});

describe('which answers end a boot: a 4xx is said only of what is proven', () => {
  it('every error path', async () => {
    const { edge, kv } = faultyEdge();
    const { urls } = await machineOn(edge, 'paths');
    const foreign = machineEdge({ vars: { CAPABILITY_SECRET: 'another-secret-of-at-least-32-bytes!' } });
    const other = await foreign.putMachine('foreign', '');
    const rotated = machineEdge({
      bindings: { MACHINES: kv.namespace },
      vars: { STORAGE_KEY: 'storage-key-of-its-own-at-least-32-bytes' },
    });
    await rotated.putMachine('sealed', config('/x'));
    const sealed = await rotated.putMachine('sealed', config('/y'));
    const statuses = {
      forged: (await edge.boot(urls.ignition.replace('/boot/paths', '/boot/other'))).status,
      foreignSecret: (await edge.boot(other.urls.ignition)).status,
      noPath: (await edge.fetch('/boot/')).status,
      noCloudConfig: (await edge.boot(urls.ignition.replace(/ignition$/, 'cloud-config'))).status,
      unknownRendering: (await edge.boot(`${urls.ignition}/${'0'.repeat(128)}`)).status,
      storageKeyDropped: (await edge.boot(sealed.urls.ignition)).status,
      notGet: (await edge.boot(urls.ignition, { method: 'POST' })).status,
    };
    expect(statuses).toEqual({
      forged: 404,
      foreignSecret: 404,
      noPath: 404,
      noCloudConfig: 404,
      unknownRendering: 404,
      storageKeyDropped: 503,
      notGet: 405,
    });
  });

  it('10,000 mutated capabilities: the same bytes every time, and no store is read', async () => {
    const { edge, r2, kv } = faultyEdge();
    const { urls } = await machineOn(edge, 'mutated');
    await edge.settle();
    r2.calls.length = 0;
    kv.reads = 0;
    const [head = '', tail = ''] = [urls.ignition.slice(0, urls.ignition.indexOf('mutated')), '/ignition'];
    const capability = urls.ignition.slice(head.length, -tail.length);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    const seen = new Set<string>();
    let count = 0;
    for (let round = 0; count < 10_000; round += 1) {
      for (let at = 0; at < capability.length && count < 10_000; at += 1) {
        const character = alphabet[(at * 7 + round) % alphabet.length] ?? 'A';
        const mutated = `${capability.slice(0, at)}${character}${capability.slice(at + (round % 2))}`;
        if (mutated === capability) continue;
        const answer = await edge.boot(`${head}${mutated}${tail}`);
        seen.add(`${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
        count += 1;
      }
    }
    expect([...seen]).toEqual([expect.stringMatching(/^404 /)]);
    expect([r2.calls, kv.reads]).toEqual([[], 0]);
  });
});
