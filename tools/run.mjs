// Runs a command under the project's own Node, installing from the lockfile first when that is needed.
// Plain JavaScript: this is the one file that the machine's Node, whatever its age, has to understand.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeBin = join(root, 'node_modules', 'node', 'bin');
const node = join(nodeBin, process.platform === 'win32' ? 'node.exe' : 'node');

const readPackages = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? {};

function isInstalled() {
  if (!existsSync(node) || !existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = readPackages('package-lock.json');
  const found = readPackages('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional === true || found[path]?.version === version,
  );
}

function install() {
  console.error('installing from the lockfile …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (status !== 0 || !existsSync(node)) {
    console.error('installing failed; try: npm ci');
    process.exit(1);
  }
}

if (!isInstalled()) install();

const [command = '', ...rest] = process.argv.slice(2);
const isScript = /\.(ts|mjs)$/.test(command);
const bins = join(root, 'node_modules', '.bin');
const env = {
  ...process.env,
  PATH: [nodeBin, bins, process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: 'false',
};
const child = isScript
  ? spawn(node, [join(root, command), ...rest], { cwd: root, stdio: 'inherit', env })
  : spawn(join(bins, command), rest, { cwd: root, stdio: 'inherit', env });
child.on('error', (cause) => {
  console.error(cause.message);
  process.exit(1);
});
// The terminal sends Ctrl-C to the child as well: it ends by itself, and its end is ours.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
