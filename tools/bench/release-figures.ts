/** Compares what the edge hands out with bare Workers, with render2 and with nginx. */
import { atLeast, beside, type Figure } from './figure.ts';
import { withNginx } from './nginx.ts';
import { drain, IMAGE, MIRRORED, PASSED, pathOf, type Rig, repeated, SIZE, speedOf, startRig } from './rig.ts';

const MIB = 1024 * 1024;
const RANGES = 64;
const REQUESTS = 1000;
const AT_ONCE = 8;

/** Returns the figures of small files, whole downloads, ranges and verified pass-through. */
export async function releaseFigures(root: string): Promise<Record<string, Figure>> {
  const rig = await startRig(root);
  try {
    return { ...(await smallFiles(rig)), ...(await largeFiles(rig)), ...(await passedThrough(rig)) };
  } finally {
    await rig.stop();
  }
}

async function smallFiles({ edge, bare, render2 }: Rig): Promise<Record<string, Figure>> {
  const many = async (url: string) => {
    const { length } = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return () => repeated(REQUESTS, AT_ONCE, () => drain(url, length));
  };
  const figures: Record<string, Figure> = {};
  for (const [name, file] of [
    ['version_txt', 'version.txt'],
    ['sig', `${IMAGE}.sig`],
  ] as const) {
    const path = pathOf(MIRRORED, file);
    const ours = await many(`${edge.url}/${path}`);
    const beR2 = await speedOf(ours, await many(`${bare.url}/r2/${path}`));
    const beRender = await speedOf(ours, await many(`${render2.url}/${path}`));
    say(`${REQUESTS} ${file}, beside bare R2`, beR2);
    say(`${REQUESTS} ${file}, beside render2`, beRender);
    figures[`${name}_vs_bare_r2`] = atLeast(beR2.ratio, 'x', 1);
    figures[`${name}_vs_render2`] = atLeast(beRender.ratio, 'x', 1);
  }
  const alias = await many(`${edge.url}/${pathOf('current', 'version.txt')}`);
  const byAlias = await speedOf(alias, await many(`${bare.url}/r2/${pathOf(MIRRORED, 'version.txt')}`));
  say(`${REQUESTS} current/version.txt, beside bare R2`, byAlias);
  figures['version_txt_by_alias_vs_bare_r2'] = atLeast(byAlias.ratio, 'x', 1);
  return figures;
}

async function largeFiles(rig: Rig): Promise<Record<string, Figure>> {
  const { edge, bare, render2 } = rig;
  const path = pathOf(MIRRORED);
  const whole = (url: string) => () => drain(url, SIZE);
  const ranges = (url: string) => () =>
    repeated(RANGES, 4, (turn) => {
      const start = ((turn * 37) % 255) * MIB;
      return drain(url, MIB, { range: `bytes=${start}-${start + MIB - 1}` });
    });
  const one = await speedOf(whole(`${edge.url}/${path}`), whole(`${bare.url}/r2/${path}`));
  const parts = await speedOf(ranges(`${edge.url}/${path}`), ranges(`${bare.url}/r2/${path}`));
  const logged = await speedOf(ranges(`${edge.url}/${path}`), ranges(`${bare.url}/r2-logged/${path}`));
  const render = await speedOf(ranges(`${edge.url}/${path}`), ranges(`${render2.url}/${path}`), 3);
  say('whole download, beside bare R2', one);
  say('64 ranges of 1 MiB, beside bare R2', parts);
  say('64 ranges of 1 MiB, beside bare R2 with a line of log', logged);
  say('64 ranges of 1 MiB, beside render2', render);
  return {
    download_vs_bare_r2: atLeast(one.ratio, 'x', 0.97),
    download_range_vs_bare_r2: atLeast(parts.ratio, 'x', 0.97),
    download_range_vs_bare_r2_logged: beside(logged.ratio, 'x', 'a bare R2 Worker that writes one line of log besides'),
    download_range_vs_render2: beside(render.ratio, 'x', 'render2 on the same bucket'),
    ...(await nginxFigures(rig)),
  };
}

/** The limit is the sum of a copy and of a SHA-512: one thread does both. */
async function passedThrough({ edge, bare }: Rig): Promise<Record<string, Figure>> {
  const path = pathOf(PASSED);
  const ours = () => drain(`${edge.url}/${path}`, SIZE);
  const verified = await speedOf(ours, async () => {
    await drain(`${bare.url}/pass/${path}`, SIZE);
    await drain(`${bare.url}/sha512/${SIZE}`, 128);
  });
  const copied = await speedOf(ours, () => drain(`${bare.url}/pass/${path}`, SIZE), 3);
  say('verified pass-through, beside a copy and a SHA-512', verified);
  return {
    verified_vs_copy_and_sha512: atLeast(verified.ratio, 'x', 0.95),
    verified_vs_copy: beside(copied.ratio, 'x', 'a bare copy, which checks nothing'),
  };
}

/** Compares the edge with nginx, which a distributor could run instead. It caches a file, and verifies nothing. */
async function nginxFigures({ edge, upstream, folder }: Rig): Promise<Record<string, Figure>> {
  const path = pathOf(MIRRORED);
  const speed = await withNginx(`${upstream.url}/b`, folder, async (nginx) => {
    await drain(`${nginx}/${path}`, SIZE);
    return await speedOf(
      () => drain(`${edge.url}/${path}`, SIZE),
      () => drain(`${nginx}/${path}`, SIZE),
    );
  });
  if (speed === undefined) return {};
  say('whole download, beside nginx', speed);
  return {
    download_vs_nginx: beside(speed.ratio, 'x', 'nginx proxy_cache from a warm cache, native and without checks'),
  };
}

const say = (what: string, { edgeMs, bareMs }: { edgeMs: number; bareMs: number }) =>
  console.log(`  ${what}: ${bareMs.toFixed(0)} ms, edge ${edgeMs.toFixed(0)} ms`);
