/**
 * Copies of records in KV, near the machines. KV can be a minute or more behind, also with a key that was missing
 * before (developers.cloudflare.com/kv/concepts/how-kv-works), so a copy never decides anything. A copy carries the R2
 * etag of its record. It counts only while R2 still has that etag, and the SHA-256 of the copy's text in the summary.
 */
import { isBug } from '../../shared/cause.ts';
import { type Platform, within } from '../../shared/platform.ts';
import type { Kind } from './bucket.ts';

interface Copy {
  readonly text: string;
  readonly etag: string;
}

/** `records`: the mark that all records are signed. */
type CopyKind = Kind | 'records';

export interface CopyStore {
  /** Returns `undefined` when there is no copy, and also after an error or a timeout. Never rejects. */
  read(kind: CopyKind, name: string): Promise<Copy | undefined>;
  /** Tries to write a copy. Never rejects. */
  write(kind: CopyKind, name: string, copy: Copy): Promise<void>;
}

const ANSWER_WITHIN_MS = 2_000;

/** Returns the copy store on a KV namespace. */
export function copyNamespace(namespace: KVNamespace, platform: Platform): CopyStore {
  const orUndefined = async <T>(work: () => Promise<T>): Promise<T | undefined> =>
    await within(
      platform,
      ANSWER_WITHIN_MS,
      // An asynchronous function turns what KV throws at once into a rejection.
      (async () => await work())().catch((cause: unknown) => {
        // A copy decides nothing, so a bug here must not stop a boot. It must still reach the log.
        if (isBug(cause)) platform.waitUntil(Promise.reject(cause));
        return undefined;
      }),
    );
  return {
    read: (kind, name) =>
      orUndefined(async () => {
        const { value, metadata } = await namespace.getWithMetadata<{ etag?: unknown }>(`${kind}:${name}`);
        const etag = metadata?.etag;
        return value === null || typeof etag !== 'string' ? undefined : { text: value, etag };
      }),
    write: async (kind, name, { text, etag }) => {
      await orUndefined(() => namespace.put(`${kind}:${name}`, text, { metadata: { etag } }));
    },
  };
}
