/** `npm run deploy` with the real wrangler against a played account, again and again: each test goes on from the one before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlayedAccount, playAccount } from '../support/cloudflare-account.ts';
import { deploy, leftBehind, SECRETS } from '../support/deployment.ts';

const TOOL = 'node tools/deploy/deploy.ts';
/** As the README has it. */
const EXAMPLE = 'npm run deploy -- --generate-secrets';
const NAMES = Object.keys(SECRETS);

let account: PlayedAccount;
beforeAll(async () => {
  account = await playAccount();
});
afterAll(() => account.close());

const bindingOf = (name: string) => account.uploads.at(-1)?.bindings.find((binding) => binding.name === name);

describe('npm run deploy', { timeout: 300_000 }, () => {
  it('names the secrets that are missing, and changes nothing', async () => {
    const { code, text } = await deploy(account, TOOL);
    expect([code, text]).toEqual([1, expect.stringContaining(`${NAMES.join(', ')} missing`)]);
    expect([account.buckets.size, account.namespaces.size, account.uploads.length]).toEqual([0, 0, 0]);
  });

  it('shows what it made even when the upload then fails, and leaves no secret behind', async () => {
    account.failing = 'schedules';
    const { code, text } = await deploy(account, EXAMPLE);
    expect(code).toBe(1);
    expect(text).toContain('bucket      flatcar-edge-releases created');
    expect(text).toContain('namespace   flatcar-edge-machines created');
    for (const name of NAMES) expect(text).toMatch(new RegExp(`^${name}=[\\w-]{43}$`, 'm'));
    expect([...account.secrets].sort()).toEqual(NAMES.toSorted());
    expect(account.schedules).toEqual([]);
    expect(leftBehind()).toEqual([]);
  });

  it('is safe to run again: it goes on, nothing is made twice, no secret is replaced', async () => {
    account.failing = undefined;
    const { code, text } = await deploy(account, EXAMPLE);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge.acme.workers.dev/console')]);
    expect(text).toContain('secrets     are there');
    expect(text).toContain('bucket      flatcar-edge-releases is there');
    expect([account.buckets.size, account.namespaces.size, account.uploads.length]).toEqual([1, 1, 4]);
    expect(account.uploads.slice(2).map(({ secrets }) => secrets)).toEqual([[], []]);
    expect(account.schedules).toEqual(['*/15 * * * *', '* * * * *']);
    expect(bindingOf('PUBLIC_URL')).toBeUndefined();
  });

  it('replaces a secret that is there only when told to; a domain of its own becomes PUBLIC_URL', async () => {
    const other = {
      OPERATOR_TOKEN: `another-${SECRETS.OPERATOR_TOKEN}`,
      STORAGE_KEY: `another-${SECRETS.STORAGE_KEY}`,
    };
    const { code, text } = await deploy(
      account,
      `${TOOL} --replace-secret OPERATOR_TOKEN --domain edge.example.org`,
      other,
    );
    expect([code, text]).toEqual([0, expect.stringContaining('https://edge.example.org/console')]);
    expect(account.uploads.slice(4).map(({ secrets }) => secrets)).toEqual([[], ['OPERATOR_TOKEN']]);
    expect(bindingOf('PUBLIC_URL')).toMatchObject({ text: 'https://edge.example.org' });
  });
});
