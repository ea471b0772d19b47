/**
 * `npm run deploy [-- --env staging]` deploys a clone to a Cloudflare account. It creates the bucket, the namespace and
 * the secrets that are missing, uploads the code as two Workers with bindings and cron, and prints the URLs. It is safe to run
 * again, because it does not change a bucket, a namespace or a secret that exists.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONFIGS, mirrorWorker, writeConfigs } from './configs.ts';
import { gatherSecrets } from './secrets.ts';
import {
  createBucket,
  DeployFault,
  ensureNamespace,
  findBucket,
  logIn,
  secretNames,
  upload,
  whoAmI,
} from './wrangler.ts';

const USAGE = `usage: npm run deploy -- [--env production|staging] [--domain HOST] [--var NAME:VALUE …]
                         [--location HINT | --jurisdiction eu] [--generate-secrets] [--replace-secret NAME …]
                         [--force] [--yes]
Without a terminal: CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, and the secrets OPERATOR_TOKEN, WEBHOOK_SECRET,
CAPABILITY_SECRET and STORAGE_KEY in the environment (or --generate-secrets, which prints them).`;

const ENVIRONMENTS: Readonly<Record<string, { worker: string; bucket: string; namespace: string }>> = {
  production: { worker: 'flatcar-edge', bucket: 'flatcar-edge-releases', namespace: 'flatcar-edge-machines' },
  staging: {
    worker: 'flatcar-edge-staging',
    bucket: 'flatcar-edge-staging-releases',
    namespace: 'flatcar-edge-staging-machines',
  },
};
function readOptions() {
  const { values } = parseArgs({
    options: {
      env: { type: 'string', default: 'production' },
      domain: { type: 'string' },
      var: { type: 'string', multiple: true, default: [] },
      location: { type: 'string' },
      jurisdiction: { type: 'string' },
      'generate-secrets': { type: 'boolean', default: false },
      'replace-secret': { type: 'string', multiple: true, default: [] },
      force: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
  });
  const names = ENVIRONMENTS[values.env];
  if (names === undefined) throw new DeployFault(`--env ${values.env}: must be production or staging`);
  if (values.domain !== undefined && !/^[a-z0-9.-]+\.[a-z]{2,}$/.test(values.domain))
    throw new DeployFault(`--domain ${values.domain}: must be a host name`);
  return { ...values, ...names };
}

function chooseAccount(isInteractive: boolean): void {
  let accounts = whoAmI();
  if (accounts === undefined && isInteractive && logIn()) accounts = whoAmI();
  if (accounts === undefined)
    throw new DeployFault(
      'not logged in: set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, or run npx wrangler login',
    );
  const wantedId = process.env['CLOUDFLARE_ACCOUNT_ID'];
  if (wantedId === undefined && accounts.length !== 1) {
    const choices = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
    throw new DeployFault(`which account? Set CLOUDFLARE_ACCOUNT_ID to one of\n${choices}`);
  }
  const chosen = accounts.find(({ id }) => id === wantedId) ?? accounts[0];
  console.log(`account     ${chosen?.name ?? ''} (${wantedId ?? chosen?.id})`);
}

async function deploy(): Promise<void> {
  const options = readOptions();
  const isInteractive = process.stdin.isTTY === true && process.env['CI'] !== 'true' && !options.yes;
  chooseAccount(isInteractive);
  const present = secretNames(options.worker);
  const secrets = await gatherSecrets({
    present,
    generates: options['generate-secrets'],
    replaces: options['replace-secret'],
    isInteractive,
  });
  const jurisdiction = bucketOf(options);
  const namespace = ensureNamespace(options.namespace);
  console.log(`namespace   ${options.namespace} ${namespace.isNew ? 'created' : 'is there'}`);
  const uploaded = Object.keys(secrets.values);
  console.log(`secrets     ${uploaded.length === 0 ? 'are there' : `${uploaded.join(', ')} go along`}`);

  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-'));
  const secretsFile = join(folder, 'secrets.json');
  try {
    writeConfigs({ environment: options.env, worker: options.worker, namespace: namespace.id, jurisdiction });
    writeFileSync(secretsFile, JSON.stringify(secrets.values), { mode: 0o600 });
    const domain = options.domain === undefined ? [] : ['--domain', options.domain];
    const variables = options.var.flatMap((variable) => ['--var', variable]);
    // Firmware has no TLS: stock iPXE and GRUB fetch their scripts by plain HTTP.
    const publicUrl =
      options.domain === undefined
        ? []
        : ['--var', `PUBLIC_URL:https://${options.domain}`, '--var', `BOOT_URL:http://${options.domain}`];
    // A change that somebody made in the dashboard is overwritten only with --force.
    const strict = options.force ? [] : ['--strict'];
    const file = uploaded.length === 0 ? undefined : secretsFile;
    // The edge binds the Workflow of this one, so this one comes first. It needs no secret.
    upload(options.env, CONFIGS.mirror, undefined, [...strict, ...publicUrl, ...variables]);
    console.log(`worker      ${mirrorWorker(options.worker)} uploaded, for the Workflow`);
    // Print them before the upload, because it may store the secrets and then fail.
    for (const name of secrets.made) console.log(`${name}=${secrets.values[name]}`);
    if (secrets.made.length > 0) console.log('Keep these: they are not shown again.\n');
    const urls = upload(options.env, CONFIGS.edge, file, [...strict, ...domain, ...publicUrl, ...variables]);
    console.log(`worker      ${options.worker} uploaded, cron set\n`);
    for (const url of urls)
      console.log(`${url}\n${url}/console\n${url}/api/docs\n\nCheck it:  npm run probe -- ${url}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const config of Object.values(CONFIGS)) rmSync(config, { force: true });
  }
}

/** Finds or creates the bucket. Returns the jurisdiction that its binding must name, or `undefined` for the default. */
function bucketOf({ bucket, location, jurisdiction }: { bucket: string; location?: string; jurisdiction?: string }) {
  if (location !== undefined && jurisdiction !== undefined)
    throw new DeployFault('--location and --jurisdiction exclude each other');
  const existing = findBucket(bucket);
  if (existing !== undefined && jurisdiction !== undefined && existing !== jurisdiction)
    throw new DeployFault(`--jurisdiction ${jurisdiction}: ${bucket} is there already, in jurisdiction ${existing}`);
  if (existing === undefined) {
    const hint = location === undefined ? [] : ['--location', location];
    createBucket(bucket, jurisdiction === undefined ? hint : ['--jurisdiction', jurisdiction]);
  }
  console.log(`bucket      ${bucket} ${existing === undefined ? 'created' : 'is there'}`);
  return existing === undefined || existing === 'default' ? jurisdiction : existing;
}

// Ctrl-C also ends wrangler, which is in the same process group. This process goes on to delete its files.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

try {
  await deploy();
} catch (cause) {
  const isOurs = cause instanceof DeployFault;
  console.error(isOurs ? cause.message : cause);
  if (!isOurs || cause.message.startsWith('--')) console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
