/** `npm run fuzz [-- WORD …]`: a hundred thousand cases for each parser, or for those whose names hold a word; CASES=N for other counts. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const words = process.argv.slice(2);
const cases = process.env['CASES'] ?? '100000';
const root = dirname(import.meta.dirname);
const filter = words.length === 0 ? [] : ['-t', words.join('|')];
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const { status } = spawnSync(vitest, ['run', '--project', 'pure', 'test/fuzz', '--testTimeout', '3600000', ...filter], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FUZZ_CASES: cases },
});
process.exit(status ?? 1);
