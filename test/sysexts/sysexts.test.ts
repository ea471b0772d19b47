/** Catalogues of system extensions: mirrored by their signed lists, and served so that systemd-sysupdate finds them. */
import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitsPattern, parseSources } from '../../src/sysexts/sources.ts';
import { parseSums } from '../../src/sysexts/sums.ts';
import { detachSign, fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { movingClock } from '../support/moving-clock.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const HOUR = 3_600_000;
const FOLDER = 'https://extensions.test/kubernetes/';
type Key = Awaited<ReturnType<typeof makeSigningKey>>;

let key: Key;
let signer: Key;
let stranger: Key;
beforeAll(async () => {
  [key, signer, stranger] = (await Promise.all(
    [0, 0, 0].map(() => makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') })),
  )) as [Key, Key, Key];
});

const keysIn = async ({ bucket }: NodeEdge) =>
  (await bucket.r2.list({ prefix: 'sysexts/bakery/files/' })).objects.map((object) => object.key);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** A catalogue that a test changes, and an edge that mirrors it. */
async function catalogue({ pattern = '', size = 3000 } = {}) {
  const clock = movingClock();
  const files = new Map<string, Buffer>();
  const sign = async (names: readonly string[], { by = signer, at = clock.platform.now(), more = '' } = {}) => {
    const sums = `${names.map((name) => `${sha256(files.get(name) ?? Buffer.alloc(0))}  ${name}\n`).join('')}${more}`;
    files.set('SHA256SUMS', Buffer.from(sums));
    files.set('SHA256SUMS.gpg', await detachSign(by, Buffer.from(sums), new Date(at - 60_000)));
  };
  for (const name of [
    'kubernetes-v1.34.0-x86-64.raw',
    'kubernetes-v1.34.1-x86-64.raw',
    'kubernetes-v1.34.1-arm64.raw',
    'kubernetes.conf',
  ])
    files.set(name, randomBytes(size));
  await sign([...files.keys()]);
  const edge = await nodeEdge({
    key,
    platform: { now: clock.platform.now },
    vars: { SYSEXT_URLS: `bakery ${FOLDER} https://keys.test/key.asc ${fingerprint(signer)} ${pattern}` },
    elsewhere: (request) => {
      const { host, pathname } = new URL(request.url);
      if (host === 'keys.test') return Promise.resolve(new Response(publicKeyText(signer)));
      const bytes = host === 'extensions.test' ? files.get(pathname.replace('/kubernetes/', '')) : undefined;
      if (bytes === undefined) return undefined;
      const headers = { 'content-length': String(bytes.length), etag: `"${sha256(bytes)}"` };
      return Promise.resolve(new Response(request.method === 'HEAD' ? null : new Uint8Array(bytes), { headers }));
    },
  });
  const look = async () => {
    const started = await edge.call('POST', '/api/sysexts/bakery/mirror');
    expect(started.status).toBe(202);
    return await edge.runAll();
  };
  const view = async () =>
    (await (await edge.call('GET', '/api/sysexts')).json<{ items: Record<string, unknown>[] }>()).items[0] ?? {};
  const get = async (name: string) => await edge.fetch(`/sysext/bakery/${name}`);
  return { edge, clock, files, sign, look, view, get };
}

describe('a catalogue', () => {
  it('is served to the byte once every file of its signed list is here', async () => {
    const { edge, files, look, view, get } = await catalogue();
    expect((await get('SHA256SUMS')).status).toBe(404);
    await edge.poll();
    expect(await edge.runAll()).toEqual(['complete', 'published']);
    for (const [name, bytes] of files) {
      const answer = await get(name);
      // The pattern is *.raw* unless told.
      expect([name, answer.status]).toEqual([name, name === 'kubernetes.conf' ? 404 : 200]);
      if (answer.ok) expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    }
    expect(await view()).toMatchObject({ fileCount: 3, bytes: 9000, fault: null });
    const part = await edge.fetch('/sysext/bakery/kubernetes-v1.34.1-arm64.raw', { headers: { range: 'bytes=0-9' } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    const listing = await (await get('')).text();
    for (const name of ['SHA256SUMS.gpg', 'kubernetes-v1.34.0-x86-64.raw'])
      expect(listing).toContain(`href="./${name}"`);
    expect((await edge.fetch('/sysext/bakery')).status).toBe(308);
    expect((await edge.fetch('/sysext/other/SHA256SUMS')).status).toBe(404);
    // Nothing is copied again.
    const before = await keysIn(edge);
    expect(await look()).toEqual(['published']);
    expect(await keysIn(edge)).toEqual(before);
  });

  it('takes a new list when it is due, keeps what somebody may be downloading for a day, and then removes it', async () => {
    const { edge, clock, files, sign, look, get } = await catalogue();
    await look();
    files.set('kubernetes-v1.35.0-x86-64.raw', randomBytes(100));
    await sign(['kubernetes-v1.34.1-x86-64.raw', 'kubernetes-v1.35.0-x86-64.raw']);
    await edge.poll();
    expect(await edge.runAll()).not.toContain('published');
    clock.advance(2 * HOUR);
    await sign(['kubernetes-v1.34.1-x86-64.raw', 'kubernetes-v1.35.0-x86-64.raw']);
    await edge.poll();
    expect(await edge.runAll()).toContain('published');
    expect((await get('kubernetes-v1.35.0-x86-64.raw')).status).toBe(200);
    expect((await get('kubernetes-v1.34.0-x86-64.raw')).status).toBe(404);
    const left = async () => (await keysIn(edge)).filter((one) => one.includes('v1.34.0'));
    expect(await left()).toHaveLength(1);
    clock.advance(25 * HOUR);
    await look();
    expect(await left()).toEqual([]);
  });

  it.each([
    [
      'a byte of a file',
      'is not what SHA256SUMS lists',
      ({ files }: World) => flip(files, 'kubernetes-v1.34.1-arm64.raw'),
    ],
    ['a byte of the list', 'bad-signature', ({ files }: World) => flip(files, 'SHA256SUMS')],
    ['the signer', 'unknown-key', ({ sign }: World) => sign(['kubernetes-v1.34.0-x86-64.raw'], { by: stranger })],
    ['the signature', 'SHA256SUMS.gpg: absent', ({ files }: World) => void files.delete('SHA256SUMS.gpg')],
    ['a listed file', 'absent', ({ files }: World) => void files.delete('kubernetes-v1.34.1-arm64.raw')],
    [
      'a line of the list',
      'line 2 is no digest',
      ({ sign }: World) => sign(['kubernetes-v1.34.0-x86-64.raw'], { more: 'x\n' }),
    ],
    [
      'a path in the list',
      'line 2',
      ({ sign }: World) => sign(['kubernetes-v1.34.0-x86-64.raw'], { more: `${'0'.repeat(64)}  ../up.raw\n` }),
    ],
    [
      'the date of the list',
      'was signed before',
      ({ sign }: World) => sign(['kubernetes-v1.34.0-x86-64.raw'], { at: Date.now() - 48 * HOUR }),
    ],
  ])('stays as it was where upstream has changed %s', async (_what, why, spoil) => {
    const world = await catalogue();
    await world.look();
    const sums = await (await world.get('SHA256SUMS')).text();
    world.clock.advance(2 * HOUR);
    world.files.set('kubernetes-v1.34.1-arm64.raw', randomBytes(50));
    await world.sign(['kubernetes-v1.34.0-x86-64.raw', 'kubernetes-v1.34.1-arm64.raw']);
    await spoil(world);
    expect((await world.look()).at(-1)).toMatch(/^failed: /);
    expect(String((await world.view())['fault'])).toContain(why);
    expect(await (await world.get('SHA256SUMS')).text()).toBe(sums);
    expect((await world.get('kubernetes-v1.34.1-arm64.raw')).status).toBe(200);
  });

  it('uses what a failed run has copied, and leaves nothing behind', async () => {
    const { edge, clock, files, sign, look, get } = await catalogue();
    const bad = 'kubernetes-v1.34.9-arm64.raw';
    const fresh = ['kubernetes-v1.36.0-arm64.raw', 'kubernetes-v1.36.1-arm64.raw'];
    for (const name of [...fresh, bad]) files.set(name, randomBytes(70));
    await sign([...fresh, bad]);
    const good = files.get(bad) ?? Buffer.alloc(0);
    flip(files, bad);
    const counts = [];
    for (let round = 0; round < 4; round += 1) {
      expect((await look()).at(-1)).toMatch(/^failed: /);
      counts.push((await keysIn(edge)).length);
      clock.advance(2 * HOUR);
    }
    expect(new Set(counts).size).toBe(1);
    files.set(bad, good);
    expect(await look()).toEqual(['published']);
    expect((await get(bad)).status).toBe(200);
    // The list before comes back: what leaves and what comes has its key still.
    await sign(fresh);
    clock.advance(2 * HOUR);
    expect(await look()).toEqual(['published']);
    await sign([...fresh, bad]);
    clock.advance(2 * HOUR);
    expect(await look()).toEqual(['published']);
    clock.advance(26 * HOUR);
    await look();
    expect((await get(bad)).status).toBe(200);
    expect((await keysIn(edge)).filter((name) => name.includes('/files/'))).toHaveLength(3);
    for (const name of ['constructor', '__proto__', 'toString'])
      expect([name, (await get(name)).status]).toEqual([name, 404]);
  });

  it('does not take more files than it may, and says how to name fewer', async () => {
    const { files, sign, look, view } = await catalogue({ pattern: 'many-*' });
    const names = Array.from({ length: 501 }, (_, at) => `many-${at}`);
    for (const name of names) files.set(name, Buffer.from(name));
    await sign(names);
    await look();
    expect((await view())['fault']).toContain('501 files fit many-*');
  });
});

type World = Awaited<ReturnType<typeof catalogue>>;
function flip(files: Map<string, Buffer>, name: string): void {
  const bytes = Buffer.from(files.get(name) ?? '');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  files.set(name, bytes);
}

describe('SYSEXT_URLS', () => {
  const good = `a ${FOLDER} https://keys.test/k ${'0'.repeat(40)}`;
  it.each([
    [good, true],
    [`${good} *.raw, b ${FOLDER} https://keys.test/k ${'A'.repeat(40)}`, true],
    ['', true],
    [`${good}, ${good}`, false],
    [`a ${FOLDER} https://keys.test/k`, false],
    [`A ${FOLDER} https://keys.test/k ${'0'.repeat(40)}`, false],
    [`a ftp://x/ https://keys.test/k ${'0'.repeat(40)}`, false],
    [`a https://u:p@x/ https://keys.test/k ${'0'.repeat(40)}`, false],
    [`a ${FOLDER} https://keys.test/k 0123`, false],
    [`${good} ../x`, false],
  ])('%s', (text, isGood) => {
    expect(parseSources(text).ok).toBe(isGood);
  });

  it.each([
    ['*.raw*', 'a.raw', true],
    ['*.raw*', 'a.raw.zst', true],
    ['*.raw', 'a.raw.zst', false],
    ['a*b*c', 'axbxc', true],
    ['a*b*c', 'ac', false],
    ['ab*ba', 'aba', false],
    ['exact', 'exact', true],
    ['exact', 'exactly', false],
  ])('%s means %s: %s', (pattern, name, fits) => {
    expect(fitsPattern(pattern, name)).toBe(fits);
  });

  it('a list is read as sha256sum writes it', () => {
    const digest = 'a'.repeat(64);
    expect(parseSums(`${digest}  a.raw\n${digest} *b.raw\n`)).toEqual({
      ok: true,
      value: new Map([
        ['a.raw', digest],
        ['b.raw', digest],
      ]),
    });
    for (const bad of ['', '\n', `${digest}  a\n${digest}  a\n`, `${digest}  .hidden\n`, `${digest}  a/b\n`])
      expect(parseSums(bad).ok).toBe(false);
  });
});
