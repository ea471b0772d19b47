/**
 * An R2 bucket for dry runs. Reads go to the real bucket, and what is written stays in memory, where later reads find it.
 * So a call does all that it would do, gives the answer that it would give, and stores nothing.
 */
import { toHex } from '../bytes.ts';

interface Written {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly uploaded: Date;
  readonly customMetadata: Record<string, string>;
  readonly httpMetadata: R2HTTPMetadata;
}

type Content = string | ArrayBuffer | ArrayBufferView | null;

/** Returns a bucket that reads `bucket` and writes nothing to it. `now` is the time of what is written. */
export function dryBucket(bucket: R2Bucket, now: () => number): R2Bucket {
  /** `undefined` stands for an object that the dry run has deleted. */
  const written = new Map<string, Written | undefined>();
  /** The last key of the page before each cursor. */
  const pages = new Map<string, string>();
  let uploads = 0;

  const etagOf = async (key: string): Promise<string | undefined> =>
    written.has(key) ? written.get(key)?.etag : (await bucket.head(key))?.etag;

  const head = async (key: string): Promise<R2Object | null> => {
    if (!written.has(key)) return await bucket.head(key);
    const object = written.get(key);
    return object === undefined ? null : headOf(key, object);
  };

  const get = async (key: string, options: R2GetOptions = {}): Promise<R2ObjectBody | R2Object | null> => {
    if (!written.has(key)) return await bucket.get(key, options);
    const object = written.get(key);
    if (object === undefined) return null;
    return isMet(options.onlyIf, object.etag) ? bodyOf(key, object) : headOf(key, object);
  };

  const put = async (key: string, content: Content, options: R2PutOptions = {}): Promise<R2Object | null> => {
    if (options.onlyIf !== undefined && !isMet(options.onlyIf, await etagOf(key))) return null;
    const bytes = bytesOf(content);
    const object = {
      bytes,
      etag: toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))).slice(0, 32),
      uploaded: new Date(now()),
      customMetadata: { ...options.customMetadata },
      httpMetadata: { ...(options.httpMetadata as R2HTTPMetadata | undefined) },
    };
    written.set(key, object);
    return headOf(key, object);
  };

  const list = async (options: R2ListOptions = {}): Promise<R2Objects> => {
    const { prefix = '', delimiter = '', cursor, startAfter = '' } = options;
    const page = await bucket.list(options);
    const kept = page.objects.filter(({ key }) => !written.has(key));
    const after = cursor === undefined ? startAfter : (pages.get(cursor) ?? startAfter);
    const last = [page.objects.at(-1)?.key ?? '', page.delimitedPrefixes.at(-1) ?? ''].toSorted().at(-1) ?? '';
    if (page.truncated) pages.set(page.cursor, last);
    const added: R2Object[] = [];
    const groups = new Set(page.delimitedPrefixes);
    for (const [key, object] of written) {
      const isInPage = key.startsWith(prefix) && key > after && (!page.truncated || key <= last);
      if (object === undefined || !isInPage) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end === -1) added.push(headOf(key, object));
      else groups.add(key.slice(0, end + delimiter.length));
    }
    const objects = [...kept, ...added].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return { ...page, objects, delimitedPrefixes: [...groups].toSorted() };
  };

  const upload = (key: string, uploadId: string): R2MultipartUpload => ({
    key,
    uploadId,
    uploadPart: async (partNumber) => ({ partNumber, etag: `dry-${partNumber}` }),
    abort: async () => undefined,
    complete: async () => (await put(key, null)) as R2Object,
  });

  const dry = {
    ...{ head, get, put, list },
    delete: async (keys: string | string[]) => {
      for (const key of [keys].flat()) written.set(key, undefined);
    },
    createMultipartUpload: async (key: string) => {
      uploads += 1;
      return upload(key, `dry-${uploads}`);
    },
    resumeMultipartUpload: (key: string, uploadId: string) => upload(key, uploadId),
  };
  return dry as unknown as R2Bucket;
}

/** Returns true when the conditions of a call hold for an object with this etag, or for none. */
function isMet(onlyIf: R2Conditional | Headers | undefined, etag: string | undefined): boolean {
  if (onlyIf === undefined || onlyIf instanceof Headers) return true;
  const isNamedBy = (wanted: string) => etag !== undefined && (wanted === '*' || wanted === etag);
  const { etagMatches, etagDoesNotMatch } = onlyIf;
  return (
    (etagMatches === undefined || isNamedBy(etagMatches)) &&
    (etagDoesNotMatch === undefined || !isNamedBy(etagDoesNotMatch))
  );
}

function bytesOf(content: Content): Uint8Array<ArrayBuffer> {
  if (content === null) return new Uint8Array();
  if (typeof content === 'string') return new Uint8Array(new TextEncoder().encode(content));
  const view = ArrayBuffer.isView(content)
    ? new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
    : new Uint8Array(content);
  return new Uint8Array(view);
}

const headOf = (key: string, { bytes, etag, uploaded, customMetadata, httpMetadata }: Written): R2Object =>
  ({
    ...{ key, etag, uploaded, httpMetadata },
    customMetadata: { ...customMetadata },
    httpEtag: `"${etag}"`,
    size: bytes.length,
    version: etag,
  }) as unknown as R2Object;

/** `Response` reads bytes as a body of R2 does. */
function bodyOf(key: string, object: Written): R2ObjectBody {
  const response = new Response(object.bytes);
  return Object.assign(headOf(key, object), {
    body: response.body,
    text: () => response.text(),
    json: () => response.json(),
    arrayBuffer: () => response.arrayBuffer(),
    bytes: () => response.bytes(),
  }) as unknown as R2ObjectBody;
}
