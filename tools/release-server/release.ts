/** Makes a release as Flatcar publishes it: every file with .sig, .DIGESTS, .DIGESTS.asc and .DIGESTS.sig. */
import { createCipheriv, createHash } from 'node:crypto';
import type { PrivateKey } from 'openpgp';
import { clearSign, detachSign, type HashName } from './signing-key.ts';

export interface ReleasePlan {
  readonly version: string;
  /** Name -> size in bytes of made-up content, or the content itself. version.txt comes by itself. */
  readonly files: Readonly<Record<string, number | string>>;
  readonly key: PrivateKey;
  readonly signedAt?: Date | undefined;
  readonly hash?: HashName | undefined;
  readonly buildId?: string | undefined;
  /** Replaces version.txt's text. */
  readonly versionTxt?: string | undefined;
  /** Leaves out the DIGESTS files, which cost two signatures each. */
  readonly bare?: boolean | undefined;
}

/** version.txt, line for line as build_image writes it. */
export function versionTxt(version: string, buildId = ''): string {
  const [build = '', branch = '', patch = ''] = version.split('.');
  return [
    `FLATCAR_BUILD=${build}`,
    `FLATCAR_BRANCH=${branch}`,
    `FLATCAR_PATCH=${patch}`,
    `FLATCAR_VERSION=${version}`,
    `FLATCAR_VERSION_ID=${version}`,
    `FLATCAR_BUILD_ID="${buildId}"`,
    `FLATCAR_SDK_VERSION=${build}.0.0`,
    '',
  ].join('\n');
}

/** `size` bytes that do not compress and are the same for the same seed. */
function madeUpBytes(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export async function makeRelease(plan: ReleasePlan): Promise<Map<string, Buffer>> {
  const made = new Map<string, Buffer>();
  const text = plan.versionTxt ?? versionTxt(plan.version, plan.buildId);
  const contents: Record<string, number | string> = { 'version.txt': text, ...plan.files };
  for (const [name, content] of Object.entries(contents)) {
    const bytes = typeof content === 'number' ? madeUpBytes(content, `${plan.version} ${name}`) : Buffer.from(content);
    made.set(name, bytes);
    made.set(`${name}.sig`, await detachSign(plan.key, bytes, plan.signedAt, plan.hash));
    if (plan.bare === true) continue;
    const digests = digestsOf(name, bytes);
    made.set(`${name}.DIGESTS`, Buffer.from(digests));
    made.set(`${name}.DIGESTS.asc`, await clearSign(plan.key, digests));
    made.set(`${name}.DIGESTS.sig`, await detachSign(plan.key, Buffer.from(digests), plan.signedAt, plan.hash));
  }
  return made;
}

function digestsOf(name: string, bytes: Buffer): string {
  const line = (algorithm: string) => `${createHash(algorithm).update(bytes).digest('hex')}  ${name}\n`;
  return `# MD5 HASH\n${line('md5')}# SHA1 HASH\n${line('sha1')}# SHA512 HASH\n${line('sha512')}`;
}
