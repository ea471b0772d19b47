/** Starts the servers for the figures about releases: an upstream, the edge with a mirrored image, and the peers with the same bytes. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestKey } from '../../src/releases/keys.ts';
import type { Version } from '../../src/releases/model.ts';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream, type UpstreamServer } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { median } from './figure.ts';
import { type Runtime, Runtimes } from './runtimes.ts';

const MIB = 1024 * 1024;
export const IMAGE = 'flatcar_production_image.bin.bz2';
const SMALL = ['version.txt', `${IMAGE}.sig`] as const;
/** The size of the image in bytes. */
export const SIZE = 256 * MIB;
/** The version that the edge has mirrored, so that it comes from R2. */
export const MIRRORED = '4593.2.5';
/** The version that only upstream has. */
export const PASSED = '4593.2.6';
export const TOKEN = 'operator-token-of-at-least-32-bytes';

export interface Rig {
  readonly edge: Runtime;
  readonly bare: Runtime;
  readonly render2: Runtime;
  readonly upstream: UpstreamServer;
  readonly folder: string;
  stop(): Promise<void>;
}

/** Returns the path of a file of a version, without a slash at its start: the image unless told. */
export const pathOf = (version: string, file = IMAGE): string => `stable/amd64-usr/${version}/${file}`;

/** Starts the servers. The files are then in the R2 of the edge, in that of the bare Worker and of render2, and at upstream. */
export async function startRig(root: string): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const runtimes = new Runtimes(folder, root);
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
  const edge = await runtimes.start('edge', {
    vars: {
      UPSTREAM_URL: `${upstream.url}/b/{channel}/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${upstream.url}/b/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${IMAGE}`,
      OPERATOR_TOKEN: TOKEN,
    },
  });
  const state = join(folder, 'bare');
  const bare = await runtimes.start('bare', { vars: { UPSTREAM: `${upstream.url}/b` }, state });
  await mirror(edge.url, MIRRORED);
  // In the first minutes after a publication each part asks besides whether somebody holds other bytes; an hour later it is as ever.
  const release = { channel: 'stable', board: 'amd64-usr', version: MIRRORED as Version } as const;
  const change = { publishedAt: new Date(Date.now() - 3_600_000).toISOString() };
  await edge.changeObject({ bucket: 'RELEASES', key: manifestKey(release), change });
  // Objects are stored in the same way in both: the emulator reads those of several parts much more slowly.
  await text(`${bare.url}/parts/${pathOf(MIRRORED)}`);
  for (const file of SMALL) await text(`${bare.url}/put/${pathOf(MIRRORED, file)}`);
  const copy = join(folder, 'render2');
  cpSync(state, copy, { recursive: true });
  const render2 = await runtimes.start('render2', { state: copy });
  return {
    ...{ edge, bare, render2, upstream, folder },
    stop: async () => {
      await Promise.all([edge.stop(), bare.stop(), render2.stop(), upstream.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Mirrors a release, and returns the milliseconds from when its job was queued until it was published. */
export async function mirror(edge: string, version: string): Promise<number> {
  const url = `${edge}/api/mirrors/stable/amd64-usr/${version}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(url, { method: 'PUT', headers });
  for (;;) {
    // The job tells its times itself: a question a moment would keep the runtime busy.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const job = (await (await fetch(url, { headers })).json()) as Job;
    if (job.state === 'complete') return Date.parse(job.finishedAt) - Date.parse(job.queuedAt);
    if (job.state !== 'queued' && job.state !== 'running') throw new Error(`${version}: ${job.state} ${job.reason}`);
  }
}

interface Job {
  readonly state: string;
  readonly reason?: string;
  readonly queuedAt: string;
  readonly finishedAt: string;
}

/** Returns the text of an answer that is no refusal. */
export async function text(url: string, init?: RequestInit): Promise<string> {
  const answer = await fetch(url, init);
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${said}`);
  return said;
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
