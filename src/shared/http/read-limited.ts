/** Reads a whole body that is expected to be small. */
import { concatBytes } from '../bytes.ts';
import { type Platform, within } from '../platform.ts';
import { err, ok, type Result } from '../result.ts';

export type ReadFault =
  | { readonly reason: 'too-large'; readonly limit: number }
  | { readonly reason: 'truncated'; readonly cause?: unknown }
  | { readonly reason: 'stalled' };

const BODY_WITHIN_MS = 10_000;

/** Returns all bytes of `body`. A body that is longer than `limit`, breaks off or takes over 10 s is an error. */
export async function readLimited(
  platform: Pick<Platform, 'timer'>,
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Result<Uint8Array<ArrayBuffer>, ReadFault>> {
  if (body === null) return ok(new Uint8Array());
  const reader = body.getReader();
  const read = async (): Promise<Result<Uint8Array<ArrayBuffer>, ReadFault>> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const next = await reader.read().then(ok, (cause: unknown) => err<ReadFault>({ reason: 'truncated', cause }));
      if (!next.ok) return next;
      const { done, value } = next.value;
      if (done) return ok(concatBytes(chunks));
      length += value.length;
      if (length > limit) {
        await reader.cancel().catch(() => undefined);
        return err({ reason: 'too-large', limit });
      }
      chunks.push(value);
    }
  };
  const outcome = await within(platform, BODY_WITHIN_MS, read());
  if (outcome !== undefined) return outcome;
  await reader.cancel().catch(() => undefined);
  return err({ reason: 'stalled' });
}
