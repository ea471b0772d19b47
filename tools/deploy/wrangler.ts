/** wrangler as the deployment uses it: each call says what it found or why it failed; nothing is asked of whoever runs it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));
const bin = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

export class DeployFault extends Error {}

interface Ran {
  readonly isGood: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs wrangler to its end, without standard input: it must never wait for an answer. */
function ran(args: readonly string[], env: Record<string, string> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...QUIET, ...env },
  });
  return { isGood: status === 0, out: stdout, err: `${stderr}\n${stdout}`.trim() };
}

const QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
  CI: 'true',
};

function demanded(what: string, args: readonly string[]): string {
  const { isGood, out, err } = ran(args);
  if (!isGood) throw new DeployFault(`${what} failed:\n${err}`);
  return out;
}

/** Who is logged in, and in which accounts; `undefined` for nobody. */
export function whoAmI(): readonly { readonly id: string; readonly name: string }[] | undefined {
  const { isGood, out } = ran(['whoami', '--json']);
  if (!isGood) return undefined;
  return (JSON.parse(out) as { accounts: { id: string; name: string }[] }).accounts;
}

/** Opens wrangler's own log-in in the browser. */
export function logIn(): boolean {
  return spawnSync(process.execPath, [bin, 'login'], { cwd: root, stdio: 'inherit' }).status === 0;
}

/** Buckets of another jurisdiction are others, whatever their names. */
const JURISDICTIONS = [undefined, 'eu'] as const;

/** Where the bucket is already: `default`, `eu`, or nowhere. */
export function findBucket(name: string): 'default' | 'eu' | undefined {
  for (const jurisdiction of JURISDICTIONS) {
    const where = jurisdiction === undefined ? [] : ['--jurisdiction', jurisdiction];
    const { isGood, err } = ran(['r2', 'bucket', 'info', name, '--json', ...where]);
    if (isGood) return jurisdiction ?? 'default';
    if (!/\[code: 10006\]|does not exist/.test(err))
      throw new DeployFault(`looking for bucket ${name} failed:\n${err}`);
  }
  return undefined;
}

/** `where` are wrangler's own flags for its place. */
export function createBucket(name: string, where: readonly string[]): void {
  demanded(`creating bucket ${name}`, ['r2', 'bucket', 'create', name, ...where]);
}

/** The namespace's id, and whether it had to be made. */
export function ensureNamespace(title: string): { readonly id: string; readonly isNew: boolean } {
  const find = () => {
    const listed = demanded('listing the namespaces', ['kv', 'namespace', 'list']);
    const namespaces = JSON.parse(listed) as { id: string; title: string }[];
    return namespaces.find((namespace) => namespace.title === title)?.id;
  };
  const known = find();
  if (known !== undefined) return { id: known, isNew: false };
  demanded(`creating namespace ${title}`, ['kv', 'namespace', 'create', title]);
  const made = find();
  if (made === undefined) throw new DeployFault(`namespace ${title} was created but is not listed; run this again`);
  return { id: made, isNew: true };
}

/** Names of the secrets that the Worker has; none while it does not exist. */
export function secretNames(worker: string): readonly string[] {
  const { isGood, out, err } = ran(['secret', 'list', '--name', worker, '--format', 'json']);
  if (isGood) return (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
  if (/\[code: 10007\]|If this is a new Worker/.test(err)) return [];
  throw new DeployFault(`listing the secrets failed:\n${err}`);
}

/** Uploads code, bindings, cron and `secretsFile` in one step; the URLs that answer then. */
export function upload(environment: string, config: string, secretsFile: string | undefined, more: readonly string[]) {
  const report = join(tmpdir(), `flatcar-edge-deploy-${process.pid}.ndjson`);
  rmSync(report, { force: true });
  const secrets = secretsFile === undefined ? [] : ['--secrets-file', secretsFile];
  const { isGood, err } = ran(['deploy', '--env', environment, '--config', config, ...secrets, ...more], {
    WRANGLER_OUTPUT_FILE_PATH: report,
  });
  if (!isGood) throw new DeployFault(`uploading failed:\n${err}`);
  const entries = readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; targets?: string[] });
  rmSync(report, { force: true });
  const targets = entries.find(({ type }) => type === 'deploy')?.targets ?? [];
  // A custom domain is named without a scheme; schedules and Workflows are named beside the URLs.
  return targets
    .filter((target) => !/^(schedule|workflow): /.test(target))
    .map((target) => (target.startsWith('https://') ? target : `https://${target.split(' ')[0]}`));
}
