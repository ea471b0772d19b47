/**
 * Which machine of a fleet has an identity: `identities/{fleet}/{kind}/{value}` in R2. It is created before the machine's record,
 * and only where there is none, so who comes second finds out. The machine's record decides whether it counts.
 */
import type { Platform } from '../../shared/platform.ts';
import { compareAndSet } from '../../shared/r2-documents.ts';
import type { Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import { type IdentityKind, identityKey } from './identity-values.ts';

/** The machine that an identity was given to, for which generation of its record, and when, in milliseconds since the epoch. */
export interface Given {
  readonly machine: string;
  readonly generation: number;
  /** The writes that were given it for this generation. Once none is left, nobody has it. */
  readonly writers: readonly string[];
  readonly etag: string;
  readonly at: number;
}

export interface IdentityStore {
  read(fleet: string, kind: IdentityKind, value: string): Promise<Result<Given | undefined, StoreFault>>;
  /** Gives it to a machine, if it is still what `replacing` says. Returns false when another writer was first. */
  write(
    fleet: string,
    kind: IdentityKind,
    value: string,
    to: Pick<Given, 'machine' | 'generation' | 'writers'>,
    replacing: string | undefined,
  ): Promise<Result<boolean, StoreFault>>;
}

/** A booting machine waits for it. */
const ANSWER_WITHIN_MS = 2_300;

/** Returns the store of identities on an R2 bucket. */
export function identityBucket(bucket: R2Bucket, platform: Platform): IdentityStore {
  const reach = storeCaller(platform, ANSWER_WITHIN_MS);
  const keyOf = (fleet: string, kind: IdentityKind, value: string) => `identities/${fleet}/${identityKey(kind, value)}`;
  return {
    read: (fleet, kind, value) =>
      reach('head identity', async () => {
        const object = await bucket.head(keyOf(fleet, kind, value));
        if (object === null) return undefined;
        const { machine = '', generation = '0', writers = '' } = object.customMetadata ?? {};
        const all = writers.split(',').filter((writer) => writer !== '');
        return {
          machine,
          generation: Number(generation),
          writers: all,
          etag: object.etag,
          at: object.uploaded.getTime(),
        };
      }),
    write: (fleet, kind, value, { machine, generation, writers }, replacing) =>
      reach('write identity', async () => {
        const customMetadata = { machine, generation: String(generation), writers: writers.join() };
        const body = JSON.stringify(customMetadata);
        const key = keyOf(fleet, kind, value);
        return (await compareAndSet(bucket, key, body, replacing, { customMetadata })) !== undefined;
      }),
  };
}
