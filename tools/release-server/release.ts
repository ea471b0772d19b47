/** Makes a release as Flatcar publishes it: each file has .sig, .DIGESTS, .DIGESTS.asc and .DIGESTS.sig. */
import { createCipheriv, createHash } from 'node:crypto';
import type { PrivateKey } from 'openpgp';
import { clearSign, detachSign, type HashName } from './signing-key.ts';

export interface ReleasePlan {
  readonly version: string;
  /** For each name, the content, or the number of bytes to invent. version.txt is added to them. */
  readonly files: Readonly<Record<string, number | string | Uint8Array>>;
  readonly key: PrivateKey;
  readonly signedAt?: Date | undefined;
  readonly hash?: HashName | undefined;
  readonly buildId?: string | undefined;
  /** The text of version.txt, instead of the usual one. */
  readonly versionTxt?: string | undefined;
  /** When true, there are no DIGESTS files, because each of them needs two signatures, which take time. */
  readonly bare?: boolean | undefined;
}

/** Returns the text of version.txt, with the lines that Flatcar's build_image writes. */
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

/** Returns `size` bytes that do not compress. The same seed gives the same bytes. */
function madeUpBytes(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

function contentOf(content: number | string | Uint8Array, seed: string): Buffer {
  if (typeof content === 'number') return madeUpBytes(content, seed);
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

/** Returns the bytes of all files of a release by their names. */
export async function makeRelease(plan: ReleasePlan): Promise<Map<string, Buffer>> {
  const releaseFiles = new Map<string, Buffer>();
  const text = plan.versionTxt ?? versionTxt(plan.version, plan.buildId);
  const contents: Record<string, number | string | Uint8Array> = { 'version.txt': text, ...plan.files };
  for (const [name, content] of Object.entries(contents)) {
    const bytes = contentOf(content, `${plan.version} ${name}`);
    releaseFiles.set(name, bytes);
    releaseFiles.set(`${name}.sig`, await detachSign(plan.key, bytes, plan.signedAt, plan.hash));
    if (plan.bare === true) continue;
    const digests = digestsOf(name, bytes);
    releaseFiles.set(`${name}.DIGESTS`, Buffer.from(digests));
    releaseFiles.set(`${name}.DIGESTS.asc`, await clearSign(plan.key, digests));
    releaseFiles.set(`${name}.DIGESTS.sig`, await detachSign(plan.key, Buffer.from(digests), plan.signedAt, plan.hash));
  }
  return releaseFiles;
}

function digestsOf(name: string, bytes: Buffer): string {
  const line = (algorithm: string) => `${createHash(algorithm).update(bytes).digest('hex')}  ${name}\n`;
  return `# MD5 HASH\n${line('md5')}# SHA1 HASH\n${line('sha1')}# SHA512 HASH\n${line('sha512')}`;
}
