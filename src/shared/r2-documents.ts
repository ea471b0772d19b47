/** Reads R2 objects that have several writers together with their etags, and writes them by compare-and-set. */
import type { Document } from './document.ts';
import { err, ok, type Result } from './result.ts';
import { type Reach, type StoreFault, settled } from './store.ts';
import type { Malformed } from './stored-json.ts';

interface WriteOptions {
  readonly contentType?: string;
  readonly customMetadata?: Readonly<Record<string, string>>;
}

/**
 * Writes `body` if the stored object still has the etag `replacing`. With `replacing` undefined, there must be no
 * object yet. Returns the new etag, or `undefined` when another writer was first. R2 checks `onlyIf` before it stores
 * anything.
 */
export async function compareAndSet(
  bucket: R2Bucket,
  key: string,
  body: string,
  replacing: string | undefined,
  { contentType = 'application/json', customMetadata }: WriteOptions = {},
): Promise<string | undefined> {
  const onlyIf = replacing === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: replacing };
  const metadata = customMetadata === undefined ? {} : { customMetadata: { ...customMetadata } };
  const stored = await bucket.put(key, body, { onlyIf, httpMetadata: { contentType }, ...metadata });
  return stored?.etag;
}

/** How a value becomes text, and how a text becomes the value again. */
export interface Codec<T> {
  readonly parse: (text: string) => Result<T, Malformed> | Promise<Result<T, Malformed>>;
  readonly text: (value: T) => string;
  readonly contentType?: string;
}

/** Returns a codec that writes JSON and reads it with `parse`. */
export const jsonCodec = <T>(parse: (text: string) => Result<T, Malformed>): Codec<T> => ({
  parse,
  text: (value) => JSON.stringify(value),
});

/** Returns a parser for a record that may be replaced: a malformed text counts as what `standIn` makes of it. */
export const orElse =
  <T>(parse: (text: string) => Result<T, Malformed>, standIn: (text: string) => T) =>
  (text: string): Result<T, Malformed> => {
    const parsed = parse(text);
    return parsed.ok ? parsed : ok(standIn(text));
  };

/** Returns the parsed value, or a fault that says which object (`what`) is malformed and why. */
export const understood = <T>(what: string, parsed: Result<T, Malformed>): Result<T, StoreFault> =>
  parsed.ok ? parsed : err({ reason: 'stored-malformed', what, detail: parsed.error.detail });

/** Returns the document that a bucket stores under `key`. */
export function r2Document<T>(bucket: R2Bucket, reach: Reach, key: string, codec: Codec<T>): Document<T> {
  return {
    read: async () =>
      settled(
        await reach(`read ${key}`, async () => {
          const object = await bucket.get(key);
          if (object === null) return ok(undefined);
          const value = understood(key, await codec.parse(await object.text()));
          return value.ok ? ok({ value: value.value, etag: object.etag }) : value;
        }),
      ),
    write: (value, replacing) =>
      reach(`write ${key}`, () =>
        compareAndSet(
          bucket,
          key,
          codec.text(value),
          replacing,
          codec.contentType === undefined ? {} : { contentType: codec.contentType },
        ),
      ),
  };
}

/** Reads and parses one object of a bucket. Returns `undefined` when there is none. */
export async function readObject<T>(
  bucket: R2Bucket,
  reach: Reach,
  key: string,
  parse: (text: string) => Result<T, Malformed>,
): Promise<Result<T | undefined, StoreFault>> {
  const read = await r2Document(bucket, reach, key, { parse, text: () => '' }).read();
  return read.ok ? ok(read.value?.value) : read;
}
