/** Files that publish has put into a manifest, served from R2 as verified. */
import { toBase64 } from '../shared/bytes.ts';
import { CACHE } from '../shared/http/cache.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { TtlCache } from '../shared/ttl-cache.ts';
import type { ReleaseStore } from './bucket.ts';
import { type Delivery, decideDelivery, type FileFacts, type Presentation } from './delivery.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { contentTypeOf, filePath, type ReleaseFile } from './model.ts';

export interface MirroredAnswer {
  readonly delivery: Delivery;
  readonly body?: ReadableStream<Uint8Array>;
}

const MANIFEST_HELD_MS = 60_000;

export class MirroredFiles {
  readonly #manifests: TtlCache<Manifest>;

  constructor(
    private readonly platform: Platform,
    private readonly store: ReleaseStore,
  ) {
    this.#manifests = new TtlCache(platform.now, MANIFEST_HELD_MS, 200);
  }

  /** The answer from R2, or `undefined` when no manifest names the file or its object is gone. */
  async answer(
    request: Request,
    file: ReleaseFile,
    underAlias: boolean,
  ): Promise<Result<MirroredAnswer | undefined, StoreFault>> {
    const manifest = await this.#manifest(file);
    if (!manifest.ok || manifest.value === undefined) return manifest.ok ? ok(undefined) : manifest;
    const { files } = manifest.value;
    const entry = Object.hasOwn(files, file.file) ? files[file.file] : undefined;
    if (entry === undefined) return ok(undefined);
    const delivery = decideDelivery(
      request,
      factsOf(entry),
      presentationOf(entry, file, underAlias),
      this.platform.now(),
    );
    const hasBody = delivery.kind === 'whole' || delivery.kind === 'part';
    if (!hasBody || request.method === 'HEAD') return ok({ delivery });
    const range = delivery.kind === 'part' ? { start: delivery.start, end: delivery.end } : undefined;
    const body = await this.store.open(entry, range);
    if (!body.ok) return body;
    return ok(body.value === undefined ? undefined : { delivery, body: body.value });
  }

  async #manifest(release: ReleaseFile): Promise<Result<Manifest | undefined, StoreFault>> {
    const { channel, board, version } = release;
    const key = `${channel}/${board}/${version}`;
    const held = this.#manifests.get(key);
    if (held !== undefined) return ok(held);
    const read = await this.store.manifest(release);
    // Its absence is never held: a release must be there the moment it is published.
    if (read.ok && read.value !== undefined) this.#manifests.set(key, read.value);
    return read;
  }
}

function factsOf({ size, sha512, modified }: ManifestFile): FileFacts {
  const lastModified = modified === undefined ? undefined : Math.floor(Date.parse(modified) / 1000) * 1000;
  return { size, etag: `"${sha512}"`, lastModified };
}

function presentationOf(entry: ManifestFile, file: ReleaseFile, underAlias: boolean): Presentation {
  const digest = Uint8Array.from(entry.sha512.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return {
    contentType: contentTypeOf(file.file),
    cacheControl: underAlias ? CACHE.alias : CACHE.immutable,
    headers: {
      'repr-digest': `sha-512=:${toBase64(digest)}:`,
      'x-flatcar-version': file.version,
      'x-flatcar-source': 'mirror',
      ...(entry.signedBy === undefined ? {} : { 'x-flatcar-signed-by': entry.signedBy }),
      ...(underAlias ? { 'content-location': filePath(file) } : {}),
    },
  };
}
