/**
 * R2 in memory, for tests in plain Node: as much of a bucket as the service uses, with R2's own rules and errors. The cases of
 * `bucket-rules` hold it against the emulation in workerd.
 */
import { createHash } from 'node:crypto';
import {
  type Content,
  conditionsHold,
  contentOf,
  r2Error,
  rangeOf,
  type StoredObject,
  withBody,
} from './memory-object.ts';
import { MemoryUploads, type OpenUpload } from './memory-uploads.ts';

export interface MemoryBucketOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Of every part of an upload but the last; R2's own 5 MiB unless told. */
  readonly minPartBytes?: number;
  /** How long after a write R2 refuses the next one to the same key; never unless told. */
  readonly writeAgainMs?: number;
  /** Hears of every change, once it is made. */
  readonly changed?: (key: string) => void;
}

export interface MemoryBucket {
  readonly r2: R2Bucket;
  readonly objects: ReadonlyMap<string, StoredObject>;
  openUploads(): OpenUpload[];
}

const MOST_KEY_BYTES = 1024;
const MOST_KEYS = 1000;

/** An empty bucket. */
export function memoryBucket({ now, minPartBytes, writeAgainMs = 0, changed }: MemoryBucketOptions): MemoryBucket {
  const objects = new Map<string, StoredObject>();
  let versions = 0;

  const store = (key: string, bytes: Uint8Array<ArrayBuffer>, etag: string, options: R2PutOptions = {}) => {
    versions += 1;
    const { httpMetadata = {}, customMetadata = {} } = options;
    const stored = { key, bytes, etag, version: String(versions), uploaded: new Date(now()) };
    objects.set(key, {
      ...stored,
      httpMetadata: { ...(httpMetadata as R2HTTPMetadata) },
      customMetadata: { ...customMetadata },
    });
    changed?.(key);
    return shown(key);
  };
  const shown = (key: string): R2Object => headOf(objects.get(key) as StoredObject);
  const uploads = new MemoryUploads(store, minPartBytes);

  const bucket = {
    head: async (key: string) => {
      check('head', key);
      return objects.has(key) ? shown(key) : null;
    },

    get: async (key: string, options: R2GetOptions = {}) => {
      check('get', key);
      const stored = objects.get(key);
      if (stored === undefined) return null;
      if (!conditionsHold(options.onlyIf, stored)) return shown(key);
      const { offset, length } = rangeOf(options.range, stored.bytes.length);
      return withBody(
        Object.assign(shown(key), { range: { offset, length } }),
        stored.bytes.slice(offset, offset + length),
      );
    },

    put: async (key: string, value: Content, options: R2PutOptions = {}) => {
      check('put', key);
      const bytes = contentOf(value);
      const before = objects.get(key);
      if (!conditionsHold(options.onlyIf, before)) return null;
      if (before !== undefined && now() - before.uploaded.getTime() < writeAgainMs)
        throw r2Error('put', 'Reduce your concurrent request rate for the same object.', 10058);
      return store(key, bytes, createHash('md5').update(bytes).digest('hex'), options);
    },

    delete: async (keys: string | string[]) => {
      const all = [keys].flat();
      if (all.length > MOST_KEYS) throw r2Error('delete', 'The number of keys is above the limit.', 10022);
      for (const key of all) check('delete', key);
      for (const key of all) if (objects.delete(key)) changed?.(key);
    },

    list: async (options: R2ListOptions = {}) => listed(objects, options),

    createMultipartUpload: async (key: string, options?: R2MultipartOptions) => {
      check('createMultipartUpload', key);
      return uploads.begin(key, options);
    },

    resumeMultipartUpload: (key: string, id: string) => uploads.resume(key, id),
  };
  return { r2: bucket as unknown as R2Bucket, objects, openUploads: () => uploads.open() };
}

function check(operation: string, key: string): void {
  if (Buffer.byteLength(key) > MOST_KEY_BYTES)
    throw r2Error(operation, 'The specified object name is not valid.', 10020);
}

function headOf({ bytes, ...object }: StoredObject): R2Object {
  const copy = { ...object, httpMetadata: { ...object.httpMetadata }, customMetadata: { ...object.customMetadata } };
  return { ...copy, size: bytes.length, httpEtag: `"${object.etag}"` } as unknown as R2Object;
}

/** A page of keys in their order; metadata only where it is asked for. */
function listed(objects: ReadonlyMap<string, StoredObject>, options: R2ListOptions): R2Objects {
  const { prefix = '', delimiter = '', limit = MOST_KEYS, cursor, startAfter = '', include = [] } = options;
  if (limit < 1 || limit > MOST_KEYS) throw r2Error('list', 'MaxKeys params must be positive integer <= 1000.', 10022);
  const after = [startAfter, cursor === undefined ? '' : atob(cursor)].toSorted().at(-1) ?? '';
  const page: R2Object[] = [];
  const prefixes: string[] = [];
  let last = '';
  for (const key of [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted()) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const group = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    const isNew = group === undefined || prefixes.at(-1) !== group;
    if (isNew && page.length + prefixes.length === limit)
      return { objects: page, delimitedPrefixes: prefixes, truncated: true, cursor: btoa(last) };
    if (group === undefined) page.push(withMetadata(headOf(objects.get(key) as StoredObject), include));
    else if (isNew) prefixes.push(group);
    last = key;
  }
  return { objects: page, delimitedPrefixes: prefixes, truncated: false };
}

const withMetadata = (object: R2Object, include: readonly string[]): R2Object =>
  Object.assign(object, {
    httpMetadata: include.includes('httpMetadata') ? object.httpMetadata : {},
    customMetadata: include.includes('customMetadata') ? object.customMetadata : {},
  });
