/** An object of a bucket in memory: its content, the conditions and ranges that a call may put on it, and its body. */

export interface StoredObject {
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly version: string;
  readonly uploaded: Date;
  readonly httpMetadata: R2HTTPMetadata;
  readonly customMetadata: Record<string, string>;
}

export type Content = string | ArrayBuffer | ArrayBufferView | null;

/** As R2 rejects: a plain error that ends with R2's code. */
export const r2Error = (operation: string, text: string, code: number): Error =>
  new Error(`${operation}: ${text} (${code})`);

/** A copy, for whoever wrote it may go on to use it. */
export function contentOf(value: Content): Uint8Array<ArrayBuffer> {
  if (value === null) return new Uint8Array();
  if (typeof value === 'string') return new Uint8Array(new TextEncoder().encode(value));
  const view = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  return new Uint8Array(view);
}

/** What `onlyIf` says of the object that is there, or of none. */
export function conditionsHold(onlyIf: R2Conditional | Headers | undefined, stored: StoredObject | undefined): boolean {
  if (onlyIf === undefined) return true;
  if (onlyIf instanceof Headers) throw new TypeError('conditions as headers are not played here');
  const { etagMatches, etagDoesNotMatch, uploadedBefore, uploadedAfter } = onlyIf;
  if (uploadedBefore !== undefined || uploadedAfter !== undefined)
    throw new TypeError('conditions on dates are not played here');
  const isNamedBy = (etag: string) => stored !== undefined && (etag === '*' || etag === stored.etag);
  return (
    (etagMatches === undefined || isNamedBy(etagMatches)) &&
    (etagDoesNotMatch === undefined || !isNamedBy(etagDoesNotMatch))
  );
}

/** The part of an object that a call asks for. */
export function rangeOf(range: R2Range | Headers | undefined, size: number): { offset: number; length: number } {
  if (range === undefined) return { offset: 0, length: size };
  if (range instanceof Headers) throw new TypeError('ranges as headers are not played here');
  if ('suffix' in range) {
    const suffix = Math.min(range.suffix, size);
    if (suffix <= 0) throw outside();
    return { offset: size - suffix, length: suffix };
  }
  const { offset = 0, length = size - offset } = range;
  if (offset < 0 || offset > size || length <= 0) throw outside();
  return { offset, length: Math.min(length, size - offset) };
}

const outside = (): Error => r2Error('get', 'The requested range is not satisfiable', 10039);

/** An object with its body, which can be taken once. */
export const withBody = (object: R2Object, bytes: Uint8Array<ArrayBuffer>): R2ObjectBody =>
  Object.assign(new Body(bytes), object) as unknown as R2ObjectBody;

class Body {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get body(): ReadableStream<Uint8Array> {
    return streamOf(this.#take());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#take().buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#take();
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#take());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  #take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    if (bytes === undefined) throw new TypeError('Body has already been used.');
    this.#bytes = undefined;
    return bytes;
  }
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
