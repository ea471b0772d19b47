/**
 * `npm run check`: all that can be told without running anything, quickest first; it stops at the first that does not hold. `npm test`
 * (`--with-tests`) runs the tests after that which are quick, `npm run test:ci` (`--with-programs`) those too that need other programs,
 * and `npm run test:all` (`--with-all-tests`) every one. With arguments for vitest, as in `npm test -- test/house.test.ts`, each runs what they name alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { whenTold } from './process-group.ts';

type Step = readonly [what: string, command: string, ...args: string[]];

/** What it found out last time about files that have not changed is kept, out of the way. */
const types = (what: string, project: string, name: string): Step => [
  ...([what, 'tsc', '--project', project] as const),
  ...['--incremental', '--tsBuildInfoFile', `node_modules/.cache/tsc/${name}.tsbuildinfo`],
];

const STEPS: readonly Step[] = [
  // This builds the pages as well, as every command of wrangler's that reads the Worker.
  ['generated types', 'wrangler', 'types', 'src/env.d.ts', '--strict-vars=false', '--check'],
  types('types of what drives the browser', 'test/browser', 'test-browser'),
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['unused code', 'knip', '--no-progress'],
  types('types of what runs in the browser', 'src/console', 'console'),
  ['types of the packages', 'tsc', '--project', 'packages', '--noEmit', '--emitDeclarationOnly', 'false'],
  types('types', '.', 'all'),
];

let child: ChildProcess | undefined;
whenTold((signal) => {
  // A terminal has told the step as well, and vitest takes a second Ctrl-C for impatience.
  if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal);
});

function ran([, command, ...args]: Step): Promise<number> {
  child = spawn(command, args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => child?.once('error', reject).once('exit', (code) => resolve(code ?? 1)));
}

const [mode, ...forVitest] = process.argv.slice(2);
const steps = forVitest.length > 0 ? [] : STEPS;
/** All but `long`, and `clients`, which wait for browsers, downloads and machines that boot. */
const QUICK = ['pure', 'workerd'];
const PROJECTS: Readonly<Record<string, readonly string[]>> = {
  '--with-tests': QUICK,
  '--with-programs': [...QUICK, 'clients'],
  '--with-all-tests': [...QUICK, 'clients', 'long'],
};
const chosen =
  forVitest.length > 0 ? forVitest : (PROJECTS[mode ?? ''] ?? []).flatMap((project) => ['--project', project]);
const tests: readonly Step[] = mode === undefined ? [] : [['tests', 'vitest', 'run', ...chosen]];

for (const step of [...steps, ...tests]) {
  console.log(`\n— ${step[0]}`);
  const code = await ran(step);
  if (code === 0) continue;
  // The last line of the tests is their count.
  if (!tests.includes(step)) console.error(`\nfailed: ${step[0]}`);
  process.exit(code);
}
