/** Measures the size of the Worker and the time that it takes to start, with wrangler's own bundle and CPU profile. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, type Figure, median } from './figure.ts';

const RUNS = 5;

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Returns `bundle_gzip_KiB` and `startup_ms`. */
export function bundleFigures(root: string): Record<string, Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  try {
    const run = (...args: string[]) =>
      execFileSync('wrangler', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const said = run('deploy', '--dry-run', '--outdir', folder);
    // What the Worker's modules come to; static files are stored apart and count for nothing at the start.
    const size = Number(/^Total Upload: .* gzip: ([\d.]+) KiB$/m.exec(said)?.[1]);
    const starts = Array.from({ length: RUNS }, () => {
      const outfile = join(folder, 'startup.cpuprofile');
      run('check', 'startup', '--outfile', outfile);
      return busyMs(JSON.parse(readFileSync(outfile, 'utf8')) as Profile);
    });
    return {
      bundle_gzip_KiB: atMost(size, 'KiB', 400),
      startup_ms: atMost(median(starts), 'ms', 60),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the milliseconds of a profile in which the isolate was not idle. */
function busyMs({ nodes, samples, timeDeltas }: Profile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id));
  const busy = samples.reduce((sum, id, index) => sum + (idle.has(id) ? 0 : (timeDeltas[index] ?? 0)), 0);
  return busy / 1000;
}
