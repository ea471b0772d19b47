/**
 * `npm run dev [-- FLAGS]`: the Worker in front of the real Flatcar hosts, with any flags of `wrangler dev`; PORT=N for another port. Where
 * nobody has given it secrets (.dev.vars), it makes a token and a capability secret, and keeps them in .wrangler/dev-secrets.json.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ProcessGroup, startGroup, whenTold } from './process-group.ts';
import { QUIET, READABLE, WRANGLER } from './wrangler-dev.ts';

interface Secrets {
  readonly OPERATOR_TOKEN: string;
  readonly CAPABILITY_SECRET: string;
}

const root = dirname(import.meta.dirname);
const flags = process.argv.slice(2);

/** The same ones at every start, so that what machines were given goes on. */
function keptSecrets(): Secrets {
  const file = join(root, '.wrangler', 'dev-secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const made = () => randomBytes(24).toString('base64url');
  const secrets = { OPERATOR_TOKEN: made(), CAPABILITY_SECRET: made() };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

/** Returns flags for the secrets that neither a file nor a flag gives. */
function secretFlags(port: string): string[] {
  if (existsSync(join(root, '.dev.vars')) || flags.some((flag) => flag.includes('OPERATOR_TOKEN:'))) return [];
  const secrets = keptSecrets();
  console.log(`console: http://127.0.0.1:${port}/console`);
  console.log(`token: ${secrets.OPERATOR_TOKEN}`);
  console.log('It asks the real Flatcar hosts for releases, and keeps what it stores on this machine.\n');
  return Object.entries(secrets).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
}

let group: ProcessGroup | undefined;
let isTold = false;
whenTold(() => {
  isTold = true;
  void group?.end();
});

const { PORT } = process.env;
const port = PORT === undefined ? [] : ['--port', PORT];
group = startGroup(WRANGLER, ['dev', ...READABLE.args, ...port, ...secretFlags(PORT ?? '8787'), ...flags], {
  cwd: root,
  stdio: 'inherit',
  env: { ...QUIET, ...READABLE.env },
});
const code = await group.ended;
process.exit(isTold ? 0 : (code ?? 1));
