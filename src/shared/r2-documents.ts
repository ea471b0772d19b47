/** Objects of R2 that several writers share: read with their etag, and written by compare-and-set in one place. */
import type { Document } from './document.ts';
import { err, ok, type Result } from './result.ts';
import { type Reach, type StoreFault, settled } from './store.ts';
import type { Malformed } from './stored-json.ts';

interface WriteOptions {
  readonly contentType?: string;
  readonly customMetadata?: Readonly<Record<string, string>>;
}

/**
 * Writes `body` where the object is still the one named by `replacing` (`undefined`: where there is none). Gives the new etag, or
 * `undefined` when somebody else wrote first. R2 evaluates `onlyIf` before it stores anything.
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

/** How an object is made of text and back. */
export interface Codec<T> {
  readonly parse: (text: string) => Result<T, Malformed> | Promise<Result<T, Malformed>>;
  readonly text: (value: T) => string;
  readonly contentType?: string;
}

/** A codec of JSON. */
export const jsonCodec = <T>(parse: (text: string) => Result<T, Malformed>): Codec<T> => ({
  parse,
  text: (value) => JSON.stringify(value),
});

/** The value, or the fault that says which object could not be understood and why. */
export const understood = <T>(what: string, parsed: Result<T, Malformed>): Result<T, StoreFault> =>
  parsed.ok ? parsed : err({ reason: 'stored-malformed', what, detail: parsed.error.detail });

/** One object of a bucket as a document. */
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

/** One object of a bucket, read and understood; `undefined` when there is none. */
export async function readObject<T>(
  bucket: R2Bucket,
  reach: Reach,
  key: string,
  parse: (text: string) => Result<T, Malformed>,
): Promise<Result<T | undefined, StoreFault>> {
  const read = await r2Document(bucket, reach, key, { parse, text: () => '' }).read();
  return read.ok ? ok(read.value?.value) : read;
}
