/** `npm run deploy` with the real wrangler against a played account: what is missing is made, once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT, type PlayedAccount, playAccount } from '../support/cloudflare-account.ts';
import { runClient } from '../support/running-edge.ts';

const root = join(import.meta.dirname, '..', '..');
const SECRETS = {
  OPERATOR_TOKEN: 'operator-token-of-at-least-32-bytes',
  WEBHOOK_SECRET: 'webhook-secret-of-at-least-32-bytes',
  CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
  STORAGE_KEY: 'storage-key-of-at-least-32-bytes-xx',
};

let account: PlayedAccount;
beforeEach(async () => {
  account = await playAccount();
});
afterEach(() => account.close());

const deploy = async (args: string[], env: Record<string, string> = {}) => {
  const { code, stdout, stderr } = await runClient(
    process.execPath,
    [join(root, 'tools', 'deploy', 'deploy.ts'), ...args],
    root,
    {
      ...{
        CLOUDFLARE_API_BASE_URL: account.url,
        CLOUDFLARE_API_TOKEN: 'token',
        CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
        CI: 'true',
      },
      ...Object.fromEntries(Object.keys(SECRETS).map((name) => [name, ''])),
      ...env,
    },
  );
  expect(existsSync(join(root, 'wrangler.deploy.toml'))).toBe(false);
  return { code, text: stdout + stderr };
};
const bindingOf = (name: string) => account.uploads.at(-1)?.bindings.find((binding) => binding.name === name);

describe('npm run deploy', () => {
  it('makes bucket, namespace, secrets and cron, and prints the URLs', async () => {
    const { code, text } = await deploy([], SECRETS);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge.acme.workers.dev/console')]);
    expect(text).toContain('bucket      flatcar-edge-releases created');
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
    expect([...account.buckets]).toEqual(['flatcar-edge-releases']);
    const id = account.namespaces.get('flatcar-edge-machines');
    expect(bindingOf('MACHINES')).toMatchObject({ type: 'kv_namespace', namespace_id: id });
    expect(bindingOf('RELEASES')).toMatchObject({ type: 'r2_bucket', bucket_name: 'flatcar-edge-releases' });
    expect(bindingOf('METRICS')).toMatchObject({ type: 'analytics_engine' });
    expect(account.workflows.get('mirror-release')).toBe('flatcar-edge');
    expect([...account.secrets].sort()).toEqual(Object.keys(SECRETS).sort());
    expect(account.schedules).toEqual(['*/15 * * * *']);
  });

  it('is safe to run again: nothing is made twice, no secret is replaced', async () => {
    await deploy([], SECRETS);
    const { code, text } = await deploy([]);
    expect([code, text]).toEqual([0, expect.stringContaining('secrets     are there')]);
    expect(text).toContain('bucket      flatcar-edge-releases is there');
    expect([account.buckets.size, account.namespaces.size, account.uploads.length]).toEqual([1, 1, 2]);
    expect(account.uploads[1]?.secrets).toEqual([]);
  });

  it('shows what it made even when the upload then fails, and leaves no secret behind', async () => {
    account.failing = 'schedules';
    const { code, text } = await deploy(['--generate-secrets']);
    expect(code).toBe(1);
    for (const name of account.secrets) expect(text).toMatch(new RegExp(`^${name}=[\\w-]{43}$`, 'm'));
    expect(account.secrets.size).toBe(4);
  });

  it('replaces a secret that is there only when told to, and never by the one of npm start', async () => {
    await deploy([], SECRETS);
    await deploy([], { OPERATOR_TOKEN: 'another-operator-token-of-32-bytes-xx' });
    expect(account.uploads[1]?.secrets).toEqual([]);
    const replacing = ['--replace-secret', 'OPERATOR_TOKEN'];
    await deploy(replacing, { OPERATOR_TOKEN: 'another-operator-token-of-32-bytes-xx' });
    expect(account.uploads[2]?.secrets).toEqual(['OPERATOR_TOKEN']);
    const { code, text } = await deploy(replacing, { OPERATOR_TOKEN: 'local-operator-token-for-npm-start' });
    expect([code, text]).toEqual([1, expect.stringContaining('the one of npm start')]);
  });

  it('staging is apart: its own Worker, bucket, namespace and Workflow', async () => {
    const { code, text } = await deploy(['--env', 'staging', '--generate-secrets', '--var', 'MIRROR:beta/amd64-usr']);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge-staging.acme.workers.dev')]);
    expect([...account.buckets]).toEqual(['flatcar-edge-staging-releases']);
    expect([...account.namespaces.keys()]).toEqual(['flatcar-edge-staging-machines']);
    expect([...account.workflows]).toEqual([['mirror-release-staging', 'flatcar-edge-staging']]);
    expect(bindingOf('MIRROR')).toMatchObject({ text: 'beta/amd64-usr' });
    for (const name of Object.keys(SECRETS)) expect(text).toMatch(new RegExp(`^${name}=[\\w-]{43}$`, 'm'));
  });

  it('a domain of its own becomes PUBLIC_URL', async () => {
    const { code, text } = await deploy(['--domain', 'edge.example.org'], SECRETS);
    expect([code, text]).toEqual([0, expect.stringContaining('https://edge.example.org/console')]);
    expect(bindingOf('PUBLIC_URL')).toMatchObject({ text: 'https://edge.example.org' });
  });

  it.each([
    [
      'names the secrets that are missing',
      [],
      {},
      /OPERATOR_TOKEN, WEBHOOK_SECRET, CAPABILITY_SECRET, STORAGE_KEY missing/,
    ],
    [
      'refuses a short secret',
      [],
      { ...SECRETS, STORAGE_KEY: 'short' },
      /STORAGE_KEY: each value must be at least 32 bytes/,
    ],
    ['refuses an unknown environment', ['--env', 'test'], SECRETS, /--env test: must be production or staging/],
    ['refuses a domain that is none', ['--domain', 'https://x'], SECRETS, /--domain https:\/\/x: must be a host name/],
  ])('%s, and changes nothing', async (_what, args, env, message) => {
    const { code, text } = await deploy(args, env);
    expect([code, text]).toEqual([1, expect.stringMatching(message)]);
    expect([account.uploads.length, account.buckets.size, account.namespaces.size]).toEqual([0, 0, 0]);
  });
});
