/**
 * The copies near the machines, in KV: late by a minute and more, and misses are remembered, so a copy never decides
 * anything. It carries the R2 etag of what it is a copy of, and counts only while R2 still has that.
 */
import { isBug } from '../../shared/cause.ts';
import { type Platform, within } from '../../shared/platform.ts';
import type { Kind } from './bucket.ts';

interface Copy {
  readonly text: string;
  readonly etag: string;
}

export interface CopyStore {
  /** `undefined` for none, for trouble and for silence: all the same to the reader. Never rejects. */
  read(kind: Kind, name: string): Promise<Copy | undefined>;
  /** Best effort. Never rejects. */
  write(kind: Kind, name: string, copy: Copy): Promise<void>;
}

const ANSWER_WITHIN_MS = 2_000;

/** The copies on a KV namespace. */
export function copyNamespace(namespace: KVNamespace, platform: Platform): CopyStore {
  const quiet = async <T>(work: () => Promise<T>): Promise<T | undefined> =>
    await within(
      platform,
      ANSWER_WITHIN_MS,
      work().catch((cause: unknown) => {
        // A copy decides nothing, so a bug here keeps no machine from booting; but it has to be heard of.
        if (isBug(cause)) platform.waitUntil(Promise.reject(cause));
        return undefined;
      }),
    );
  return {
    read: (kind, name) =>
      quiet(async () => {
        const { value, metadata } = await namespace.getWithMetadata<{ etag?: unknown }>(`${kind}:${name}`);
        const etag = metadata?.etag;
        return value === null || typeof etag !== 'string' ? undefined : { text: value, etag };
      }),
    write: async (kind, name, { text, etag }) => {
      await quiet(() => namespace.put(`${kind}:${name}`, text, { metadata: { etag } }));
    },
  };
}
