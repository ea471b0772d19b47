/** Measures whether answers take longer when there is more data: releases.json, a listing, a page of machines. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicIndex, type ReleaseIndex } from '../../src/releases/store/release-index.ts';
import { atMost, type Figure, median } from './figure.ts';
import { TOKEN, text } from './rig.ts';
import { Runtimes } from './runtimes.ts';

const RUNS = 9;
const REQUESTS = 20;
const FEW = { releases: 10, machines: 100 };
const MANY = { releases: 1_000, machines: 100_000 };
const MOMENT = '2026-08-13T16:00:00.000Z';
const PAIR = { channel: 'stable', board: 'amd64-usr' };
/** Up to this factor, a difference counts as jitter and not as growth. */
const FLAT = 1.1;

type Load = typeof FEW;

/** Returns the figures `*_growth`: the time of a request with much data, divided by the time with little data. */
export async function growthFigures(root: string): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const runtimes = new Runtimes(folder, root);
  const few = await timesWith(runtimes, FEW);
  const many = await timesWith(runtimes, MANY);
  rmSync(folder, { recursive: true, force: true });
  const figures: Record<string, Figure> = {};
  for (const [name, ms] of Object.entries(many)) {
    console.log(`  ${name}: ${few[name]?.toFixed(2)} ms with few, ${ms.toFixed(2)} ms with many`);
    figures[`${name}_growth`] = atMost(ms / (few[name] ?? Number.NaN), 'x', FLAT);
  }
  return figures;
}

/** Returns the milliseconds of each kind of request. Every load has its own folder of state. */
async function timesWith(runtimes: Runtimes, load: Load): Promise<Record<string, number>> {
  const state = join(runtimes.folder, `state-${load.releases}`);
  const filler = await runtimes.start('bare', { state });
  await fill(filler.url, load);
  await filler.stop();
  const vars = {
    OPERATOR_TOKEN: TOKEN,
    CAPABILITY_SECRET: 'capability-secret-of-the-benchmark',
    KEEP_RELEASES: '1000',
  };
  const edge = await runtimes.start('edge', { vars, state });
  try {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const page = async (cursor: string) =>
      JSON.parse(
        await text(`${edge.url}/api/machines${cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`}`, {
          headers,
        }),
      ) as {
        cursor: string | null;
      };
    const second = (await page('')).cursor ?? '';
    return {
      releases_json: await timed(() => text(`${edge.url}/releases.json`)),
      listing: await timed(() => text(`${edge.url}/stable/amd64-usr/`)),
      machine_page: await timed(() => page(second)),
    };
  } finally {
    await edge.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const runs: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const began = performance.now();
    for (let turn = 0; turn < REQUESTS; turn += 1) await work();
    if (run > 0) runs.push((performance.now() - began) / REQUESTS);
  }
  return median(runs);
}

/** Writes the objects that publishing and the API would write, directly into the bucket. */
async function fill(url: string, { releases, machines }: Load): Promise<void> {
  const file = {
    size: 500_000_000,
    sha512: 'a'.repeat(128),
    signedBy: 'F'.repeat(40),
    primary: 'F'.repeat(40),
    signedAt: MOMENT,
    verifiedAt: MOMENT,
  };
  const names = ['version.txt', 'flatcar_production_image.bin.bz2', 'flatcar_production_pxe.vmlinuz'];
  const files = Object.fromEntries(
    names.flatMap((name) => ['', '.sig', '.DIGESTS'].map((ending) => [`${name}${ending}`, file])),
  );
  const index = {
    releases: Array.from({ length: releases }, (_, at) => ({
      version: `${9000 - at}.2.0`,
      publishedAt: MOMENT,
      files,
    })),
    left: [],
  } as unknown as ReleaseIndex;
  const put = (key: string, value: object) =>
    text(`${url}/object/${key}`, { method: 'PUT', body: JSON.stringify(value) });
  await put('index/stable/amd64-usr.json', index);
  await put('releases.json', publicIndex([{ ...PAIR, index }], MOMENT));
  const machinesPerCall = 500;
  for (let from = 0; from < machines; from += machinesPerCall) {
    await text(`${url}/machines/${from}/${Math.min(from + machinesPerCall, machines)}`, { method: 'PUT' });
  }
}
