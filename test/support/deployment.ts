/** `npm run deploy` as tests run it: the real tool and the real wrangler, an account that is played. */
import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ACCOUNT, type PlayedAccount } from './cloudflare-account.ts';
import { runClient } from './running-edge.ts';

const root = join(import.meta.dirname, '..', '..');

export const SECRETS = {
  OPERATOR_TOKEN: 'operator-token-of-at-least-32-bytes',
  WEBHOOK_SECRET: 'webhook-secret-of-at-least-32-bytes',
  CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
  STORAGE_KEY: 'storage-key-of-at-least-32-bytes-xx',
};

export interface Deployed {
  readonly code: number;
  /** All that it said. */
  readonly text: string;
}

/** Runs a command line in the project's folder, or in that of another version, to its end, with `account` for Cloudflare. */
export async function deploy(
  account: PlayedAccount,
  line: string,
  env: Record<string, string> = {},
  folder = root,
): Promise<Deployed> {
  const noSecrets = Object.fromEntries(Object.keys(SECRETS).map((name) => [name, '']));
  const { code, stdout, stderr } = await runClient('bash', ['-c', line], folder, {
    ...{ CLOUDFLARE_API_BASE_URL: account.url, CLOUDFLARE_API_TOKEN: 'token', CLOUDFLARE_ACCOUNT_ID: ACCOUNT },
    ...{ CI: 'true', PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
    ...noSecrets,
    ...env,
  });
  return { code, text: stdout + stderr };
}

/** Configurations of deployments that have ended: one that still runs, in another file of tests, has its own. */
export const leftBehind = (): string[] =>
  readdirSync(root).filter((name) => {
    const pid = /^wrangler\.deploy\.(\d+)\.(?:toml|mirror\.json)$/.exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  });

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
