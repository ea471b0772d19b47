/**
 * Gives a mirrored file the verdict that pass-through has of its own files: the digests of its chunks, made of the verified
 * object in R2. With it the marks of earlier downloads can be compared, so that those of the genuine file do not keep parts
 * from everybody for a day.
 */
import { sha256Hex } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { signatureOf } from '../companions.ts';
import type { ReleaseFile } from '../model.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import { isPublished, type ManifestFile } from '../store/manifest.ts';
import { isProofFor } from '../store/verdict.ts';
import { chunkDigest, inChunks, joinDigests } from './chunks.ts';
import type { ByteSource } from './held-back.ts';
import type { Verifications } from './verifications.ts';

export class MirroredProofs {
  constructor(
    private readonly store: ReleaseStore,
    private readonly verifications: Verifications,
  ) {}

  /**
   * Stores the verdict on a file that a manifest names, if it has none that binds its bytes. It returns whether it has read
   * the file for that.
   */
  async prove(file: ReleaseFile): Promise<Result<boolean, StoreFault>> {
    const manifest = await this.store.manifest(file);
    if (!manifest.ok) return manifest;
    if (manifest.value === undefined || !isPublished(manifest.value)) return ok(false);
    const { files } = manifest.value;
    const [entry, signature] = [files[file.file], files[signatureOf(file.file)]];
    if (entry?.signedBy === undefined || signature === undefined) return ok(false);
    const verdict = await this.store.verdict(file);
    if (!verdict.ok) return verdict;
    const { value } = verdict;
    if (value !== undefined && isProofFor(value, entry.size, value.signature)) return ok(false);
    const chunks = await this.#digests(entry);
    const signatureBytes = await this.#bytes(signature);
    if (!chunks.ok) return chunks;
    if (!signatureBytes.ok) return signatureBytes;
    const judged = {
      file,
      facts: { size: entry.size, etag: `"${entry.sha512}"`, upstreamTag: undefined },
      signatureHash: await sha256Hex(signatureBytes.value),
    };
    const isStored = await this.verifications.settle(
      judged,
      { kind: 'good', signedBy: entry.signedBy, chunks: chunks.value },
      false,
    );
    return isStored ? ok(true) : err({ reason: 'store-unreachable', operation: 'write verdict' });
  }

  async #digests(entry: ManifestFile): Promise<Result<string, StoreFault>> {
    const source = await this.#source(entry);
    if (!source.ok) return source;
    const chunks = inChunks(source.value);
    const digests: string[] = [];
    for (;;) {
      const chunk = await chunks.next();
      if (!chunk.ok) return err({ reason: 'store-unreachable', operation: 'read mirrored file' });
      if (chunk.value === undefined) return ok(joinDigests(digests));
      digests.push(await chunkDigest(chunk.value));
    }
  }

  async #bytes(entry: ManifestFile): Promise<Result<Uint8Array<ArrayBuffer>, StoreFault>> {
    const source = await this.#source(entry);
    if (!source.ok) return source;
    // A signature is shorter than a chunk.
    const first = await inChunks(source.value).next();
    return first.ok
      ? ok(first.value ?? new Uint8Array())
      : err({ reason: 'store-unreachable', operation: 'read signature' });
  }

  async #source(entry: ManifestFile): Promise<Result<ByteSource, StoreFault>> {
    const opened = await this.store.open(entry, undefined);
    if (!opened.ok) return opened;
    if (opened.value === undefined) return err({ reason: 'store-unreachable', operation: 'read mirrored file' });
    const reader = opened.value.getReader();
    return ok({
      next: async () => {
        try {
          return ok((await reader.read()).value);
        } catch (cause) {
          return err({ reason: 'truncated', cause });
        }
      },
      cancel: async () => await reader.cancel(),
    });
  }
}
