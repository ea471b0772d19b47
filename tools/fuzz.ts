/**
 * `npm run fuzz [-- WORD …]`: a hundred thousand cases for each parser, or for those whose names hold a word; CASES=N for other counts.
 * Then every pair of atoms, repeated, for each reader that has to be linear, and 2,000 hostile upstreams.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const words = process.argv.slice(2);
const cases = process.env['CASES'] ?? '100000';
const root = dirname(import.meta.dirname);
const filter = words.length === 0 ? [] : ['-t', words.join('|')];
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const run = (...args: string[]): number =>
  spawnSync(vitest, ['run', '--testTimeout', '3600000', ...args, ...filter], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FUZZ_CASES: cases },
  }).status ?? 1;
const statuses = [
  run('--project', 'pure', 'test/fuzz'),
  // A word may name a parser of one of the two alone.
  run('--project', 'long', '--passWithNoTests', 'test/linear', 'test/releases/hostile-upstream'),
];
process.exit(Math.max(...statuses));
