/** Finds the release that a machine may update to. */
import { isUpdate, plainName, proofOf, updateFile } from '../releases/companions.ts';
import { compareVersions, isVersion, type Pair, type Version } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { isProved, isPublished, type ManifestFile } from '../releases/store/manifest.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Offer } from './omaha-answer.ts';

export interface OfferPorts {
  readonly store: Pick<ReleaseStore, 'manifest'>;
  /** Returns the release that a name means now, or `undefined` where it names none. */
  readonly releaseOf: (place: Pair & { readonly version: string }) => Promise<Result<Version | undefined, StoreFault>>;
}

export interface Running extends Pair {
  /** A number, or the name that the machine follows. */
  readonly follows: string;
  /** What it runs; without that, nothing is offered: it could be a step back. */
  readonly version: Version | undefined;
}

const IMAGE = updateFile('flatcar_production_update.gz');

/**
 * Returns what a machine may update to, or `null` where there is nothing: it runs that already or something higher, or this mirror has
 * no payload of it that was verified. `origin` is where clients reach this service.
 */
export async function offerFor(
  { store, releaseOf }: OfferPorts,
  { channel, board, follows, version }: Running,
  origin: string,
): Promise<Result<Offer | null, StoreFault>> {
  const target = isVersion(follows) ? ok(follows) : await releaseOf({ channel, board, version: follows });
  if (!target.ok) return target;
  if (target.value === undefined || version === undefined) return ok(null);
  if (compareVersions(target.value, version) <= 0) return ok(null);
  const manifest = await store.manifest({ channel, board, version: target.value });
  if (!manifest.ok) return manifest;
  if (manifest.value === undefined || !isPublished(manifest.value)) return ok(null);
  const { files } = manifest.value;
  const image = packageOf(IMAGE, files[IMAGE]);
  if (image === undefined) return ok(null);
  const extensions = Object.entries(files)
    .filter(([name, file]) => name !== IMAGE && isUpdate(name) && proofOf(name) === 'payload' && isProved(file))
    .flatMap(([name, file]) => packageOf(name, file) ?? [])
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const codebase = `${origin}/update/${board}/${target.value}/`;
  return ok({ version: target.value, codebase, image, extensions });
}

function packageOf(name: string, file: ManifestFile | undefined): Offer['image'] | undefined {
  if (file?.sha256 === undefined) return undefined;
  const { size, sha256, sha1 } = file;
  return { name: plainName(name), size, sha256, sha1 };
}
