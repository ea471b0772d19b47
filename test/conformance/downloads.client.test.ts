import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicKeyText } from '../../tools/release-server/signing-key.ts';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
const IMAGE = 'flatcar_production_image.bin.bz2';
const VERSION = '4593.2.5';
const PATH = `stable/amd64-usr/${VERSION}/${IMAGE}`;

let edge: RunningEdge;
beforeAll(async () => {
  edge = await runEdge();
  await edge.release(VERSION, { [IMAGE]: SIZE });
});
afterAll(() => edge.stop());

const emptyFolder = () => mkdtempSync(join(edge.folder, 'client-'));
const image = () => edge.upstream.files.get(PATH)?.bytes ?? Buffer.alloc(0);
const isComplete = (file: string) => existsSync(file) && statSync(file).size === SIZE;

/** A copy of the image under its own name, with one bad byte in the middle and the genuine signature. */
function spoiledImage(name: string): string {
  const path = PATH.replace(IMAGE, name);
  const bytes = Buffer.from(image());
  bytes[SIZE / 2] = (bytes[SIZE / 2] ?? 0) ^ 1;
  edge.upstream.put(path, bytes);
  edge.upstream.put(`${path}.sig`, edge.upstream.files.get(`${PATH}.sig`)?.bytes ?? Buffer.alloc(0));
  return path;
}

/** Sends a request line that no URL parser has touched, and returns the status. */
function rawStatus(path: string): Promise<number> {
  const { hostname, port } = new URL(edge.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(answer.split(' ')[1])));
  });
}

describe('a genuine image', () => {
  it('curl downloads it and gpg says Good signature', async () => {
    const folder = emptyFolder();
    const home = join(folder, 'gnupg');
    mkdirSync(home, { mode: 0o700 });
    const current = `${edge.url}/stable/amd64-usr/current`;
    for (const name of [IMAGE, `${IMAGE}.sig`]) {
      expect((await runClient('curl', ['-fsSO', `${current}/${name}`], folder)).code).toBe(0);
    }
    expect(readFileSync(join(folder, IMAGE)).equals(image())).toBe(true);
    await runClient('curl', ['-fsS', '-o', 'key.asc', `${edge.url}/keys/signing-key.asc`], folder);
    await runClient('gpg', ['--batch', '--import', 'key.asc'], folder, { GNUPGHOME: home });
    const verified = await runClient('gpg', ['--batch', '--verify', `${IMAGE}.sig`, IMAGE], folder, {
      GNUPGHOME: home,
    });
    expect(verified).toMatchObject({ code: 0, stderr: expect.stringContaining('Good signature') });
  });

  it('curl resumes a part with -C -, wget a part with -c, both byte for byte', async () => {
    const folder = emptyFolder();
    for (const resume of [
      ['curl', '-fsS', '-C', '-', '-O'],
      ['wget', '-q', '-c'],
    ]) {
      await runClient('curl', ['-fsS', '-r', '0-9999999', '-o', IMAGE, `${edge.url}/${PATH}`], folder);
      expect(statSync(join(folder, IMAGE)).size).toBe(10_000_000);
      const [command = '', ...args] = resume;
      expect((await runClient(command, [...args, `${edge.url}/${PATH}`], folder)).code).toBe(0);
      expect(readFileSync(join(folder, IMAGE)).equals(image())).toBe(true);
    }
  });

  it('HEAD tells the length, as wget --spider and curl -I need it', async () => {
    const head = await runClient('curl', ['-sI', `${edge.url}/${PATH}`], edge.folder);
    expect(head.stdout).toMatch(/^HTTP\/1.1 200/);
    expect(head.stdout.toLowerCase()).toContain(`content-length: ${SIZE}\r\n`);
    const spider = await runClient('wget', ['--spider', `${edge.url}/${PATH}`], edge.folder);
    expect(spider.stderr).toContain(`Length: ${SIZE}`);
  });
});

