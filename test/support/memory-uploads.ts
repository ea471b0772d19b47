/** Multipart uploads of a bucket in memory, by R2's rules: parts of one size but for the last, and nothing of it before the end. */
import { createHash } from 'node:crypto';
import { concatBytes } from '../../src/shared/bytes.ts';
import { type Content, contentOf, r2Error } from './memory-object.ts';

export interface OpenUpload {
  readonly key: string;
  readonly id: string;
}

interface Upload extends OpenUpload {
  state: 'open' | 'completed' | 'aborted';
  readonly options: R2MultipartOptions | undefined;
  readonly parts: Map<number, { readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string }>;
}

type Store = (key: string, bytes: Uint8Array<ArrayBuffer>, etag: string, options?: R2PutOptions) => R2Object;

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();
const noSuchUpload = (operation: string): Error =>
  r2Error(operation, 'The specified multipart upload does not exist.', 10024);
const badUpload = (): Error =>
  r2Error('completeMultipartUpload', 'There was a problem with the multipart upload.', 10048);

export class MemoryUploads {
  readonly #uploads = new Map<string, Upload>();

  constructor(
    private readonly store: Store,
    private readonly minPartBytes = MIN_PART_BYTES,
  ) {}

  begin(key: string, options: R2MultipartOptions | undefined): R2MultipartUpload {
    const id = `upload-${this.#uploads.size + 1}`;
    this.#uploads.set(id, { key, id, options, state: 'open', parts: new Map() });
    return this.resume(key, id);
  }

  /** Only its calls tell whether there is such an upload. */
  resume(key: string, uploadId: string): R2MultipartUpload {
    const upload = {
      key,
      uploadId,
      uploadPart: async (number: number, value: Content) => this.#put(key, uploadId, number, contentOf(value)),
      complete: async (parts: R2UploadedPart[]) => this.#complete(key, uploadId, parts),
      abort: async () => this.#abort(key, uploadId),
    };
    return upload as unknown as R2MultipartUpload;
  }

  /** Those that are neither completed nor aborted: R2 keeps what they hold, and asks money for it. */
  open(): OpenUpload[] {
    return [...this.#uploads.values()].filter(({ state }) => state === 'open').map(({ key, id }) => ({ key, id }));
  }

  #put(key: string, id: string, partNumber: number, bytes: Uint8Array<ArrayBuffer>): R2UploadedPart {
    if (partNumber < 1 || partNumber > MOST_PARTS)
      throw new TypeError(`Part number must be between 1 and 10000 (inclusive). Actual value was: ${partNumber}`);
    const upload = this.#find(key, id);
    if (upload?.state !== 'open') throw noSuchUpload('uploadPart');
    const etag = md5(bytes).toString('hex');
    upload.parts.set(partNumber, { bytes, etag });
    return { partNumber, etag };
  }

  #complete(key: string, id: string, named: readonly R2UploadedPart[]): R2Object {
    const operation = 'completeMultipartUpload';
    const upload = this.#find(key, id);
    if (upload?.state !== 'open') throw noSuchUpload(operation);
    const parts = named.map(({ partNumber, etag }) => {
      const part = upload.parts.get(partNumber);
      if (part?.etag !== etag)
        throw r2Error(operation, 'One or more of the specified parts could not be found.', 10025);
      return { partNumber, ...part };
    });
    if (new Set(named.map(({ partNumber }) => partNumber)).size < named.length || parts.length === 0) throw badUpload();
    if (parts.slice(0, -1).some(({ bytes }) => bytes.length < this.minPartBytes))
      throw r2Error(operation, 'Your proposed upload is smaller than the minimum allowed object size.', 10011);
    parts.sort((a, b) => a.partNumber - b.partNumber);
    const [first] = parts;
    const size = first?.bytes.length ?? 0;
    const last = parts.at(-1)?.bytes.length ?? 0;
    if (parts.slice(0, -1).some(({ bytes }) => bytes.length !== size) || last > size) throw badUpload();
    upload.state = 'completed';
    upload.parts.clear();
    const digest = md5(concatBytes(parts.map(({ bytes }) => md5(bytes)))).toString('hex');
    return this.store(key, concatBytes(parts.map(({ bytes }) => bytes)), `${digest}-${parts.length}`, upload.options);
  }

  #abort(key: string, id: string): void {
    const upload = this.#find(key, id);
    if (upload === undefined) throw noSuchUpload('abortMultipartUpload');
    if (upload.state !== 'open') return;
    upload.state = 'aborted';
    upload.parts.clear();
  }

  #find(key: string, id: string): Upload | undefined {
    const upload = this.#uploads.get(id);
    return upload?.key === key ? upload : undefined;
  }
}
