/** A mirror of this mirror: a second edge has the first one as its upstream, for what it mirrors and for what it passes through. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makePayload, makeSigning } from '../../tools/release-server/payload.ts';
import { fingerprint } from '../../tools/release-server/signing-key.ts';
import { freePort } from '../../tools/wrangler-dev.ts';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const SECRET = 'webhook-secret-of-at-least-32-bytes';
const MIRROR = 'stable/amd64-usr';
const UPDATE = 'flatcar_production_update.gz';
const signing = makeSigning();
const payload = makePayload({ data: randomBytes(300_000), signings: [signing] });
const common = {
  ...{ MIRROR, MIRROR_FILES: `version.txt,${IMAGE}`, WEBHOOK_SECRET: SECRET },
  ...{ UPDATE_FILES: UPDATE, UPDATE_KEY: signing.publicKey },
};

let first: RunningEdge;
let second: RunningEdge;
let isFirstGone = false;
beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const ANNOUNCE_URLS = `${url}/webhooks/release release.published`;
  first = await runEdge({ ...common, ANNOUNCE_URLS });
  second = await runEdge(
    {
      ...common,
      UPSTREAM_URL: `${first.url}/{channel}/{board}/{version}/{file}`,
      UPDATE_URL: `${first.url}/update/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${first.url}/keys/signing-key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(first.key),
    },
    port,
  );
});
afterAll(async () => {
  await second?.stop();
  if (!isFirstGone) await first?.stop();
});

const at = (edge: RunningEdge, version: string, name = IMAGE) => `${edge.url}/${MIRROR}/${version}/${name}`;
const bytesOf = (version: string, name = IMAGE) =>
  first.upstream.files.get(`${MIRROR}/${version}/${name}`)?.bytes ?? Buffer.alloc(0);
const mirror = async (edge: RunningEdge, version: string) => {
  await edge.api(`/api/mirrors/${MIRROR}/${version}`, { method: 'PUT' });
  return await edge.ended(version);
};
const head = async (url: string) => {
  const { status, headers } = await fetch(url, { method: 'HEAD' });
  return [status, headers.get('x-flatcar-source'), headers.get('x-flatcar-version')];
};

describe('a mirror of this mirror', () => {
  it('is told of a release that the first one publishes, and mirrors it at once', async () => {
    await first.release('4593.2.5', { [IMAGE]: 20 * MIB + 7 });
    first.upstream.put(`update/amd64-usr/4593.2.5/${UPDATE}`, payload);
    expect((await mirror(first, '4593.2.5')).state).toBe('complete');
    await vi.waitUntil(async () => (await head(at(second, 'current')))[1] === 'mirror', {
      timeout: 60_000,
      interval: 300,
    });
    expect(await second.ended('4593.2.5')).toMatchObject({ state: 'complete' });
    expect(await head(at(second, 'current'))).toEqual([200, 'mirror', '4593.2.5']);
    const update = await fetch(`${second.url}/update/amd64-usr/4593.2.5/${UPDATE}`);
    expect(Buffer.from(await update.arrayBuffer()).equals(payload)).toBe(true);
  });

  it('ends with the bytes and the signatures that Flatcar made, and gpg holds them good', async () => {
    const there = mkdtempSync(join(second.folder, 'second-'));
    const home = { GNUPGHOME: join(there, 'gpg') };
    mkdirSync(home.GNUPGHOME, { mode: 0o700 });
    await runClient('curl', ['-fsS', '-o', 'key.asc', `${second.url}/keys/signing-key.asc`], there);
    await runClient('gpg', ['--batch', '-q', '--import', 'key.asc'], there, home);
    for (const name of [IMAGE, 'version.txt', `${IMAGE}.DIGESTS`]) {
      for (const file of [name, `${name}.sig`]) {
        const done = await runClient('curl', ['-fsSO', at(second, '4593.2.5', file)], there);
        expect([file, done.code]).toEqual([file, 0]);
        expect(readFileSync(join(there, file)).equals(bytesOf('4593.2.5', file))).toBe(true);
      }
      const args = ['--batch', '-q', '--verify', `${name}.sig`, name];
      expect([name, (await runClient('gpg', args, there, home)).code]).toEqual([name, 0]);
    }
  });

  it('passes through, checked, what the first one passes through', async () => {
    await first.release('4593.2.6', { [IMAGE]: 5 * MIB }, false);
    expect(await head(at(second, '4593.2.6'))).toEqual([200, 'upstream', '4593.2.6']);
    const there = mkdtempSync(join(second.folder, 'second-'));
    expect((await runClient('curl', ['-fsSO', at(second, '4593.2.6')], there)).code).toBe(0);
    expect(readFileSync(join(there, IMAGE)).equals(bytesOf('4593.2.6'))).toBe(true);
  });

  it('serves what it has mirrored while the first one has quarantined that', async () => {
    const { status } = await first.api(`/api/releases/${MIRROR}/4593.2.5?reason=test`, { method: 'DELETE' });
    expect(status).toBe(200);
    expect((await head(at(first, '4593.2.5')))[0]).toBe(404);
    expect(await head(at(second, 'current'))).toEqual([200, 'mirror', '4593.2.5']);
    await first.api(`/api/mirrors/${MIRROR}/4593.2.5`, { method: 'PUT' });
    expect((await first.ended('4593.2.5')).state).toBe('complete');
  });

  it('ends no download whose signature is wrong, through either', async () => {
    const path = `${MIRROR}/4593.2.7/${IMAGE}`;
    await first.release('4593.2.7', { [IMAGE]: 9 * MIB }, false);
    const bytes = Buffer.from(bytesOf('4593.2.7'));
    bytes[4 * MIB] = (bytes[4 * MIB] ?? 0) ^ 1;
    first.upstream.put(path, bytes);
    const there = mkdtempSync(join(second.folder, 'second-'));
    for (const edge of [second, first])
      expect((await runClient('curl', ['-fsSO', at(edge, '4593.2.7')], there)).code).not.toBe(0);
  });

  it('serves what it has mirrored when the first one is gone', async () => {
    isFirstGone = true;
    await first.stop();
    expect(await head(at(second, 'current'))).toEqual([200, 'mirror', '4593.2.5']);
    const image = await fetch(at(second, 'current'));
    expect(Buffer.from(await image.arrayBuffer()).equals(bytesOf('4593.2.5'))).toBe(true);
  });
});
