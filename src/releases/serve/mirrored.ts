/** Serves the files that a manifest names from R2. Their signatures were verified before the manifest was written. */
import { sha512Hex, toBase64 } from '../../shared/bytes.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { TtlCache } from '../../shared/ttl-cache.ts';
import { type Delivery, decideDelivery, type FileFacts, type Presentation } from '../delivery.ts';
import { contentTypeOf, type Pair, type ReleaseFile, type Version } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isPublished, isWithdrawn, type Manifest, type ManifestFile } from '../store/manifest.ts';
import { type OpenFile, openFromStore } from './cached-files.ts';
import { lastChange, madeText } from './digest-lists.ts';

export interface MirroredAnswer {
  readonly delivery: Delivery;
  readonly body?: BodyInit;
  /** What the cache in front of the store did (`HIT`, `MISS`, …, `none`). */
  readonly cache?: string;
}

export type MirroredFault =
  | StoreFault
  /** The operator took the release back, so its paths answer 404. */
  | { readonly reason: 'quarantined' };

const MANIFEST_CACHED_MS = 60_000;

/** Serves files by their manifests; each manifest stays in memory for a minute. */
export class MirroredFiles {
  readonly #manifests: TtlCache<Manifest>;

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
    private readonly open: OpenFile = openFromStore(store),
  ) {
    this.#manifests = new TtlCache(platform.now, MANIFEST_CACHED_MS, 200);
  }

  /**
   * Returns the answer from R2, or `undefined` when no manifest names the file or its object is gone. `location` is the
   * Content-Location, which is set for a request below an alias.
   */
  async answer(
    request: Request,
    file: ReleaseFile,
    location: string | undefined,
  ): Promise<Result<MirroredAnswer | undefined, MirroredFault>> {
    const manifest = await this.manifest(file);
    if (!manifest.ok || manifest.value === undefined) return manifest.ok ? ok(undefined) : manifest;
    const { files } = manifest.value;
    const entry = Object.hasOwn(files, file.file) ? files[file.file] : undefined;
    if (entry === undefined) return ok(await this.#made(request, file, location, manifest.value));
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
    return ok(opened.value && { delivery, body: opened.value.body, cache: opened.value.cache });
  }

  async #made(
    request: Request,
    file: ReleaseFile,
    location: string | undefined,
    manifest: Manifest,
  ): Promise<MirroredAnswer | undefined> {
    const text = madeText(manifest, file.file);
    if (text === undefined) return undefined;
    const bytes = new Uint8Array(new TextEncoder().encode(text));
    const verifiedAt = lastChange(manifest);
    const made = { verifiedAt, modified: verifiedAt, key: '-', etag: '-' };
    const entry = { ...made, size: bytes.length, sha512: await sha512Hex(bytes) };
    // A file that is mirrored late changes the lists.
    const presentation = { ...presentationOf(entry, file, location), cacheControl: CACHE.alias };
    const delivery = decideDelivery(request, factsOf(entry), presentation, this.platform.now());
    const isPart = delivery.kind === 'part';
    return { delivery, body: isPart ? bytes.subarray(delivery.start, delivery.end + 1) : bytes };
  }

  /**
   * Returns the manifest of a release whose files may be served, or `undefined`. A distrusted release counts as not
   * mirrored, and a quarantined one is an error, whether it was ever mirrored or not.
   */
  async manifest(release: Pair & { readonly version: Version }): Promise<Result<Manifest | undefined, MirroredFault>> {
    const { channel, board, version } = release;
    const key = `${channel}/${board}/${version}`;
    let manifest = this.#manifests.get(key);
    if (manifest === undefined) {
      const read = await this.store.manifest(release);
      if (!read.ok) return read;
      manifest = read.value;
      // Only a manifest with something to say is cached: a release must be readable as soon as it is published.
      if (manifest !== undefined && (isPublished(manifest) || isWithdrawn(manifest)))
        this.#manifests.set(key, manifest);
    }
    if (manifest?.quarantinedAt !== undefined) return err({ reason: 'quarantined' });
    return ok(manifest !== undefined && isPublished(manifest) ? manifest : undefined);
  }

  /** Drops the cached manifest of a release, after this isolate has changed it. */
  forget({ channel, board, version }: Pair & { readonly version: Version }): void {
    this.#manifests.delete(`${channel}/${board}/${version}`);
  }
}

/** An update payload names the SHA-256 of the key that signed it. */
function signerOf({ signedBy, payloadKey }: ManifestFile): Readonly<Record<string, string>> {
  const signer = signedBy ?? payloadKey;
  return signer === undefined ? {} : { 'x-flatcar-signed-by': signer };
}

function factsOf({ size, sha512, modified }: ManifestFile): FileFacts {
  const lastModified = modified === undefined ? undefined : Math.floor(Date.parse(modified) / 1000) * 1000;
  return { size, etag: `"${sha512}"`, lastModified };
}

function presentationOf(entry: ManifestFile, file: ReleaseFile, location: string | undefined): Presentation {
  const digest = Uint8Array.from(entry.sha512.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return {
    contentType: contentTypeOf(file.file),
    cacheControl: location === undefined ? CACHE.immutable : CACHE.alias,
    headers: {
      'repr-digest': `sha-512=:${toBase64(digest)}:`,
      'x-flatcar-version': file.version,
      'x-flatcar-source': 'mirror',
      ...signerOf(entry),
      ...(location === undefined ? {} : { 'content-location': location }),
    },
  };
}
