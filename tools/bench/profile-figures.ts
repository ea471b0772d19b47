/** Runs the measurement of a change of a profile with 100,000 machines, which needs what the tests have. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figure.ts';

/** Returns the figures `profile_*`: seconds, memory and store calls of a harmless change and of a breaking one. */
export function profileFigures(root: string): Record<string, Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const file = join(folder, 'figures.json');
  const vitest = join(root, 'node_modules', '.bin', 'vitest');
  const env = { ...process.env, BENCH_FIGURES: file, MACHINES: process.env['MACHINES'] ?? '100000' };
  try {
    const { status } = spawnSync(vitest, ['run', '--project', 'clients', 'test/bench'], {
      cwd: root,
      stdio: 'inherit',
      env,
    });
    if (status !== 0) throw new Error('the change of a profile was not measured');
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Figure>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
