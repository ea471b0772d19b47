/** The secrets of a deployment: from the environment, from whoever sits there, or made on the spot. */
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
  /** What is to be uploaded. */
  readonly values: Readonly<Partial<Record<SecretName, string>>>;
  /** Those that were made here: they are shown once. */
  readonly made: readonly SecretName[];
}

interface SecretOptions {
  /** What the Worker has already: it is never asked for again, and replaced only where that is asked for. */
  readonly present: readonly string[];
  readonly generates: boolean;
  /** Names of secrets that are there and are to be replaced by what the environment holds. */
  readonly replaces: readonly string[];
  readonly isInteractive: boolean;
}

/** 256 bits, in letters that survive every shell. */
const generated = (): string => randomBytes(32).toString('base64url');

/** Gathers what is missing; without a person and without `--generate-secrets` a missing one is an error that names it. */
export async function gatherSecrets({ present, generates, replaces, isInteractive }: SecretOptions): Promise<Secrets> {
  const values: Partial<Record<SecretName, string>> = {};
  const made: SecretName[] = [];
  const missing: SecretName[] = [];
  for (const name of Object.keys(NEEDED) as SecretName[]) {
    const given = process.env[name];
    const isWanted = !present.includes(name) || replaces.includes(name);
    if (!isWanted) continue;
    if (given !== undefined && given !== '') values[name] = checked(name, given);
    else missing.push(name);
  }
  for (const name of missing) {
    const value = isInteractive && !generates ? await asked(name) : '';
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
  const isLong = value.split(',').every((part) => Buffer.byteLength(part.trim()) >= MIN_BYTES);
  if (!isLong) throw new DeployFault(`${name}: each value must be at least ${MIN_BYTES} bytes long`);
  // npm start prints it, and so does the repository.
  if (value.startsWith('local-')) throw new DeployFault(`${name}: this is the one of npm start, which everybody knows`);
  return value;
}

async function asked(name: SecretName): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question(`${name} (${NEEDED[name]}); Enter makes one: `)).trim();
  } finally {
    lines.close();
  }
}
