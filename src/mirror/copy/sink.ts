/** Where the bytes of a file go while nobody knows yet whether they are good: nothing in it can be read before `complete`. */
import { concatBytes } from '../../shared/bytes.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import type { Upload } from '../store/bucket.ts';
import type { CopyPorts } from './companions.ts';
import type { CopyFault } from './copy-fault.ts';
import { PartWriter } from './parts.ts';

/** What the copy tells while it runs. */
export interface CopyWatcher {
  /** Before the first part: whoever takes over must find the upload. */
  uploadStarted(upload: { readonly key: string; readonly id: string }): Promise<Result<undefined, CopyFault>>;
  progress(bytes: number, size: number): void;
  /** False once the job is cancelled or another attempt's. */
  isOurs(): boolean;
}

export interface Sink {
  write(chunk: Uint8Array): Promise<Result<undefined, CopyFault>>;
  complete(): Promise<Result<string, CopyFault>>;
  abort(): Promise<void>;
  /** All of a file that was small enough to be held; nothing of a larger one. */
  held(): Uint8Array;
}

/** Up to one part: held in memory until it has verified, then put. */
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

/** More than one part: uploaded as it comes, completed or aborted at the end. */
export async function partSink(
  { store: mirror, slots }: CopyPorts,
  key: string,
  watcher: CopyWatcher,
): Promise<Result<Sink, CopyFault>> {
  const upload = await slots.run(() => mirror.startUpload(key));
  if (!upload.ok) return upload;
  const abort = async (): Promise<void> => {
    await slots.run(() => mirror.abortUpload(key, upload.value.id));
  };
  const told = await watcher.uploadStarted({ key, id: upload.value.id });
  if (!told.ok) {
    await abort();
    return told;
  }
  const writer = new PartWriter(upload.value, slots);
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
