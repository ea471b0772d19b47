/** `npm run boot`: real machines boot from the edge, through every fault of the table. It needs Debian's packages (tools/boot/debian.ts). */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const { status } = spawnSync(vitest, ['run', '--project', 'clients', 'test/boot'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, BOOT: 'all' },
});
process.exit(status ?? 1);
