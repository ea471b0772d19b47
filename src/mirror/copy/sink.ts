/** The place for the bytes of a file that is not verified yet: nobody can read them before `complete`. */
import { concatBytes } from '../../shared/bytes.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import type { Upload } from '../store/bucket.ts';
import type { CopyPorts } from './companions.ts';
import type { CopyFault } from './copy-fault.ts';
import { PartWriter } from './parts.ts';

/** What a copy reports while it runs. */
export interface CopyWatcher {
  /** Is called before the first part, so that another attempt can find the upload and abort it. */
  uploadStarted(upload: { readonly key: string; readonly id: string }): Promise<Result<undefined, CopyFault>>;
  progress(bytes: number, size: number): void;
  /** False as soon as the job is cancelled or taken over by another attempt. */
  isOurs(): boolean;
}

export interface Sink {
  write(chunk: Uint8Array): Promise<Result<undefined, CopyFault>>;
  /** Makes the object readable and returns its etag. */
  complete(): Promise<Result<string, CopyFault>>;
  abort(): Promise<void>;
  /** The bytes of a small file that is kept in memory; it is empty for a large file. */
  held(): Uint8Array;
}

/** Returns a sink for a file of at most one part. The file stays in memory until `complete` writes it to R2. */
export function wholeSink({ store: mirror, slots }: CopyPorts, key: string): Result<Sink, CopyFault> {
  const chunks: Uint8Array[] = [];
  return ok({
    write: async (chunk) => {
      chunks.push(chunk);
      return ok(undefined);
    },
    complete: () => slots.run(() => mirror.put(key, concatBytes(chunks))),
    abort: async () => undefined,
    held: () => concatBytes(chunks),
  });
}

/** Returns a sink for a larger file: a multipart upload, which is completed or aborted at the end. */
export async function partSink(
  { store: mirror, slots, partBytes }: CopyPorts,
  key: string,
  watcher: CopyWatcher,
): Promise<Result<Sink, CopyFault>> {
  const upload = await slots.run(() => mirror.startUpload(key));
  if (!upload.ok) return upload;
  const abort = async (): Promise<void> => {
    await slots.run(() => mirror.abortUpload(key, upload.value.id));
  };
  const recorded = await watcher.uploadStarted({ key, id: upload.value.id });
  if (!recorded.ok) {
    await abort();
    return recorded;
  }
  const writer = new PartWriter(upload.value, slots, partBytes);
  return ok({
    write: (chunk) => writer.write(chunk),
    complete: () => completeParts(writer, upload.value, slots, abort),
    abort: async () => {
      await writer.settle();
      await abort();
    },
    held: () => new Uint8Array(),
  });
}

async function completeParts(
  writer: PartWriter,
  upload: Upload,
  slots: Slots,
  abort: () => Promise<void>,
): Promise<Result<string, CopyFault>> {
  const parts = await writer.finish();
  const etag = parts.ok ? await slots.run(() => upload.complete(parts.value)) : parts;
  if (!etag.ok) await abort();
  return etag;
}
