/** What is published: one index a pair, and the public releases.json made of all of them. No I/O, no clock. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { compareVersions, type Pair, type Version } from '../model.ts';
import { type Manifest, publicFile, publicFileShape } from './manifest.ts';
import { momentField, versionField } from './stored-fields.ts';

const indexSchema = storedObject({
  releases: z.array(
    storedObject({
      version: versionField,
      publishedAt: momentField,
      files: z.record(z.string(), storedObject(publicFileShape)),
    }),
  ),
  /** Releases that are out but whose objects still lie there for readers that began before. */
  left: z.array(storedObject({ version: versionField, leftAt: momentField })).default([]),
});

export type ReleaseIndex = Readonly<z.output<typeof indexSchema>>;

export const EMPTY_INDEX: ReleaseIndex = { releases: [], left: [] };
const PUBLIC_RELEASES = 50;

/** A stored index; anything else in its place is an error, never an empty one. */
export const parseIndex = (text: string): Result<ReleaseIndex, Malformed> => parseStored(indexSchema, text);

/** The index with `manifest` in it, newest first, in place of an earlier entry of that release. */
export function withRelease(index: ReleaseIndex, manifest: Manifest): ReleaseIndex {
  const { version: number, publishedAt } = manifest;
  const files = Object.fromEntries(Object.entries(manifest.files).map(([name, file]) => [name, publicFile(file)]));
  const others = index.releases.filter((release) => release.version !== number);
  const releases = [...others, { version: number, publishedAt, files }].sort((a, b) =>
    compareVersions(b.version, a.version),
  );
  return { ...index, releases, left: index.left.filter((gone) => gone.version !== number) };
}

/** The index without `versions`; their objects may go a day after `at`. */
export function withoutReleases(index: ReleaseIndex, versions: readonly Version[], at: string): ReleaseIndex {
  const leaving = new Set<string>(versions);
  const left = [
    ...index.left.filter((gone) => !leaving.has(gone.version)),
    ...versions.map((number) => ({ version: number, leftAt: at })),
  ];
  return { ...index, releases: index.releases.filter((release) => !leaving.has(release.version)), left };
}

/** Published versions past the newest `keep`, but for those in `held`. */
export function pastRetention(index: ReleaseIndex, keep: number, held: ReadonlySet<string>): Version[] {
  return index.releases
    .map(({ version: number }) => number)
    .slice(keep)
    .filter((number) => !held.has(number));
}

/** The highest published version that `fits`, or `null`. */
export function highest(index: ReleaseIndex, fits: (version: Version) => boolean): Version | null {
  return (
    index.releases
      .map((release) => release.version)
      .filter(fits)
      .sort((a, b) => compareVersions(b, a))[0] ?? null
  );
}

const publicRelease = z.object({ publishedAt: momentField, files: z.record(z.string(), z.object(publicFileShape)) });
const byBoardAndVersion = z.record(z.string(), z.record(z.string(), publicRelease));

/** `/releases.json`. */
export const publicIndexSchema = z
  .object({ updatedAt: momentField, channels: z.record(z.string(), byBoardAndVersion) })
  .meta({ id: 'PublicIndex', description: 'channel -> board -> version -> date and files' });

export type PublicIndex = Readonly<z.output<typeof publicIndexSchema>>;

/** What `/releases.json` says: channel -> board -> version -> date and files; the newest 50 releases of a pair. */
export function publicIndex(pairs: readonly (Pair & { readonly index: ReleaseIndex })[], at: string): PublicIndex {
  const channels: PublicIndex['channels'] = {};
  for (const { channel, board, index } of pairs) {
    const newest = index.releases.slice(0, PUBLIC_RELEASES);
    if (newest.length === 0) continue;
    const boards = channels[channel] ?? {};
    channels[channel] = boards;
    boards[board] = Object.fromEntries(
      newest.map(({ version, publishedAt, files }) => [version, { publishedAt, files }]),
    );
  }
  return { updatedAt: at, channels };
}

/** releases.json as stored; anything else in its place is an error. */
export const parsePublicIndex = (text: string): Result<PublicIndex, Malformed> => parseStored(publicIndexSchema, text);
