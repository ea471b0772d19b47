/** Adds files that were made of others to a published release, and tells of them. */
import type { Pair } from '../../releases/model.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { isPublished, isWithdrawn, type Manifest, type ManifestFile } from '../../releases/store/manifest.ts';
import type { HappenedEvent } from '../../shared/announcement.ts';
import { update } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Release } from '../store/bucket.ts';
import { releasePublished } from '../told/events.ts';

interface Ports {
  readonly platform: Platform;
  readonly releases: ReleaseStore;
  /** What shows a release in the lists; `mirror/publish` implements it. */
  readonly publisher: {
    list(pair: Pair, manifest: Manifest): Promise<Result<undefined, StoreFault>>;
    unlist(release: Release): Promise<Result<undefined, StoreFault>>;
    tell(event: HappenedEvent | undefined): Promise<Result<undefined, StoreFault>>;
  };
}

/** Files, and the file that they were made of. */
export interface MadeFiles {
  readonly entries: Readonly<Record<string, ManifestFile>>;
  readonly of: { readonly name: string; readonly sha512: string };
}

/**
 * Adds files to a release, which moves no alias. Returns false, and adds nothing, where the release is not published any more or what
 * they were made of has gone from it. Without `made` it sees to it that the lists hold all of its files, and tells of them again: a
 * run may have died between the manifest and the lists.
 */
export async function addFiles(
  { platform, releases, publisher }: Ports,
  release: Release,
  made?: MadeFiles,
): Promise<Result<boolean, StoreFault>> {
  let isThere = false;
  const manifest = await update(platform, releases.manifestDocument(release), (current) => {
    isThere = current !== undefined && isPublished(current) && holds(current.files, made?.of);
    if (current === undefined || !isThere || made === undefined) return undefined;
    const addedAt = new Date(platform.now()).toISOString();
    const added = Object.entries(made.entries).map(([name, entry]) => [name, { ...entry, addedAt }] as const);
    // A published entry never changes, since clients may be downloading its object.
    return { ...current, files: { ...Object.fromEntries(added), ...current.files } };
  });
  if (!manifest.ok) return manifest;
  if (!isThere || manifest.value === undefined) return ok(false);
  const listed = await publisher.list(release, manifest.value);
  if (!listed.ok) return listed;
  const told = await publisher.tell(releasePublished(manifest.value));
  if (!told.ok) return told;
  // A withdrawal between the two writes has cleaned lists that did not hold the files yet. So look again.
  const after = await releases.manifestDocument(release).read();
  if (!after.ok) return after;
  if (after.value === undefined || !isWithdrawn(after.value.value)) return ok(true);
  const unlisted = await publisher.unlist(release);
  return unlisted.ok ? ok(false) : unlisted;
}

const holds = (files: Readonly<Record<string, ManifestFile>>, of: MadeFiles['of'] | undefined): boolean =>
  of === undefined || (Object.hasOwn(files, of.name) && files[of.name]?.sha512 === of.sha512);
