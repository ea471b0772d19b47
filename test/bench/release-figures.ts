/** Pass-through and version.txt, beside bare Workers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startDev } from '../../scripts/wrangler-dev.ts';
import { makeRelease } from '../upstream/release.ts';
import { startUpstream } from '../upstream/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../upstream/signing-key.ts';
import { atLeast, type Figure, median } from './figure.ts';

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
const RUNS = 7;
const VERSION = '4593.2.5';
const IMAGE = 'flatcar_production_image.bin.bz2';

export async function releaseFigures(root: string): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const upstream = await startUpstream();
  const key = await makeSigningKey();
  const tenant = upstream.tenant('b');
  tenant.put('key.asc', Buffer.from(publicKeyText(key)));
  for (const [name, bytes] of await makeRelease({ version: VERSION, files: { [IMAGE]: SIZE }, key, bare: true })) {
    tenant.put(`stable/amd64-usr/${VERSION}/${name}`, bytes);
  }
  tenant.aliases.set('stable/amd64-usr/current', VERSION);
  const edge = await startDev({
    port: await freePort(),
    vars: {
      UPSTREAM_URL: `${upstream.url}/b/{channel}/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${upstream.url}/b/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
    },
    persistTo: join(folder, 'edge'),
    logFile: join(folder, 'edge.log'),
  });
  const bare = await startDev({
    port: await freePort(),
    config: join(root, 'test', 'bench', 'wrangler.toml'),
    vars: { UPSTREAM: `${upstream.url}/b` },
    persistTo: join(folder, 'bare'),
    logFile: join(folder, 'bare.log'),
    readyPath: '/',
  });
  try {
    const path = `stable/amd64-usr/${VERSION}/${IMAGE}`;
    const whole = await ratio(
      () => download(`${bare.url}/pass/${path}`, SIZE),
      () => download(`${edge.url}/${path}`, SIZE),
    );
    return {
      verify_stream_vs_passthrough: atLeast(whole, 'x', 0.9),
    };
  } finally {
    await Promise.all([edge.stop(), bare.stop(), upstream.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The speed of `edge` as a part of that of `bare`: medians of interleaved runs after one of each to warm up. */
async function ratio(bare: () => Promise<void>, edge: () => Promise<void>): Promise<number> {
  const times = { bare: [] as number[], edge: [] as number[] };
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, work] of [
      ['bare', bare],
      ['edge', edge],
    ] as const) {
      const began = performance.now();
      await work();
      if (run > 0) times[name].push(performance.now() - began);
    }
  }
  console.log(`  bare ${median(times.bare).toFixed(0)} ms, edge ${median(times.edge).toFixed(0)} ms`);
  return median(times.bare) / median(times.edge);
}

async function download(url: string, size: number): Promise<void> {
  const response = await fetch(url);
  let length = 0;
  for await (const chunk of response.body ?? []) length += (chunk as Uint8Array).length;
  if (response.status !== 200 || length !== size) throw new Error(`${url}: ${response.status}, ${length} bytes`);
}
