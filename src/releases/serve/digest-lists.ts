/**
 * The files that are made of a manifest when somebody asks: SHA256SUMS, SHA512SUMS, and the digest of a single file. Their lines are
 * those of `sha256sum` and `sha512sum`, which check them with `-c`. No I/O.
 */
import { DIGEST_LISTS, isUpdate, plainName, updateFile } from '../companions.ts';
import type { Manifest } from '../store/manifest.ts';

type Digest = (typeof DIGEST_LISTS)[keyof typeof DIGEST_LISTS];

/** Returns the text of the file `name` of a release, or `undefined` when the manifest cannot tell it. */
export function madeText({ files }: Pick<Manifest, 'files'>, name: string): string | undefined {
  const list = plainName(name);
  if (list === 'SHA256SUMS' || list === 'SHA512SUMS') return digestList(files, DIGEST_LISTS[list], isUpdate(name));
  for (const digest of ['sha256', 'sha512'] as const) {
    const file = name.endsWith(`.${digest}`) ? name.slice(0, -digest.length - 1) : '';
    const entry = Object.hasOwn(files, file) ? files[file] : undefined;
    if (entry?.[digest] !== undefined) return line(entry[digest], file);
  }
  return undefined;
}

/** When the last file came into a manifest: the date of what is made of it (ISO 8601). The official mirror script goes by dates. */
export const lastChange = ({ files, publishedAt }: Pick<Manifest, 'files' | 'publishedAt'>): string =>
  Object.values(files)
    .map(({ addedAt }) => addedAt ?? publishedAt)
    .toSorted()
    .at(-1) ?? publishedAt;

/** The names of the lists that a directory has, for its listing. A release of an earlier version has no SHA-256. */
export const listsOf = (manifest: Pick<Manifest, 'files'>, ofUpdates: boolean): string[] =>
  Object.keys(DIGEST_LISTS).filter((name) => madeText(manifest, ofUpdates ? updateFile(name) : name) !== undefined);

function digestList(files: Manifest['files'], digest: Digest, ofUpdates: boolean): string | undefined {
  const lines = Object.entries(files)
    .filter(([name]) => isUpdate(name) === ofUpdates)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, entry]) => (entry[digest] === undefined ? [] : [line(entry[digest], name)]));
  return lines.length === 0 ? undefined : lines.join('');
}

const line = (digest: string, file: string): string => `${digest}  ${plainName(file)}\n`;
