/** The index of a pair's published releases, and releases.json, which is made from all indexes. No I/O, no clock. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { isUpdate, plainName, updateFile } from '../companions.ts';
import { compareVersions, isVersion, type Pair, type Version } from '../model.ts';
import { type Manifest, type PublicFile, publicFile, publicFileShape } from './manifest.ts';
import { momentField, versionField } from './stored-fields.ts';

const indexSchema = storedObject({
  releases: z.array(
    storedObject({
      version: versionField,
      publishedAt: momentField,
      files: z.record(z.string(), storedObject(publicFileShape)),
    }),
  ),
  /** Releases that left the index. Their objects stay for a day, for downloads that have begun before. */
  left: z.array(storedObject({ version: versionField, leftAt: momentField })).default([]),
});

export type ReleaseIndex = Readonly<z.output<typeof indexSchema>>;

export const EMPTY_INDEX: ReleaseIndex = { releases: [], left: [] };
export const EMPTY_PUBLIC_INDEX = { updatedAt: '1970-01-01T00:00:00.000Z', channels: {} };
const PUBLIC_RELEASES = 50;

/** Parses a stored index; a malformed one is an error. */
export const parseIndex = (text: string): Result<ReleaseIndex, Malformed> => parseStored(indexSchema, text);

/** Returns of each file what everybody may see: a later version may have stored more than that. */
const publicFiles = (files: Readonly<Record<string, PublicFile>>) =>
  Object.fromEntries(Object.entries(files).map(([name, file]) => [name, publicFile(file)]));

/** Returns the index with `manifest` in it, sorted newest first. It replaces an earlier entry of the same release. */
export function withRelease(index: ReleaseIndex, manifest: Manifest): ReleaseIndex {
  const { version: number, publishedAt } = manifest;
  const before = index.releases.find((release) => release.version === number);
  const files = Object.fromEntries(
    Object.entries(publicFiles(manifest.files)).map(([name, file]) => [name, { ...before?.files[name], ...file }]),
  );
  const others = index.releases.filter((release) => release.version !== number);
  const releases = [...others, { ...before, version: number, publishedAt, files }].sort((a, b) =>
    compareVersions(b.version, a.version),
  );
  return { ...index, releases, left: index.left.filter((gone) => gone.version !== number) };
}

/** Returns the index without `versions`. The sweep may delete their objects a day after `at` (ISO 8601). */
export function withoutReleases(index: ReleaseIndex, versions: readonly Version[], at: string): ReleaseIndex {
  const leaving = new Set<string>(versions);
  const left = [
    ...index.left.filter((gone) => !leaving.has(gone.version)),
    ...versions.map((number) => ({ version: number, leftAt: at })),
  ];
  return { ...index, releases: index.releases.filter((release) => !leaving.has(release.version)), left };
}

/** Returns the published versions older than the newest `keep` ones, without those that `isHeld`. */
export function pastRetention(index: ReleaseIndex, keep: number, isHeld: (version: Version) => boolean): Version[] {
  return index.releases
    .map(({ version: number }) => number)
    .slice(keep)
    .filter((number) => !isHeld(number));
}

const filesByName = z.record(z.string(), z.object(publicFileShape));
const publicRelease = z.object({
  publishedAt: momentField,
  files: filesByName,
  updates: filesByName.optional().meta({ description: 'its update payloads, which lie under /update/BOARD/VERSION/' }),
});
const byBoardAndVersion = z.record(z.string(), z.record(z.string(), publicRelease));

/** The content of `/releases.json`. */
export const publicIndexSchema = z
  .object({ updatedAt: momentField, channels: z.record(z.string(), byBoardAndVersion) })
  .meta({ id: 'PublicIndex', description: 'channel -> board -> version -> date and files' });

export type PublicIndex = Readonly<z.output<typeof publicIndexSchema>>;

/** Returns the content of `/releases.json`, with the newest 50 releases of each pair; `at` is its date (ISO 8601). */
export function publicIndex(pairs: readonly (Pair & { readonly index: ReleaseIndex })[], at: string): PublicIndex {
  const channels: PublicIndex['channels'] = {};
  for (const { channel, board, index } of pairs) {
    const newest = index.releases.slice(0, PUBLIC_RELEASES);
    if (newest.length === 0) continue;
    const boards = channels[channel] ?? {};
    channels[channel] = boards;
    boards[board] = Object.fromEntries(
      newest.map(({ version, publishedAt, files }) => [version, { publishedAt, ...apart(publicFiles(files)) }]),
    );
  }
  return { updatedAt: at, channels };
}

/** Returns the files of a release and its update payloads apart, these under the names that clients know. */
function apart(all: Readonly<Record<string, PublicFile>>) {
  const [files, payloads] = [false, true].map((ofUpdates) =>
    Object.entries(all).filter(([name]) => isUpdate(name) === ofUpdates),
  );
  const updates = payloads?.map(([name, file]) => [plainName(name), file] as const) ?? [];
  return {
    files: Object.fromEntries(files ?? []),
    ...(updates.length === 0 ? {} : { updates: Object.fromEntries(updates) }),
  };
}

/** Returns what releases.json tells of a pair, as an index of it. */
export function indexOf(index: PublicIndex | undefined, { channel, board }: Pair): ReleaseIndex {
  const told = Object.entries(index?.channels[channel]?.[board] ?? {});
  const releases = told.flatMap(([number, { updates = {}, files, ...release }]) => {
    const payloads = Object.fromEntries(Object.entries(updates).map(([name, file]) => [updateFile(name), file]));
    return isVersion(number) ? [{ version: number, ...release, files: { ...files, ...payloads } }] : [];
  });
  return { ...EMPTY_INDEX, releases };
}

/** Parses the stored releases.json; malformed content is an error. */
export const parsePublicIndex = (text: string): Result<PublicIndex, Malformed> => parseStored(publicIndexSchema, text);
