/**
 * `npm run boot`: real machines boot from the edge, as in CI; with `-- --all` through every fault of the table. It needs Debian's
 * packages (tools/boot/debian.ts). What one boot showed is kept in dist/boot/transcript.txt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const transcript = join(root, 'dist', 'boot', 'transcript.txt');
mkdirSync(dirname(transcript), { recursive: true });
rmSync(transcript, { force: true });
const { status } = spawnSync(vitest, ['run', '--project', 'clients', 'test/boot', '--reporter=verbose'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TRANSCRIPT: transcript, ...(process.argv.includes('--all') ? { BOOT: 'all' } : {}) },
});
if (existsSync(transcript)) console.log(`what a boot showed: ${transcript}`);
process.exit(status ?? 1);
