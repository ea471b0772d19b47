/** `npm run soak`: ten minutes of downloads, mirrors, boots, fleets, rings, update checks, tokens and writes while everything fails at random; SECONDS=N, SEED=N. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const SOAK_SECONDS = process.env['SECONDS'] ?? '600';
const seed = process.env['SEED'] === undefined ? {} : { SOAK_SEED: process.env['SEED'] };
const { status } = spawnSync(vitest, ['run', '--project', 'workerd', 'test/soak'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SOAK_SECONDS, ...seed },
});
process.exit(status ?? 1);
