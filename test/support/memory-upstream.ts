/**
 * The release hosts inside the test's own process: `fetch` over what a tenant of the release server holds, with ranges, entity tags
 * and the redirect of an alias. Large bodies take their time, by the clock that the test hands in.
 */
import type { Platform } from '../../src/shared/platform.ts';
import { type StoredFile, Tenant } from '../../tools/release-server/tenant.ts';

const HOST = 'http://upstream.test';
/** As much as comes at once. */
const CHUNK_BYTES = 8 * 1024;
const PAUSE_MS = 2000;

export class MemoryUpstream {
  /** The value for UPSTREAM_URL. */
  readonly template = `${HOST}/{channel}/{board}/{version}/{file}`;
  readonly #tenant = new Tenant();

  constructor(
    private readonly timer: Platform['timer'],
    /** Of every file. */
    private readonly modified: Date,
  ) {}

  url = (path: string): string => `${HOST}/${path}`;

  put(path: string, bytes: Buffer): void {
    this.#tenant.put(path, bytes, this.modified);
  }

  /** Another byte at `offset`; once more, and it is the old one. */
  flip(path: string, offset: number): void {
    const bytes = Buffer.from(this.#tenant.files.get(path)?.bytes ?? []);
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
    this.put(path, bytes);
  }

  /** The number that an alias (`channel/board/alias`) leads to. */
  alias(path: string, version: string): void {
    this.#tenant.aliases.set(path, version);
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const [channel = '', board = '', version = '', file = ''] = pathname.slice(1).split('/');
    const target = this.#tenant.aliases.get(`${channel}/${board}/${version}`);
    if (target !== undefined)
      return new Response(null, { status: 302, headers: { location: `/${channel}/${board}/${target}/${file}` } });
    const stored = this.#tenant.files.get(pathname.slice(1));
    return stored === undefined ? new Response('<p>404</p>', { status: 404 }) : this.#deliver(request, stored);
  };

  #deliver(request: Request, { bytes, etag, modified }: StoredFile): Response {
    const ifRange = request.headers.get('if-range');
    const asked = ifRange === null || ifRange === etag ? request.headers.get('range') : null;
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(asked ?? '') ?? [];
    const start = Number(from);
    const end = to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
    const headers: Record<string, string> = {
      etag,
      'last-modified': modified.toUTCString(),
      'accept-ranges': 'bytes',
      'content-length': String(end - start + 1),
      ...(asked === null ? {} : { 'content-range': `bytes ${start}-${end}/${bytes.length}` }),
    };
    if (start > end)
      return new Response(null, { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } });
    const body = request.method === 'HEAD' ? null : this.#body(bytes.subarray(start, end + 1));
    return new Response(body, { status: asked === null ? 200 : 206, headers });
  }

  #body(bytes: Uint8Array): ReadableStream<Uint8Array> {
    let offset = 0;
    return new ReadableStream({
      type: 'bytes',
      pull: async (controller) => {
        if (offset > 0 && offset < bytes.length) await this.timer(PAUSE_MS).elapsed;
        const chunk = new Uint8Array(bytes.subarray(offset, offset + CHUNK_BYTES));
        offset += chunk.length;
        if (chunk.length > 0) controller.enqueue(chunk);
        if (offset < bytes.length) return;
        controller.close();
        // A reader that asked for more than there is has to be told that this is all.
        controller.byobRequest?.respond(0);
      },
    });
  }
}
