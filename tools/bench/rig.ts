/**
 * Starts the servers for the figures about releases: an upstream, the edge with a mirrored image, and the bare Worker
 * with the same bytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream, type UpstreamServer } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { type DevServer, freePort, startDev } from '../wrangler-dev.ts';
import { median } from './figure.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
/** The size of the image in bytes. */
export const SIZE = 256 * MIB;
/** The version that the edge has mirrored, so that it comes from R2. */
export const MIRRORED = '4593.2.5';
/** The version that only upstream has. */
export const PASSED = '4593.2.6';
export const TOKEN = 'operator-token-of-at-least-32-bytes';

export interface Rig {
  readonly edge: DevServer;
  readonly bare: DevServer;
  readonly upstream: UpstreamServer;
  readonly folder: string;
  stop(): Promise<void>;
}

/** Returns the path of the image of a version, without a slash at its start. */
export const imagePath = (version: string): string => `stable/amd64-usr/${version}/${IMAGE}`;

/** Starts the servers. The image is then in the R2 of the edge, in that of the bare Worker, and at upstream. */
export async function startRig(root: string): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const upstream = await startUpstream();
  const key = await makeSigningKey();
  const tenant = upstream.tenant('b');
  tenant.put('key.asc', Buffer.from(publicKeyText(key)));
  for (const version of [MIRRORED, PASSED]) {
    for (const [name, bytes] of await makeRelease({ version, files: { [IMAGE]: SIZE }, key, bare: true })) {
      tenant.put(`stable/amd64-usr/${version}/${name}`, bytes);
    }
  }
  tenant.aliases.set('stable/amd64-usr/current', MIRRORED);
  const edge = await startDev({
    port: await freePort(),
    vars: {
      UPSTREAM_URL: `${upstream.url}/b/{channel}/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${upstream.url}/b/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
      MIRROR_FILES: `version.txt,${IMAGE}`,
      OPERATOR_TOKEN: TOKEN,
    },
    persistTo: join(folder, 'edge'),
    logFile: join(folder, 'edge.log'),
  });
  const bare = await startDev({
    port: await freePort(),
    config: join(root, 'tools', 'bench', 'wrangler.toml'),
    vars: { UPSTREAM: `${upstream.url}/b` },
    persistTo: join(folder, 'bare'),
    logFile: join(folder, 'bare.log'),
    readyPath: '/',
  });
  await mirror(edge, MIRRORED);
  await (await fetch(`${bare.url}/parts/${imagePath(MIRRORED)}`)).text();
  return {
    edge,
    bare,
    upstream,
    folder,
    stop: async () => {
      await Promise.all([edge.stop(), bare.stop(), upstream.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function mirror(edge: DevServer, version: string): Promise<void> {
  const url = `${edge.url}/api/mirrors/stable/amd64-usr/${version}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(url, { method: 'PUT', headers });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { state } = (await (await fetch(url, { headers })).json()) as { state: string };
    if (state === 'complete') return;
    if (state === 'failed') throw new Error('the image of the benchmark was not mirrored');
  }
}

type Work = () => Promise<unknown>;

/**
 * Returns the median times of `edge` and `bare` in milliseconds, and the ratio `bareMs / edgeMs`: above 1 the edge is
 * faster. The runs alternate, and the first run of each does not count.
 */
export async function speedOf(
  edge: Work,
  bare: Work,
  runs = 7,
): Promise<{ ratio: number; edgeMs: number; bareMs: number }> {
  const times = { bare: [] as number[], edge: [] as number[] };
  for (let run = 0; run <= runs; run += 1) {
    for (const [name, work] of [
      ['bare', bare],
      ['edge', edge],
    ] as const) {
      const began = performance.now();
      await work();
      if (run > 0) times[name].push(performance.now() - began);
    }
  }
  const [bareMs, edgeMs] = [median(times.bare), median(times.edge)];
  return { ratio: bareMs / edgeMs, edgeMs, bareMs };
}

/** Reads an answer to its end. Throws when it is a refusal or is not `size` bytes long. */
export async function drain(url: string, size: number, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { headers });
  let length = 0;
  for await (const chunk of response.body ?? []) length += (chunk as Uint8Array).length;
  if (!response.ok || length !== size) throw new Error(`${url}: ${response.status}, ${length} bytes`);
}

/** Runs `work` `count` times, `atOnce` of them at the same time. */
export async function repeated(count: number, atOnce: number, work: (turn: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}
