/** `npm run check`: everything that must hold before a change lands, quickest first; stops at the first that does not. */
import { spawnSync } from 'node:child_process';

const STEPS: readonly (readonly [what: string, command: string, ...args: string[]])[] = [
  ['the generated types are up to date', 'wrangler', 'types', 'src/env.d.ts', '--strict-vars=false', '--check'],
  ['the pages build', 'node', 'tools/build-pages.ts'],
  ['types', 'tsc', '--project', '.'],
  ['types of what runs in the browser', 'tsc', '--project', 'src/console'],
  ['types of what drives the browser', 'tsc', '--project', 'test/browser'],
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['unused code', 'knip', '--no-progress'],
  ['tests', 'vitest', 'run'],
];

for (const [what, command, ...args] of STEPS) {
  console.log(`\n— ${what}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`\nfailed: ${what}`);
    process.exit(status ?? 1);
  }
}
