/** Compares the mirror with an unverified multipart copy of the same bytes in a bare Worker, which is what rclone does. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePayload, makeSigning } from '../release-server/payload.ts';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { atMost, beside, type Figure, median } from './figure.ts';
import { cpuSeconds, growthDuring, programSeconds } from './resident.ts';
import { IMAGE, mirror, TOKEN, text } from './rig.ts';
import { type Runtime, Runtimes } from './runtimes.ts';

const MIB = 1024 * 1024;
const PAYLOAD = 'flatcar_production_update.gz';
const SIGNING = makeSigning();
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
  const runtimes = new Runtimes(folder, root);
  const start = async (): Promise<[Runtime, Runtime]> => [
    await runtimes.start('edge', {
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
    }),
    await runtimes.start('bare', { vars: { UPSTREAM: `${upstream.url}/b` } }),
  ];
  const figures: Record<string, Figure> = {};
  try {
    const [edge, bare] = await start();
    const times = { edge: [] as number[], bare: [] as number[] };
    const cpu = { edge: [] as number[], bare: [] as number[] };
    for (let run = 0; run <= RUNS; run += 1) {
      const version = `4593.2.${run}`;
      await release(version, 256 * MIB);
      const path = `stable/amd64-usr/${version}/${IMAGE}`;
      for (const [name, pid, work] of [
        ['bare', bare.pid, () => timed(() => text(`${bare.url}/parts/${path}`))],
        ['edge', edge.pid, () => mirror(edge.url, version)],
      ] as const) {
        const before = cpuSeconds(pid);
        const milliseconds = await work();
        // What the runtime does after its answer is part of the work.
        await new Promise((resolve) => setTimeout(resolve, 500));
        if (run === 0) continue;
        cpu[name].push(cpuSeconds(pid) - before);
        times[name].push(milliseconds);
      }
    }
    const [bareMs, edgeMs] = [median(times.bare), median(times.edge)];
    const [bareCpu, edgeCpu] = [median(cpu.bare), median(cpu.edge)];
    const file = join(folder, 'bytes');
    writeFileSync(file, randomBytes(256 * MIB));
    const sums = programSeconds('sha512sum "$0"; sha256sum "$0"', file);
    console.log(`  multipart copy ${bareMs.toFixed(0)} ms, ${bareCpu.toFixed(2)} s CPU for 256 MiB`);
    console.log(
      `  mirror ${edgeMs.toFixed(0)} ms, ${edgeCpu.toFixed(2)} s CPU; sha512sum and sha256sum ${sums.toFixed(2)} s`,
    );
    figures['mirror_time_vs_multipart'] = atMost(edgeMs / bareMs, 'x', 1.05);
    figures['mirror_cpu_over_multipart_vs_sums'] = atMost((edgeCpu - bareCpu) / sums, 'x', 1);
    figures['mirror_cpu_s_per_GiB'] = beside(edgeCpu * 4, 's', `a multipart copy: ${(bareCpu * 4).toFixed(1)} s`);
    await Promise.all([edge.stop(), bare.stop()]);

    for (const [label, size] of [
      ['256MB', 256 * MIB],
      ['1GB', 1024 * MIB],
    ] as const) {
      // Each size gets a fresh runtime, because memory that an earlier one still holds would hide the growth.
      const [measured, plain] = await start();
      await release('4593.2.90', 8 * MIB);
      await mirror(measured.url, '4593.2.90');
      await text(`${plain.url}/parts/stable/amd64-usr/4593.2.90/${IMAGE}`);
      await release('4593.2.91', size);
      const growth = await growthDuring(measured.pid, () => mirror(measured.url, '4593.2.91'));
      const plainGrowth = await growthDuring(plain.pid, () =>
        text(`${plain.url}/parts/stable/amd64-usr/4593.2.91/${IMAGE}`),
      );
      figures[`mirror_rss_growth_MiB_${label}`] = beside(
        growth / MIB,
        'MiB',
        `a multipart copy: ${(plainGrowth / MIB).toFixed(0)} MiB`,
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
  start: () => Promise<[Runtime, Runtime]>,
  release: (version: string, size: number) => Promise<void>,
  tenant: { put(path: string, bytes: Buffer): void },
): Promise<Figure> {
  const [measured, plain] = await start();
  const payload = makePayload({ data: randomBytes(600 * 1_000_000), signings: [SIGNING] });
  tenant.put(`update/amd64-usr/4593.2.92/${PAYLOAD}`, payload);
  for (const version of ['4593.2.92', '4593.2.93']) await release(version, 8 * MIB);
  await mirror(measured.url, '4593.2.93');
  const growth = await growthDuring(measured.pid, () => mirror(measured.url, '4593.2.92'));
  const plainGrowth = await growthDuring(plain.pid, () =>
    text(`${plain.url}/parts/update/amd64-usr/4593.2.92/${PAYLOAD}`),
  );
  await Promise.all([measured.stop(), plain.stop()]);
  return beside(growth / MIB, 'MiB', `a multipart copy: ${(plainGrowth / MIB).toFixed(0)} MiB`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
