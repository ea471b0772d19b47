/** An upstream that gives the real download tools an evil beginning and the genuine rest: none ends well with a bad file. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const SIZE = 12 * 1024 * 1024;
const EVIL_UNTIL = 3 * 1024 * 1024;

let genuine: Buffer;
let signature: Buffer;
let key: string;
let server: Server;
let edge: RunningEdge;
/** Whole downloads until now; the first one is evil. */
let wholes = 0;
/** Whether upstream says, after the evil answer, that the file is shorter than what has come of it. */
let shrinks = false;
/** Whether each version has an upstream of its own tag, or the tag changes after the evil answer. */
let changesTag = true;

beforeAll(async () => {
  const signingKey = await makeSigningKey();
  key = publicKeyText(signingKey);
  const made = await makeRelease({ version: '4593.2.5', files: { [IMAGE]: SIZE }, key: signingKey, bare: true });
  genuine = made.get(IMAGE) ?? Buffer.alloc(0);
  signature = made.get(`${IMAGE}.sig`) ?? Buffer.alloc(0);
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  edge = await runEdge({
    UPSTREAM_URL: `${upstream}/{channel}/{board}/{version}/{file}`,
    SIGNING_KEY_URL: `${upstream}/key.asc`,
    SIGNING_KEY_FINGERPRINTS: fingerprint(signingKey),
  });
});
afterAll(async () => {
  await edge.stop();
  server.close();
});
beforeEach(() => {
  wholes = 0;
  shrinks = false;
});

function answer({ url = '', method, headers }: IncomingMessage, response: ServerResponse): void {
  if (url === '/key.asc') return void response.end(key);
  if (url.endsWith('.sig')) return void response.end(signature);
  if (!url.endsWith('.bz2')) return void response.writeHead(404).end();
  const etag = changesTag && wholes > 0 ? '"b"' : '"a"';
  const common = shrinks ? {} : { etag, 'accept-ranges': 'bytes' };
  if (shrinks && method === 'HEAD')
    return void response.writeHead(200, { 'content-length': wholes === 0 ? SIZE : SIZE / 6 }).end();
  if (shrinks && wholes > 0) return void response.writeHead(404).end();
  if (method === 'HEAD') return void response.writeHead(200, { ...common, 'content-length': SIZE }).end();
  const asked = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (asked !== null) {
    const start = Number(asked[1]);
    const end = asked[2] === '' ? SIZE - 1 : Number(asked[2]);
    const range = { 'content-range': `bytes ${start}-${end}/${SIZE}`, 'content-length': end - start + 1 };
    return void response.writeHead(206, { ...common, ...range }).end(genuine.subarray(start, end + 1));
  }
  wholes += 1;
  const sent = Buffer.from(genuine);
  if (wholes === 1) sent.fill('EVIL', 0, EVIL_UNTIL);
  response.writeHead(200, { ...common, 'content-length': SIZE });
  if (!shrinks) return void response.end(sent);
  response.write(sent.subarray(0, EVIL_UNTIL), () => setTimeout(() => response.destroy(), 300));
}

const CLIENTS: readonly [string, ...(readonly string[])[]][] = [
  ['wget', ['--tries=5', '--waitretry=0', '-q', '-O', 'got']],
  ['wget', ['-q', '-O', 'got'], ['-c', '-q', '-O', 'got']],
  ['curl', ['-fsS', '-o', 'got'], ['-fsS', '-C', '-', '-o', 'got']],
  ['aria2c', ['-q', '-x4', '-s4', '-k1M', '--max-tries=3', '--retry-wait=1', '-o', 'got']],
];

let version = 0;
it.each(
  CLIENTS.flatMap(([tool, ...runs]) => [true, false].map((changes) => [tool, runs.length, changes, runs] as const)),
)('%s, %i times; the tag changes: %s', async (tool, _times, changes, runs) => {
  changesTag = changes;
  version += 1;
  const folder = mkdtempSync(join(edge.folder, 'client-'));
  const url = `${edge.url}/stable/amd64-usr/${version}.2.5/${IMAGE}`;
  let code = -1;
  for (const args of runs) ({ code } = await runClient(tool, [...args, url], folder));
  expect(wholes).toBeGreaterThan(0);
  const file = join(folder, 'got');
  const got = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  if (code === 0) expect(got.equals(genuine)).toBe(true);
  // Whoever begins again gets the genuine file, at the latest once the bad verdict is void.
  if (changes) {
    const again = await runClient('curl', ['-fsS', '-o', 'again', url], folder);
    expect(again.code).toBe(0);
    expect(readFileSync(join(folder, 'again')).equals(genuine)).toBe(true);
  }
});

/** A 416 would tell wget, curl and aria2c that what they have is the whole file. */
it.each([
  ['wget', ['--tries=3', '--waitretry=0', '-q', '-O', 'got']],
  ['wget -c', ['-q', '--tries=1', '-O', 'got'], ['-c', '-q', '--tries=1', '-O', 'got']],
  ['curl -C -', ['-sS', '-o', 'got'], ['-fsS', '-C', '-', '-o', 'got']],
  ['aria2c -c', ['-q', '--max-tries=1', '-o', 'got'], ['-q', '-c', '--max-tries=2', '--retry-wait=1', '-o', 'got']],
] as const)('%s is not told that an evil beginning is the whole', async (name, ...runs) => {
  shrinks = true;
  version += 1;
  const folder = mkdtempSync(join(edge.folder, 'client-'));
  const url = `${edge.url}/stable/amd64-usr/${4000 + version}.2.5/${IMAGE}`;
  const [tool = ''] = name.split(' ');
  let last = 0;
  for (const args of runs) last = (await runClient(tool, [...args, url], folder)).code;
  expect(last).not.toBe(0);
});