describe('a bad byte in the middle of a 64 MB image', () => {
  it('curl never has a complete file, neither at once nor with -C - a second time, until upstream has mended it', async () => {
    const path = spoiledImage('curl.bin');
    const folder = emptyFolder();
    const first = await runClient('curl', ['-sS', '-O', `${edge.url}/${path}`], folder);
    expect(first.code).toBe(18);
    expect(isComplete(join(folder, 'curl.bin'))).toBe(false);
    const second = await runClient('curl', ['-fsS', '-C', '-', '-O', `${edge.url}/${path}`], folder);
    expect([second.code, second.stderr]).toEqual([22, expect.stringContaining('502')]);
    expect(isComplete(join(folder, 'curl.bin'))).toBe(false);
    edge.upstream.put(path, image());
    const third = await runClient('curl', ['-fsSO', `${edge.url}/${path}`], folder);
    expect(third).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'curl.bin')).equals(image())).toBe(true);
  });

  it('wget --tries=10, which resumes by itself, never has one', async () => {
    const path = spoiledImage('wget.bin');
    const folder = emptyFolder();
    const run = await runClient('wget', ['--tries=10', '--waitretry=0', `${edge.url}/${path}`], folder);
    expect(run.stderr).toContain('502');
    expect(run.code).not.toBe(0);
    expect(isComplete(join(folder, 'wget.bin'))).toBe(false);
  });

  it('four parallel ranges, with no verdict yet, never make one', async () => {
    const path = spoiledImage('ranges.bin');
    const quarter = SIZE / 4;
    const runs = await Promise.all(
      [0, 1, 2, 3].map((part) => {
        const range = `${part * quarter}-${(part + 1) * quarter - 1}`;
        return runClient('curl', ['-fsS', '-r', range, '-o', `part${part}`, `${edge.url}/${path}`], emptyFolder());
      }),
    );
    expect(runs[3]).toMatchObject({ code: 22, stderr: expect.stringContaining('502') });
  });
});

describe('paths that are none', () => {
  it.each([
    ['..', '/stable/amd64-usr/4593.2.5/../version.txt'],
    ['.. above the root', '/../../etc/passwd'],
    ['%2e%2e', '/stable/amd64-usr/%2e%2e/version.txt'],
    ['%2E', `/stable/amd64-usr/4593.2.5/version%2Etxt`],
    ['%2f', '/stable/amd64-usr%2f4593.2.5/version.txt'],
    ['an encoded NUL', '/stable/amd64-usr/4593.2.5/version.txt%00'],
    ['a backslash', '/stable/amd64-usr/4593.2.5/..\\version.txt'],
    ['a 5,000-character name', `/stable/amd64-usr/4593.2.5/${'a'.repeat(5000)}`],
    ['an unknown channel', '/nightly/amd64-usr/4593.2.5/version.txt'],
    ['an unknown board', '/stable/riscv-usr/4593.2.5/version.txt'],
    ['a version with a suffix', '/stable/amd64-usr/4799.0.0+nightly/version.txt'],
  ])('%s: 404 and no upstream request', async (_name, path) => {
    const before = edge.upstream.log.length;
    expect(await rawStatus(path)).toBe(404);
    expect(edge.upstream.log.length).toBe(before);
  });

  it('an empty segment is left out', async () => {
    expect(await rawStatus('//stable//amd64-usr/4593.2.5//version.txt')).toBe(200);
  });

  it('a bare NUL is refused before it gets anywhere', async () => {
    const before = edge.upstream.log.length;
    expect(await rawStatus('/stable/amd64-usr/4593.2.5/version.txt\0')).toBeGreaterThanOrEqual(400);
    expect(edge.upstream.log.length).toBe(before);
  });
});

describe('200 clients on a cold cache', () => {
  const fetches = () => edge.upstream.log.filter(({ path }) => path === 'lts/amd64-usr/current/version.txt').length;

  it('make one fetch of version.txt, and outlive the one that asked first and hung up', async () => {
    const { makeRelease } = await import('../../tools/release-server/release.ts');
    for (const [name, bytes] of await makeRelease({ version: '4081.3.10', files: {}, key: edge.key, bare: true })) {
      edge.upstream.put(`lts/amd64-usr/4081.3.10/${name}`, bytes);
    }
    edge.upstream.aliases.set('lts/amd64-usr/current', '4081.3.10');
    edge.upstream.rules = [{ path: 'lts/amd64-usr/4081.3.10/version.txt$', delayMs: 700 }];
    const url = `${edge.url}/lts/amd64-usr/current/version.txt`;
    const hangUp = new AbortController();
    const leader = fetch(url, { signal: hangUp.signal }).then(
      () => 'answered',
      () => 'hung up',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const followers = Array.from({ length: 199 }, async () => (await fetch(url)).status);
    await new Promise((resolve) => setTimeout(resolve, 100));
    hangUp.abort();
    expect(await leader).toBe('hung up');
    expect(new Set(await Promise.all(followers))).toEqual(new Set([200]));
    expect(fetches()).toBe(1);
    edge.upstream.rules = [];
  });
});

it('serves its keyring as gpg imports it', async () => {
  const key = await (await fetch(`${edge.url}/keys/signing-key.asc`)).text();
  expect(key.replace(/\s/g, '')).toContain(publicKeyText(edge.key).replace(/\s/g, '').slice(40, 400));
});
