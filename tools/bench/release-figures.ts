/** Compares downloads and version.txt of the edge with those of the bare Worker and of nginx. */
import { atLeast, beside, type Figure } from './figure.ts';
import { withNginx } from './nginx.ts';
import { drain, imagePath, MIRRORED, PASSED, type Rig, repeated, SIZE, speedOf, startRig } from './rig.ts';

const MIB = 1024 * 1024;
const RANGES = 64;
const REQUESTS = 500;
const AT_ONCE = 8;

/**
 * Returns the figures of whole downloads, ranges, verified pass-through and version.txt. For version.txt the bare
 * Worker answers from the Cache API.
 */
export async function releaseFigures(root: string): Promise<Record<string, Figure>> {
  const rig = await startRig(root);
  try {
    const { edge, bare } = rig;
    const [mirrored, passed] = [imagePath(MIRRORED), imagePath(PASSED)];
    const whole = await speedOf(
      () => drain(`${edge.url}/${mirrored}`, SIZE),
      () => drain(`${bare.url}/r2/${mirrored}`, SIZE),
    );
    const ranges = (url: string) => () =>
      repeated(RANGES, 4, (turn) => {
        const start = ((turn * 37) % 255) * MIB;
        return drain(url, MIB, { range: `bytes=${start}-${start + MIB - 1}` });
      });
    const inRanges = await speedOf(ranges(`${edge.url}/${mirrored}`), ranges(`${bare.url}/r2/${mirrored}`));
    const verified = await speedOf(
      () => drain(`${edge.url}/${passed}`, SIZE),
      () => drain(`${bare.url}/pass/${passed}`, SIZE),
    );
    const version = await versionTxt(rig, 'cached/text');
    const withAlias = await versionTxt(rig, 'alias');
    say('whole download', whole);
    say('64 ranges of 1 MiB', inRanges);
    say('verified pass-through', verified);
    say(`${REQUESTS} version.txt`, version);
    say(`${REQUESTS} version.txt, one R2 read and a line of log each`, withAlias);
    return {
      download_vs_bare_r2: atLeast(whole.ratio, 'x', 0.95),
      download_range_vs_bare_r2: atLeast(inRanges.ratio, 'x', 0.95),
      verify_stream_vs_passthrough: atLeast(verified.ratio, 'x', 0.9),
      version_txt_vs_bare_cache: atLeast(version.ratio, 'x', 0.85),
      version_txt_vs_bare_with_read_and_log: beside(
        withAlias.ratio,
        'x',
        'a bare Worker that reads one R2 object and writes one line of log besides',
      ),
      ...(await nginxFigures(rig)),
    };
  } finally {
    await rig.stop();
  }
}

async function versionTxt({ edge, bare }: Rig, barePath: string) {
  const length = (await (await fetch(`${edge.url}/stable/amd64-usr/current/version.txt`)).text()).length;
  await fetch(`${bare.url}/cached/fill`, { method: 'PUT', body: 'x'.repeat(length) });
  const many = (url: string) => () => repeated(REQUESTS, AT_ONCE, () => drain(url, length));
  return await speedOf(many(`${edge.url}/stable/amd64-usr/current/version.txt`), many(`${bare.url}/${barePath}`));
}

/** Compares the edge with nginx, which a distributor could run instead. It caches a file, and verifies nothing. */
async function nginxFigures({ edge, upstream, folder }: Rig): Promise<Record<string, Figure>> {
  const path = imagePath(MIRRORED);
  const speed = await withNginx(`${upstream.url}/b`, folder, async (nginx) => {
    await drain(`${nginx}/${path}`, SIZE);
    return await speedOf(
      () => drain(`${edge.url}/${path}`, SIZE),
      () => drain(`${nginx}/${path}`, SIZE),
    );
  });
  if (speed === undefined) return {};
  say('whole download beside nginx', speed);
  return {
    nginx_vs_edge: beside(
      1 / speed.ratio,
      'x',
      'nginx proxy_cache, native and without checks, as a multiple of the edge',
    ),
  };
}

const say = (what: string, { edgeMs, bareMs }: { edgeMs: number; bareMs: number }) =>
  console.log(`  ${what}: beside ${bareMs.toFixed(0)} ms, edge ${edgeMs.toFixed(0)} ms`);
