/**
 * `npm run boot`: real machines boot from the edge, as in CI; with `-- --all` through every fault of the table. It needs Debian's
 * packages (tools/boot/debian.ts).
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const { status } = spawnSync(vitest, ['run', '--project', 'clients', 'test/boot', '--reporter=verbose'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(process.argv.includes('--all') ? { BOOT: 'all' } : {}) },
});
process.exit(status ?? 1);
