/** Boots while the stores fail, through the whole Worker and in real time: some rows of the table, and the statuses that end a boot. */
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { faultyBucket } from '../support/faulty-stores.ts';
import { pathsOf } from '../support/json.ts';
import { lateNamespace } from '../support/late-namespace.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type MachineEdge, machineEdge } from '../support/operator.ts';
import { FAULT_ROWS, type FaultWorld, holdRow, nameOfRow } from './boot-faults.ts';

function faultyEdge(options: Parameters<typeof machineEdge>[0] = {}) {
  const r2 = faultyBucket();
  const kv = lateNamespace();
  const open = () => machineEdge({ ...options, bindings: { RELEASES: r2.bucket, MACHINES: kv.namespace } });
  return { edge: open(), r2, kv, open };
}

async function machineOn(edge: MachineEdge, name: string): Promise<Issued> {
  await edge.putProfile(name, { base: config('/base'), default: config('/default') });
  const issued = await edge.putMachine(name, config('/user'), `?profile=${name}`);
  await edge.settle();
  return issued;
}

/** Real time goes by here, so only what shows that the emulation behaves as the stores in memory do. */
const ROWS = [
  'ignition, KV throws, warm: * throws',
  'ignition, KV hangs, cold: put boots/ hangs',
  'ignition, KV empty, cold: head machines/ hangs',
  'ignition, KV hangs, cold: get profiles/ hangs',
  'ignition, KV behind, cold: get machines/ absent',
  'ignition, KV behind, cold: head profiles/ throws',
  'frozen, KV current, cold: get renderings/ hangs',
  'cloud-config, KV hangs, warm: * hangs',
  'ipxe, KV empty, cold: * hangs',
  'ipxe, KV behind, cold: put boots/ throws',
].map((name) => {
  const row = FAULT_ROWS.find((known) => nameOfRow(known) === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
});

/** Names of its own in the one bucket there is. */
function inWorkerd(prefix: string): FaultWorld {
  const { edge, r2, kv, open } = faultyEdge();
  let newest = edge;
  return {
    ...{ r2, kv },
    putProfile: (name, base) => newest.putProfile(`${prefix}-${name}`, { base }),
    putMachine: (id, text, profile) =>
      newest.putMachine(`${prefix}-${id}`, text, `?profile=${prefix}-${profile}&version=4593.2.5`),
    restart: () => {
      newest = open();
    },
    boot: async (url) => {
      const began = performance.now();
      const answer = await newest.boot(url);
      return { status: answer.status, text: await answer.text(), seconds: (performance.now() - began) / 1000 };
    },
    settle: () => newest.settle(),
  };
}

it('the right answer or 503 in time, whatever the row', async () => {
  // All at once: most of them wait for a store that says nothing.
  const answers = await Promise.all(ROWS.map((row, index) => holdRow(inWorkerd(`row-${index}`), row)));
  expect(new Set(answers)).toEqual(new Set(['right', 'later']));
});

describe('R2', () => {
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

  it("another's record in a machine's or a profile's place is 503, never somebody else's config", async () => {
    const edge = machineEdge();
    await edge.call('PUT', '/api/profiles/web/base', config('/web'));
    await edge.call('PUT', '/api/profiles/db/base', config('/db'));
    const { urls } = await edge.putMachine('vm', config('/user'), '?profile=db');
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/db', '/user']);
    const other = await env.RELEASES.get('profiles/web.json');
    await env.RELEASES.put('profiles/db.json', (await other?.text()) ?? '');
    expect((await machineEdge().boot(urls.ignition)).status).toBe(503);
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

  it('200 mutated capabilities: the same bytes every time, and no store is read', async () => {
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
    for (let round = 0; count < 200; round += 1) {
      for (let at = 0; at < capability.length && count < 200; at += 1) {
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
