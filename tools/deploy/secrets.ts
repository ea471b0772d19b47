/** Gathers the secrets of a deployment: from the environment, from the person at the terminal, or generated. */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { DeployFault } from './wrangler.ts';

const NEEDED = {
  OPERATOR_TOKEN: 'what operators sign in with',
  WEBHOOK_SECRET: 'what release webhooks are signed with',
  CAPABILITY_SECRET: "what machines' boot URLs are made with",
  STORAGE_KEY: 'what user data is encrypted under',
} as const;

type SecretName = keyof typeof NEEDED;

const MIN_BYTES = 32;

export interface Secrets {
  /** The secrets to upload. */
  readonly values: Readonly<Partial<Record<SecretName, string>>>;
  /** The names of the secrets that were generated here. They are shown once. */
  readonly made: readonly SecretName[];
}

interface SecretOptions {
  /** The names of the secrets that the Worker has already. They stay unless `replaces` names them. */
  readonly present: readonly string[];
  readonly generates: boolean;
  /** The names of existing secrets to replace. */
  readonly replaces: readonly string[];
  readonly isInteractive: boolean;
}

/** Returns 256 random bits in letters that need no quotes in a shell. */
const generated = (): string => randomBytes(32).toString('base64url');

/**
 * Returns the secrets that the Worker lacks or that must be replaced. Throws a `DeployFault` that names the missing
 * ones when there is neither a terminal nor `--generate-secrets`.
 */
export async function gatherSecrets({ present, generates, replaces, isInteractive }: SecretOptions): Promise<Secrets> {
  const values: Partial<Record<SecretName, string>> = {};
  const made: SecretName[] = [];
  const missing: SecretName[] = [];
  for (const name of Object.keys(NEEDED) as SecretName[]) {
    const fromEnvironment = process.env[name];
    const isWanted = !present.includes(name) || replaces.includes(name);
    if (!isWanted) continue;
    if (fromEnvironment !== undefined && fromEnvironment !== '') values[name] = checked(name, fromEnvironment);
    else missing.push(name);
  }
  for (const name of missing) {
    const value = isInteractive && !generates ? await askFor(name) : '';
    if (value === '' && !generates && !isInteractive)
      throw new DeployFault(
        `${missing.join(', ')} missing: set them in the environment, or let them be made with --generate-secrets`,
      );
    values[name] = value === '' ? generated() : checked(name, value);
    if (value === '') made.push(name);
  }
  return { values, made };
}

function checked(name: SecretName, value: string): string {
  const isLong = value.split(',').every((secret) => Buffer.byteLength(secret.trim()) >= MIN_BYTES);
  if (!isLong) throw new DeployFault(`${name}: each value must be at least ${MIN_BYTES} bytes long`);
  // The secrets of npm start are public, because the repository holds them.
  if (value.startsWith('local-')) throw new DeployFault(`${name}: this is the one of npm start, which everybody knows`);
  return value;
}

async function askFor(name: SecretName): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question(`${name} (${NEEDED[name]}); Enter makes one: `)).trim();
  } finally {
    lines.close();
  }
}
