/** Compares the mirror with an unverified `bucket.put(key, response.body)` of the same bytes in a bare Worker. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePayload, makeSigning } from '../release-server/payload.ts';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { type DevServer, freePort, startDev } from '../wrangler-dev.ts';
import { atMost, beside, type Figure, median } from './figure.ts';
import { cpuSeconds, growthDuring } from './resident.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const PAYLOAD = 'flatcar_production_update.gz';
const SIGNING = makeSigning();
const TOKEN = 'operator-token-of-at-least-32-bytes';
const RUNS = 5;

/** Returns the figures `mirror_*`: time, CPU seconds per GiB and growth of memory. */
export async function mirrorFigures(root: string): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const upstream = await startUpstream();
  const key = await makeSigningKey();
  const tenant = upstream.tenant('b');
  tenant.put('key.asc', Buffer.from(publicKeyText(key)));
  const release = async (version: string, size: number) => {
    for (const [name, bytes] of await makeRelease({ version, files: { [IMAGE]: size }, key, bare: true })) {
      tenant.put(`stable/amd64-usr/${version}/${name}`, bytes);
    }
  };
  const start = async (): Promise<[DevServer, DevServer]> => [
    await startDev({
      port: await freePort(),
      vars: {
        UPSTREAM_URL: `${upstream.url}/b/{channel}/{board}/{version}/{file}`,
        SIGNING_KEY_URL: `${upstream.url}/b/key.asc`,
        SIGNING_KEY_FINGERPRINTS: fingerprint(key),
        MIRROR_FILES: `version.txt,${IMAGE}`,
        UPDATE_URL: `${upstream.url}/b/update/{board}/{version}/{file}`,
        ...{ UPDATE_FILES: PAYLOAD, UPDATE_KEY: SIGNING.publicKey },
        KEEP_RELEASES: '100',
        OPERATOR_TOKEN: TOKEN,
      },
      persistTo: join(folder, `edge-${Date.now()}`),
      logFile: join(folder, 'edge.log'),
    }),
    await startDev({
      port: await freePort(),
      config: join(root, 'tools', 'bench', 'wrangler.toml'),
      vars: { UPSTREAM: `${upstream.url}/b` },
      persistTo: join(folder, `bare-${Date.now()}`),
      logFile: join(folder, 'bare.log'),
      readyPath: '/',
    }),
  ];
  const figures: Record<string, Figure> = {};
  try {
    const [edge, bare] = await start();
    const times = { edge: [] as number[], bare: [] as number[] };
    let cpu = 0;
    let plainCpu = 0;
    for (let run = 0; run <= RUNS; run += 1) {
      const version = `4593.2.${run}`;
      await release(version, 256 * MIB);
      const beforePut = cpuSeconds(bare.pid);
      const bareMs = await timed(() =>
        fetch(`${bare.url}/put/stable/amd64-usr/${version}/${IMAGE}`).then((response) => response.text()),
      );
      const putCpu = cpuSeconds(bare.pid) - beforePut;
      const before = cpuSeconds(edge.pid);
      const edgeMs = await mirror(edge, version);
      if (run === 0) continue;
      cpu += cpuSeconds(edge.pid) - before;
      plainCpu += putCpu;
      times.edge.push(edgeMs);
      times.bare.push(bareMs);
    }
    console.log(`  put ${median(times.bare).toFixed(0)} ms, mirror ${median(times.edge).toFixed(0)} ms for 256 MiB`);
    figures['mirror_time_vs_put'] = atMost(median(times.edge) / median(times.bare), 'x', 1);
    figures['mirror_cpu_s_per_GiB'] = atMost((cpu / RUNS) * 4, 's', 4);
    figures['mirror_cpu_over_put_s_per_GiB'] = beside(
      ((cpu - plainCpu) / RUNS) * 4,
      's',
      `put: ${((plainCpu / RUNS) * 4).toFixed(1)} s`,
    );
    await Promise.all([edge.stop(), bare.stop()]);

    for (const [label, size] of [
      ['256MB', 256 * MIB],
      ['1GB', 1024 * MIB],
    ] as const) {
      // Each size gets a fresh runtime, because memory that an earlier one still holds would hide the growth.
      const [measured, plain] = await start();
      await release('4593.2.90', 8 * MIB);
      await mirror(measured, '4593.2.90');
      await fetch(`${plain.url}/put/stable/amd64-usr/4593.2.90/${IMAGE}`).then((response) => response.text());
      await release('4593.2.91', size);
      const growth = await growthDuring(measured.pid, () => mirror(measured, '4593.2.91'));
      const plainGrowth = await growthDuring(plain.pid, () =>
        fetch(`${plain.url}/put/stable/amd64-usr/4593.2.91/${IMAGE}`).then((response) => response.text()),
      );
      figures[`mirror_rss_growth_MiB_${label}`] = beside(
        growth / MIB,
        'MiB',
        `put: ${(plainGrowth / MIB).toFixed(0)} MiB`,
      );
      await Promise.all([measured.stop(), plain.stop()]);
    }
    figures['mirror_rss_growth_MiB_600MB_payload'] = await payloadGrowth(start, release, tenant);
    return figures;
  } finally {
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An update payload is proved by the signature at its end, so all of it goes past before anything is readable. */
async function payloadGrowth(
  start: () => Promise<[DevServer, DevServer]>,
  release: (version: string, size: number) => Promise<void>,
  tenant: { put(path: string, bytes: Buffer): void },
): Promise<Figure> {
  const [measured, plain] = await start();
  const payload = makePayload({ data: randomBytes(600 * 1_000_000), signings: [SIGNING] });
  tenant.put(`update/amd64-usr/4593.2.92/${PAYLOAD}`, payload);
  for (const version of ['4593.2.92', '4593.2.93']) await release(version, 8 * MIB);
  await mirror(measured, '4593.2.93');
  const growth = await growthDuring(measured.pid, () => mirror(measured, '4593.2.92'));
  const plainGrowth = await growthDuring(plain.pid, () =>
    fetch(`${plain.url}/put/update/amd64-usr/4593.2.92/${PAYLOAD}`).then((response) => response.text()),
  );
  await Promise.all([measured.stop(), plain.stop()]);
  return beside(growth / MIB, 'MiB', `put: ${(plainGrowth / MIB).toFixed(0)} MiB`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * Mirrors a release and returns the milliseconds between `queuedAt` and `finishedAt` of its job. The benchmark polls
 * slowly and does not measure the time itself, because polling often would keep the runtime busy.
 */
async function mirror(edge: DevServer, version: string): Promise<number> {
  const url = `${edge.url}/api/mirrors/stable/amd64-usr/${version}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(url, { method: 'PUT', headers });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const job = (await (await fetch(url, { headers })).json()) as {
      state: string;
      reason?: string;
      queuedAt: string;
      finishedAt: string;
    };
    if (job.state === 'complete') return Date.parse(job.finishedAt) - Date.parse(job.queuedAt);
    if (job.state !== 'queued' && job.state !== 'running') throw new Error(`${version}: ${job.state} ${job.reason}`);
  }
}
