/** Files that publish has put into a manifest, served from R2 as verified. */
import { toBase64 } from '../../shared/bytes.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import { type Delivery, decideDelivery, type FileFacts, type Presentation } from '../delivery.ts';
import { contentTypeOf, type Pair, type ReleaseFile, type Version } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { Manifest, ManifestFile } from '../store/manifest.ts';
import { type OpenFile, openFromStore } from './cached-files.ts';

export interface MirroredAnswer {
  readonly delivery: Delivery;
  readonly body?: ReadableStream<Uint8Array>;
  /** What the cache in front of the store did. */
  readonly cache?: string;
}

export type MirroredFault =
  | StoreFault
  /** The operator took the release back: its paths are unknown. */
  | { readonly reason: 'quarantined' };

const MANIFEST_HELD_MS = 60_000;

/** Serves from manifests, each held for a minute. */
export class MirroredFiles {
  readonly #manifests: TtlCache<Manifest>;

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
    private readonly open: OpenFile = openFromStore(store),
  ) {
    this.#manifests = new TtlCache(platform.now, MANIFEST_HELD_MS, 200);
  }

  /** The answer from R2, or `undefined` when no manifest names the file or its object is gone. */
  async answer(
    request: Request,
    file: ReleaseFile,
    location: string | undefined,
  ): Promise<Result<MirroredAnswer | undefined, MirroredFault>> {
    const manifest = await this.manifest(file);
    if (!manifest.ok || manifest.value === undefined) return manifest.ok ? ok(undefined) : manifest;
    const { files } = manifest.value;
    const entry = Object.hasOwn(files, file.file) ? files[file.file] : undefined;
    if (entry === undefined) return ok(undefined);
    const delivery = decideDelivery(
      request,
      factsOf(entry),
      presentationOf(entry, file, location),
      this.platform.now(),
    );
    const hasBody = delivery.kind === 'whole' || delivery.kind === 'part';
    if (!hasBody || request.method === 'HEAD') return ok({ delivery });
    const range = delivery.kind === 'part' ? { start: delivery.start, end: delivery.end } : undefined;
    const opened = await this.open(entry, range);
    if (!opened.ok) return opened;
    return ok(opened.value && { delivery, body: opened.value.stream, cache: opened.value.cache });
  }

  /**
   * The manifest that may be served from. A quarantined release is absent altogether; of a distrusted one nothing is
   * served as verified, so it counts as not mirrored.
   */
  async manifest(release: Pair & { readonly version: Version }): Promise<Result<Manifest | undefined, MirroredFault>> {
    const { channel, board, version } = release;
    const key = `${channel}/${board}/${version}`;
    let manifest = this.#manifests.get(key);
    if (manifest === undefined) {
      const read = await this.store.manifest(release);
      if (!read.ok) return read;
      manifest = read.value;
      // Its absence is never held: a release must be there the moment it is published.
      if (manifest !== undefined) this.#manifests.set(key, manifest);
    }
    if (manifest?.quarantinedAt !== undefined) return err({ reason: 'quarantined' });
    return ok(manifest?.distrusted === undefined ? manifest : undefined);
  }

  /** After a change that this isolate made itself. */
  forget({ channel, board, version }: Pair & { readonly version: Version }): void {
    this.#manifests.delete(`${channel}/${board}/${version}`);
  }
}

function factsOf({ size, sha512, modified }: ManifestFile): FileFacts {
  const lastModified = modified === undefined ? undefined : Math.floor(Date.parse(modified) / 1000) * 1000;
  return { size, etag: `"${sha512}"`, lastModified };
}

function presentationOf(entry: ManifestFile, file: ReleaseFile, location: string | undefined): Presentation {
  const digest = Uint8Array.from(entry.sha512.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return {
    contentType: contentTypeOf(file.file),
    cacheControl: location === undefined ? CACHE.immutable : CACHE.alias,
    headers: {
      'repr-digest': `sha-512=:${toBase64(digest)}:`,
      'x-flatcar-version': file.version,
      'x-flatcar-source': 'mirror',
      ...(entry.signedBy === undefined ? {} : { 'x-flatcar-signed-by': entry.signedBy }),
      ...(location === undefined ? {} : { 'content-location': location }),
    },
  };
}
