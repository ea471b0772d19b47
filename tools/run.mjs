// Runs a command under the project's own Node, installing from the lockfile first when that is needed.
// Plain JavaScript: this is the one file that the machine's Node, whatever its age, has to understand.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeBin = join(root, 'node_modules', 'node', 'bin');
const bins = join(root, 'node_modules', '.bin');
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

/** How a signal reaches what runs now. */
let send = () => undefined;

async function install() {
  console.error('installing from the lockfile …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const isWindows = process.platform === 'win32';
  // A group of its own, so that it ends with all that it has started; what is half installed is removed by the next one.
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: !isWindows };
  const child = npm
    ? spawn(process.execPath, [npm, ...args], options)
    : spawn('npm', args, { ...options, shell: isWindows });
  let isTold = false;
  send = () => {
    isTold = true;
    try {
      process.kill(isWindows ? child.pid : -child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  const code = await new Promise((resolve) => child.on('error', resolve).on('exit', resolve));
  if (isTold) process.exit(130);
  if (code !== 0 || !existsSync(node)) {
    console.error('installing failed; try: npm ci');
    process.exit(1);
  }
}

const [command = '', ...rest] = process.argv.slice(2);
const isScript = /\.(ts|mjs)$/.test(command);
const env = {
  // Node keeps compiled code here: wrangler's nineteen megabytes are read at each of its starts, and TypeScript is stripped once.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
  ...process.env,
  PATH: [nodeBin, bins, process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: 'false',
};

async function run() {
  // The listeners come before anything is started, or a signal could fall between.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => send(signal));
  // An npm that was killed cannot tell us: then nobody waits for the command any more.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || send('SIGTERM'), 500).unref();

  if (!isInstalled()) await install();
  const [program, args] = isScript ? [node, [join(root, command), ...rest]] : [join(bins, command), rest];
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env });
  child.on('error', (cause) => {
    console.error(cause.message);
    process.exit(1);
  });
  // The terminal sends Ctrl-C to a foreign command as well, and a second one would make it leave in disorder.
  send = (signal) => {
    if (isScript || signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

// wrangler runs the build of the pages at every save, under the project's Node already: one process is enough for that.
if (isScript && existsSync(node) && process.execPath === realpathSync(node) && process.env.WRANGLER_COMMAND) {
  process.argv.splice(1, 2, join(root, command));
  await import(pathToFileURL(process.argv[1]));
} else {
  await run();
}
