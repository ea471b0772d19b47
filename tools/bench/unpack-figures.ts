/** Unpacks images in a runtime that is killed in the middle, and compares bytes and CPU time with `bunzip2`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MOST_PACKED, readPiece } from '../../src/mirror/unpack/bzip2.ts';
import { buildWorker } from '../edge-runtime/build.ts';
import { startRuntime } from '../edge-runtime/start.ts';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { freePort } from '../wrangler-dev.ts';
import { beside, type Figure } from './figure.ts';
import { cpuSeconds, programSeconds } from './resident.ts';

const MIB = 1024 * 1024;
const PLAIN = 'flatcar_production_image.bin';
const VERSION = '4593.2.5';
const TOKEN = 'operator-token-of-at-least-32-bytes';
const RECORD = `unpack/stable/amd64-usr/${VERSION}.json`;

/** Returns the figures `unpack_*` for a packed image of 64 MB and, unless UNPACK_SMALL is set, one of 500 MB. */
export async function unpackFigures(): Promise<Record<string, Figure>> {
  if (spawnSync('bzip2', ['--version']).error !== undefined) {
    console.log('  bzip2 is not installed: nothing is unpacked');
    return {};
  }
  const sizes = process.env['UNPACK_SMALL'] === undefined ? [64, 500] : [64];
  const figures: Record<string, Figure> = {};
  for (const size of sizes) Object.assign(figures, await unpackOne(size));
  return figures;
}

async function unpackOne(megabytes: number): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-unpack-'));
  const upstream = await startUpstream();
  const tenant = upstream.tenant('u');
  try {
    const { packed, digest, plainBytes } = packedImage(folder, megabytes);
    const own = programSeconds('bunzip2 -c "$0"', join(folder, 'plain.bz2'));
    const reader = readerSeconds(packed);
    const key = await makeSigningKey();
    tenant.put('key.asc', Buffer.from(publicKeyText(key)));
    for (const [name, bytes] of await makeRelease({
      version: VERSION,
      files: { [`${PLAIN}.bz2`]: packed },
      key,
      bare: true,
    }))
      tenant.put(`stable/amd64-usr/${VERSION}/${name}`, bytes);
    const port = await freePort();
    const vars = {
      UPSTREAM_URL: `${upstream.url}/u/{channel}/{board}/{version}/{file}`,
      ...{ SIGNING_KEY_URL: `${upstream.url}/u/key.asc`, SIGNING_KEY_FINGERPRINTS: fingerprint(key) },
      ...{ OPERATOR_TOKEN: TOKEN, MIRROR: 'stable/amd64-usr', MIRROR_FILES: `${PLAIN}.bz2` },
    };
    const options = {
      ...{ worker: await buildWorker(join(folder, 'worker')), port, persistTo: join(folder, 'state') },
      ...{ logFile: join(folder, 'runtime.log'), vars: { ...vars, IMPORT_FORMATS: 'img' } },
    };
    const call = (path: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` } });
    let runtime = await startRuntime({ ...options, vars });
    const job = `/api/mirrors/stable/amd64-usr/${VERSION}`;
    await call(job, 'PUT');
    await until(async () => ((await (await call(job)).json()) as { state: string }).state === 'complete');
    await runtime.kill();
    // The emulator runs all in one thread, so nobody is asked how far it is.
    const isDone = async () => (await call(`/stable/amd64-usr/${VERSION}/${PLAIN}`, 'HEAD')).status === 200;
    const begin = () => call(job, 'PUT');
    runtime = await startRuntime(options);
    let cpu = -cpuSeconds(runtime.pid);
    // The answer comes when the emulator has time for it, and the kill comes before that.
    begin().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, megabytes > 100 ? 100_000 : 4_000));
    cpu += cpuSeconds(runtime.pid);
    const before = cpu;
    await runtime.kill();
    runtime = await startRuntime(options);
    if (await isDone()) throw new Error('it was done before it was killed');
    cpu -= cpuSeconds(runtime.pid);
    // Nobody waits a quarter of an hour here until the run counts as dead.
    const change = { isRunning: true, heartbeatAt: new Date(0).toISOString() };
    await runtime.changeObject({ bucket: 'RELEASES', key: RECORD, change });
    await begin();
    await until(isDone);
    cpu += cpuSeconds(runtime.pid);
    console.log(`  ${before.toFixed(0)} s of CPU before the kill, ${(cpu - before).toFixed(0)} s after it`);
    const answer = await call(`/stable/amd64-usr/${VERSION}/${PLAIN}`);
    const hash = createHash('sha256');
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) hash.update(chunk);
    if (hash.digest('hex') !== digest) throw new Error('the image that was unpacked is not that of bunzip2');
    await runtime.kill();
    const perGiB = (seconds: number) => (seconds * 1024 * MIB) / plainBytes;
    console.log(
      `  ${megabytes} MB packed, ${(plainBytes / MIB).toFixed(0)} MiB plain, killed once: the bytes are those of bunzip2`,
    );
    const label = `unpack_cpu_s_per_GiB_${megabytes}MB`;
    return {
      [label]: beside(
        perGiB(cpu),
        's',
        `bunzip2: ${perGiB(own).toFixed(1)} s; ours is with R2 as it is emulated, and what was lost with the kill`,
      ),
      [`unpack_reader_vs_bunzip2_${megabytes}MB`]: beside(
        reader / own,
        'x',
        'the CPU time of bunzip2 on the same file',
      ),
    };
  } finally {
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Half of it does not compress, a quarter is text and a quarter is empty, as a disk image is. */
function packedImage(folder: string, megabytes: number) {
  const path = join(folder, 'plain');
  const file = openSync(path, 'w');
  const hash = createHash('sha256');
  const cipher = createCipheriv('aes-256-ctr', randomBytes(32), Buffer.alloc(16));
  const text = Buffer.from(
    'The quick brown fox jumps over the lazy dog, and the dog does not mind at all. '.repeat(14_000),
  ).subarray(0, MIB);
  let packedBytes = 0;
  let plainBytes = 0;
  for (let at = 0; packedBytes < megabytes * 1_000_000; at += 1) {
    const isNoise = at % 2 === 0;
    const chunk = isNoise ? cipher.update(Buffer.alloc(MIB)) : at % 4 === 1 ? text : Buffer.alloc(MIB);
    if (isNoise) packedBytes += MIB;
    writeSync(file, chunk);
    hash.update(chunk);
    plainBytes += chunk.length;
  }
  closeSync(file);
  execFileSync('bzip2', ['-k', '-f', path]);
  rmSync(path);
  console.log(`  ${(statSync(`${path}.bz2`).size / 1_000_000).toFixed(0)} MB packed`);
  return { packed: readFileSync(`${path}.bz2`), digest: hash.digest('hex'), plainBytes };
}

/** Returns the CPU seconds of our reader alone. */
function readerSeconds(packed: Uint8Array): number {
  const before = process.cpuUsage();
  let [start, bit, level] = [0, 0, 0];
  for (;;) {
    const window = packed.subarray(start, start + MOST_PACKED);
    const piece = readPiece(window, bit, level);
    if (!piece.ok) throw new Error(piece.error.detail);
    if (piece.value.kind === 'end') break;
    for (;;) {
      const bytes = piece.value.block.next();
      if (!bytes.ok) throw new Error(bytes.error.detail);
      if (bytes.value === undefined) break;
    }
    start += piece.value.next >>> 3;
    bit = piece.value.next & 7;
    level = piece.value.level;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000_000;
}

async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 1_000));
}
