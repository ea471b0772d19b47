/**
 * Keeps the bytes of small mirrored files in an isolate: version.txt, signatures and digests are a few kilobytes, and most of what
 * they cost is the way to R2. An object never changes under its key and etag, so what is kept is what R2 would answer. Whether the
 * client may have the file is decided before, by the manifest.
 */
import type { Platform } from '../../shared/platform.ts';
import { err, ok } from '../../shared/result.ts';
import { storeCaller } from '../../shared/store.ts';
import type { OpenFile } from './cached-files.ts';

/** Of a file that is kept, and of all of them together. */
const MOST_BYTES = 16 * 1024;
const MOST_BYTES_KEPT = 2 * 1024 * 1024;

/** Returns an `OpenFile` that reads small files once. */
export function keepSmall(platform: Pick<Platform, 'timer'>, open: OpenFile): OpenFile {
  const reach = storeCaller(platform);
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  let keptBytes = 0;
  const keep = (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    if (kept.has(name)) return;
    kept.set(name, bytes);
    keptBytes += bytes.length;
    for (const [oldest, { length }] of kept) {
      if (keptBytes <= MOST_BYTES_KEPT) break;
      kept.delete(oldest);
      keptBytes -= length;
    }
  };
  return async (file, range) => {
    if (file.size > MOST_BYTES) return await open(file, range);
    const name = `${file.key} ${file.etag}`;
    const part = (bytes: Uint8Array<ArrayBuffer>) => (range ? bytes.subarray(range.start, range.end + 1) : bytes);
    const known = kept.get(name);
    if (known !== undefined) return ok({ body: part(known), cache: 'memory' });
    const opened = await open(file, undefined);
    if (!opened.ok || opened.value === undefined) return opened;
    const { body, cache } = opened.value;
    const read = await reach('read small file', async () => new Uint8Array(await new Response(body).arrayBuffer()));
    if (!read.ok) return read;
    if (read.value.length !== file.size)
      return err({ reason: 'store-unreachable', operation: 'read small file', cause: `${read.value.length} bytes` });
    keep(name, read.value);
    return ok({ body: part(read.value), cache });
  };
}
