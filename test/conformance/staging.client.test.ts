/** `npm run deploy -- --env staging` with the real wrangler, into an empty account; and what no deployment takes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlayedAccount, playAccount } from '../support/cloudflare-account.ts';
import { deploy, leftBehind, SECRETS } from '../support/deployment.ts';

const TOOL = 'node tools/deploy/deploy.ts';

let account: PlayedAccount;
beforeAll(async () => {
  account = await playAccount();
});
afterAll(() => account.close());

const bindingOf = (name: string) => account.uploads.at(-1)?.bindings.find((binding) => binding.name === name);

describe('npm run deploy -- --env staging', { timeout: 300_000 }, () => {
  it.each([
    ['an unknown environment', '--env test', '--env test: must be production or staging'],
    ['a domain that is none', '--domain https://x', '--domain https://x: must be a host name'],
  ])('refuses %s, and changes nothing', async (_what, args, message) => {
    const { code, text } = await deploy(account, `${TOOL} ${args}`, SECRETS);
    expect([code, text]).toEqual([1, expect.stringContaining(message)]);
    expect([account.buckets.size, account.uploads.length]).toEqual([0, 0]);
  });

  it('makes bucket, namespace, Workflow, secrets and cron of its own, and prints the URLs', async () => {
    const { code, text } = await deploy(account, `${TOOL} --env staging --var MIRROR:beta/amd64-usr`, SECRETS);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge-staging.acme.workers.dev/console')]);
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
    expect([...account.buckets]).toEqual(['flatcar-edge-staging-releases']);
    expect([...account.namespaces.keys()]).toEqual(['flatcar-edge-staging-machines']);
    const id = account.namespaces.get('flatcar-edge-staging-machines');
    expect(bindingOf('MACHINES')).toMatchObject({ type: 'kv_namespace', namespace_id: id });
    expect(bindingOf('RELEASES')).toMatchObject({ type: 'r2_bucket', bucket_name: 'flatcar-edge-staging-releases' });
    expect(bindingOf('MIRROR')).toMatchObject({ text: 'beta/amd64-usr' });
    expect([...account.workflows].sort()).toEqual([
      ['flatcar-edge-staging-change-profile', 'flatcar-edge-staging'],
      ['flatcar-edge-staging-deliver-announcements', 'flatcar-edge-staging'],
      ['flatcar-edge-staging-look-at-release', 'flatcar-edge-staging'],
      ['flatcar-edge-staging-mirror', 'flatcar-edge-staging-mirror'],
    ]);
    expect([...account.secrets].sort()).toEqual(Object.keys(SECRETS).sort());
    expect(account.schedules).toEqual(['*/15 * * * *', '* * * * *']);
    expect(leftBehind()).toEqual([]);
  });

  it('gives the large limit of CPU time to the Worker of the Workflow alone, which has the same bindings and no secret', () => {
    const [mirror, edge] = account.uploads;
    expect([mirror?.worker, mirror?.limits, mirror?.secrets]).toEqual([
      'flatcar-edge-staging-mirror',
      { cpu_ms: 300_000 },
      [],
    ]);
    expect([edge?.worker, edge?.limits]).toEqual(['flatcar-edge-staging', undefined]);
    expect(bindingOf('ASSETS')).toMatchObject({ type: 'assets' });
    const shared = (bindings: readonly { readonly type: string }[] = []) =>
      bindings.filter(({ type }) => !['workflow', 'secret_text', 'assets'].includes(type));
    expect(shared(mirror?.bindings)).toEqual(shared(edge?.bindings));
    expect(bindingOf('MIRROR_RELEASE')).toMatchObject({ script_name: 'flatcar-edge-staging-mirror' });
  });
});
