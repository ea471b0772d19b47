/** Calls wrangler for the deployment. Every call returns its result or throws a `DeployFault`; none asks a question. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));
const bin = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

export class DeployFault extends Error {}

interface Run {
  readonly isGood: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs wrangler to its end. It has no standard input, so that it cannot wait for an answer. */
function run(args: readonly string[], env: Record<string, string> = {}): Run {
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

/** Runs wrangler and returns its output. Throws a `DeployFault` when it fails. */
function outputOf(what: string, args: readonly string[]): string {
  const { isGood, out, err } = run(args);
  if (!isGood) throw new DeployFault(`${what} failed:\n${err}`);
  return out;
}

/** Returns the accounts of the user who is logged in; `undefined` when nobody is. */
export function whoAmI(): readonly { readonly id: string; readonly name: string }[] | undefined {
  const { isGood, out } = run(['whoami', '--json']);
  if (!isGood) return undefined;
  return (JSON.parse(out) as { accounts: { id: string; name: string }[] }).accounts;
}

/** Opens wrangler's own login in the browser. Returns whether it succeeded. */
export function logIn(): boolean {
  return spawnSync(process.execPath, [bin, 'login'], { cwd: root, stdio: 'inherit' }).status === 0;
}

/** A bucket is known by its jurisdiction and its name, so each jurisdiction must be searched. */
const JURISDICTIONS = [undefined, 'eu'] as const;

/** Returns the jurisdiction of a bucket (`default` or `eu`), or `undefined` when the bucket does not exist. */
export function findBucket(name: string): 'default' | 'eu' | undefined {
  for (const jurisdiction of JURISDICTIONS) {
    const where = jurisdiction === undefined ? [] : ['--jurisdiction', jurisdiction];
    const { isGood, err } = run(['r2', 'bucket', 'info', name, '--json', ...where]);
    if (isGood) return jurisdiction ?? 'default';
    if (!/\[code: 10006\]|does not exist/.test(err))
      throw new DeployFault(`looking for bucket ${name} failed:\n${err}`);
  }
  return undefined;
}

/** Creates a bucket. `where` are the flags of wrangler that choose its location. */
export function createBucket(name: string, where: readonly string[]): void {
  outputOf(`creating bucket ${name}`, ['r2', 'bucket', 'create', name, ...where]);
}

/** Returns the id of the KV namespace, and whether this call created it. */
export function ensureNamespace(title: string): { readonly id: string; readonly isNew: boolean } {
  const find = () => {
    const listed = outputOf('listing the namespaces', ['kv', 'namespace', 'list']);
    const namespaces = JSON.parse(listed) as { id: string; title: string }[];
    return namespaces.find((namespace) => namespace.title === title)?.id;
  };
  const existing = find();
  if (existing !== undefined) return { id: existing, isNew: false };
  outputOf(`creating namespace ${title}`, ['kv', 'namespace', 'create', title]);
  const created = find();
  if (created === undefined) throw new DeployFault(`namespace ${title} was created but is not listed; run this again`);
  return { id: created, isNew: true };
}

/** Returns the names of the secrets that the Worker has; the list is empty when the Worker does not exist. */
export function secretNames(worker: string): readonly string[] {
  const { isGood, out, err } = run(['secret', 'list', '--name', worker, '--format', 'json']);
  if (isGood) return (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
  if (/\[code: 10007\]|If this is a new Worker/.test(err)) return [];
  throw new DeployFault(`listing the secrets failed:\n${err}`);
}

/** Uploads the code, bindings, cron and `secretsFile` in one step. Returns the URLs of the Worker. */
export function upload(environment: string, config: string, secretsFile: string | undefined, more: readonly string[]) {
  const report = join(tmpdir(), `flatcar-edge-deploy-${process.pid}.ndjson`);
  rmSync(report, { force: true });
  const secrets = secretsFile === undefined ? [] : ['--secrets-file', secretsFile];
  const { isGood, err } = run(['deploy', '--env', environment, '--config', config, ...secrets, ...more], {
    WRANGLER_OUTPUT_FILE_PATH: report,
  });
  if (!isGood) throw new DeployFault(`uploading failed:\n${err}`);
  const entries = readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; targets?: string[] });
  rmSync(report, { force: true });
  const targets = entries.find(({ type }) => type === 'deploy')?.targets ?? [];
  // Wrangler lists a custom domain without its scheme, and schedules and Workflows in the same list.
  return targets
    .filter((target) => !/^(schedule|workflow): /.test(target))
    .map((target) => (target.startsWith('https://') ? target : `https://${target.split(' ')[0]}`));
}
